/** `sync`: meets members and fetches what is missing; with `--until-complete` says by its exit code whether all of it is here. */
import { WaystationError } from '../../core/errors.ts';
import { nodeIdText, type SpaceId } from '../../core/ids.ts';
import { type PickupState, pickup } from '../../station/pickup.ts';
import { parseDuration } from '../arguments.ts';
import { formatBytes } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';
import { type RunningOptions, refusalText, startRunning, untilServed, untilStopped } from './running.ts';

export interface SyncOptions extends RunningOptions {
  readonly untilComplete?: boolean;
  readonly timeout: string;
}

const PROGRESS_MS = 1_000;

function describe(state: PickupState): string {
  const { held, missing, bytes } = state.blobs;
  const all = `${held} of ${held + missing} hours and pictures held (${formatBytes(bytes)})`;
  return state.complete ? `${all}, complete` : `${all}, ${state.entriesMissing} entries to come`;
}

export async function sync(
  options: SyncOptions,
  spaceId: SpaceId | undefined,
  around: Surroundings,
): Promise<void> {
  const timeoutMs = parseDuration(options.timeout, '--timeout');
  const running = await startRunning(options, around);
  const { node, output, stopped } = running;
  try {
    const space = node.space(spaceId);
    const state = () => pickup(space);
    running.connect();
    // As soon as it is complete: who was reached may be gone a second later.
    let whenComplete: PickupState | undefined;
    let anybody = false;
    let refusal: string | undefined;
    const complete = new Promise<void>((resolve) => {
      node.onNotice((notice) => {
        if (notice.kind === 'compared' && notice.space === space.id) anybody = true;
        if (notice.kind === 'refused-by-peer' && notice.space === space.id)
          refusal = refusalText(notice.code);
        if (options.untilComplete !== true || whenComplete !== undefined) return;
        const now = state();
        if (!now.complete) return;
        whenComplete = now;
        resolve();
      });
    });
    let said = '';
    const progress = setInterval(() => {
      const now = state();
      const text = describe(now);
      if (output.json) output.result({ progress: now }, '');
      else if (text !== said) output.say(text);
      said = text;
    }, PROGRESS_MS);
    await untilStopped(stopped, timeoutMs, complete);
    await untilServed(node, stopped);
    clearInterval(progress);
    await space.settled();
    const end = whenComplete ?? state();
    const document = {
      space: space.id,
      complete: end.complete,
      reached: end.reached.map((id) => nodeIdText(id)),
      held: end.blobs.held,
      missing: end.blobs.missing,
      bytes: end.blobs.bytes,
      entriesMissing: end.entriesMissing,
      missingFrom: end.missingFrom,
    };
    output.result(document, describe(end));
    if (!anybody && refusal !== undefined)
      throw new WaystationError('not-a-member', `no member let this node in: ${refusal}`);
    if (!anybody && !stopped.aborted) {
      const what = `no member was reached in ${options.timeout}: check the hosts, and that somebody is there`;
      throw new WaystationError('timeout', what);
    }
    if (options.untilComplete === true && !end.complete) {
      const when = stopped.aborted
        ? 'stopped before everything arrived'
        : `not everything arrived in ${options.timeout}`;
      throw new WaystationError('incomplete', `${when}: ${describe(end)}`);
    }
  } finally {
    await running.close();
  }
}
