/** `sync`: meets members and fetches what is missing; with `--until-complete` says by its exit code whether all of it is here. */
import { WaystationError } from '../../core/errors.ts';
import { nodeIdText, type SpaceId } from '../../core/ids.ts';
import type { WaystationNode } from '../../station/node.ts';
import { type PickupState, pickup } from '../../station/pickup.ts';
import { parseDuration } from '../arguments.ts';
import { formatBytes } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';
import { type RunningOptions, startRunning, untilStopped } from './running.ts';

export interface SyncOptions extends RunningOptions {
  readonly untilComplete?: boolean;
  readonly timeout: string;
}

const PROGRESS_MS = 1_000;

function describe(state: PickupState): string {
  const { held, missing, bytes } = state.blobs;
  return `${held} of ${held + missing} hours and pictures held (${formatBytes(bytes)}), ${state.entriesMissing} entries to come`;
}

/** Leaving in the middle of what others fetch from us would be rude, and a joiner would not learn that it was let in. */
const SERVED_QUIET_MS = 1_000;
const MAX_LINGER_MS = 15_000;

async function untilServed(node: WaystationNode, stopped: AbortSignal): Promise<void> {
  const { clock } = node.ports;
  const startedMs = clock.monotonicMs();
  for (;;) {
    const now = clock.monotonicMs();
    const lastAskedMs = Math.max(
      0,
      ...[...node.engine.sessions.values()].map((session) => session.lastAskedMs),
    );
    const quietMs = now - lastAskedMs;
    if (stopped.aborted || quietMs >= SERVED_QUIET_MS || now - startedMs > MAX_LINGER_MS) return;
    await untilStopped(stopped, SERVED_QUIET_MS - quietMs);
  }
}

export async function sync(
  options: SyncOptions,
  spaceId: SpaceId | undefined,
  around: Surroundings,
): Promise<void> {
  const timeoutMs = parseDuration(options.timeout, '--timeout');
  const running = await startRunning(options, around, undefined);
  const { node, output, stopped } = running;
  try {
    const space = node.space(spaceId);
    const state = () => pickup(node, space);
    running.connect();
    // As soon as it is complete: who was reached may be gone a second later.
    let whenComplete: PickupState | undefined;
    let anybody = false;
    const complete = new Promise<void>((resolve) => {
      node.onNotice((notice) => {
        if (notice.kind === 'compared' && notice.space === space.id) anybody = true;
        if (options.untilComplete !== true || whenComplete !== undefined) return;
        const now = state();
        if (!now.complete) return;
        whenComplete = now;
        resolve();
      });
    });
    const progress = setInterval(() => {
      const now = state();
      if (output.json) output.result({ progress: now }, '');
      else output.say(describe(now));
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
    if (!anybody && !stopped.aborted) {
      const what = `no member was reached in ${options.timeout}: check the hosts, and that somebody is there`;
      throw new WaystationError('timeout', what);
    }
    if (options.untilComplete === true && !end.complete) {
      throw new WaystationError(
        'incomplete',
        `not everything arrived in ${options.timeout}: ${describe(end)}`,
      );
    }
  } finally {
    await running.close();
  }
}
