/** `station`: records on this machine, for now from a recording that is replayed. */
import { basename } from 'node:path';
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { nodeIdText, type SpaceId } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import type { Profile, StreamDescriptor } from '../../hour/types.ts';
import { mayAuthorKind } from '../../identity/roles.ts';
import { openReplayFile } from '../../sensors/replay-file.node.ts';
import { Recording } from '../../station/recording.ts';
import type { Space } from '../../station/space.ts';
import { parseDuration } from '../arguments.ts';
import { encodeInTurns, SYSTEM_CLOCK } from '../open-node.ts';
import { escapeControls, type Output } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';
import { sayOwnName } from './own-name.ts';
import { type RunIn, type RunningOptions, startRunning, untilServed, untilStopped } from './running.ts';

export interface StationOptions extends RunningOptions {
  readonly name: string;
  readonly replay?: string;
  readonly speed: number;
  readonly profile?: Profile;
  readonly hour: string;
  readonly for?: string;
}

/** The shortest hour: below a second sealing would cost more than recording. */
const MIN_HOUR_MS = 1_000;

export async function station(
  options: StationOptions,
  spaceId: SpaceId | undefined,
  around: Surroundings,
  runIn: RunIn,
): Promise<void> {
  const hourMs = parseDuration(options.hour, '--hour');
  if (hourMs < MIN_HOUR_MS) throw new WaystationError('usage', '--hour is at least 1s');
  const forMs = options.for === undefined ? undefined : parseDuration(options.for, '--for');
  const running = await startRunning(options, around);
  const { node, output, stopped } = running;
  try {
    await running.answer(runIn);
    const space = node.space(spaceId);
    refuseWithoutRight(space);
    const onTrouble = (message: string) => output.say(`trouble while recording: ${message}`);
    const recording = await Recording.open({
      space,
      name: options.name,
      hourMs,
      encode: encodeInTurns,
      onTrouble,
    });
    node.onNotice((notice) => {
      if (notice.kind !== 'entries' || notice.space !== space.id) return;
      const isOwnHour = notice.entries.some(
        ({ header }) => header.author === space.self && header.kind === KIND.hour,
      );
      const took = async () => {
        await space.settled();
        if (isOwnHour) {
          const hours = sealedHours(space, recording);
          const blobs = space.replica.blobCounts();
          output.event({ event: 'sealed', hours, blobs }, `An hour was sealed, ${hours} in all.`);
        }
        await recording.admitted();
        await sayOwnName(space, () => options.name, false);
      };
      took().catch((error: unknown) => onTrouble(errorMessage(error)));
    });
    output.event(
      {
        event: 'recording',
        station: recording.station,
        name: options.name,
        space: space.id,
        node: nodeIdText(node.id),
      },
      `Station “${options.name}” in ${escapeControls(space.catalog.spaceName ?? space.id)}.`,
    );
    await sayOwnName(space, () => options.name, false);
    running.connect();
    const ended =
      options.replay === undefined ? undefined : replay(options.replay, options, recording, output);
    if (options.replay === undefined)
      output.say('No sensor is attached to this machine; serving what it holds.');
    let trouble: unknown;
    // A replay that ends leaves the station serving; one that fails ends it.
    const failed = new Promise<void>((resolve) => {
      ended?.catch((error: unknown) => {
        trouble = error;
        resolve();
      });
    });
    await untilStopped(stopped, forMs, failed);
    await recording.stop();
    if (trouble !== undefined && !stopped.aborted) throw trouble;
    await space.settled();
    // The last hour was sealed just now, and whoever is linked shall have it.
    if (node.peers().length > 0) await untilServed(node, stopped, node.ports.clock.monotonicMs());
    const hours = sealedHours(space, recording);
    const { waitingHours } = recording.writer;
    output.result(
      {
        station: recording.station,
        name: options.name,
        space: space.id,
        sealed: hours,
        waiting: waitingHours,
      },
      `${hours} hours sealed${waitingHours > 0 ? `, ${waitingHours} wait until ${waitsFor(space)}` : ''}`,
    );
  } finally {
    await running.close();
  }
}

/** What must come before hours that are recorded can be sealed. */
function waitsFor(space: Space): string {
  return space.isAdmitted
    ? 'this station runs again, with enough room on the disk'
    : 'a member lets this node in';
}

function sealedHours(space: Space, { station }: Recording): number {
  return space.catalog.station(space.self, station)?.hours.length ?? 0;
}

/** @throws WaystationError `forbidden` when what this node would record could not count. */
function refuseWithoutRight({ replica, self, invitedRole }: Space): void {
  const member = replica.membership.member(self);
  if (member !== undefined && member.status !== 'active') {
    throw new WaystationError(
      'forbidden',
      `this node is ${member.status} in this space, so it cannot record there: ask for a new invite`,
    );
  }
  const role = member?.role ?? invitedRole;
  if (role !== null && !mayAuthorKind(role, KIND.hour)) {
    throw new WaystationError(
      'forbidden',
      `this node is ${role} here and cannot record: ask an admin for an invite as member`,
    );
  }
}

/** Plays the file from where an earlier run of this station left off. */
async function replay(
  path: string,
  { speed, profile = 'small' }: StationOptions,
  recording: Recording,
  { say, event }: Output,
): Promise<void> {
  let played: StreamDescriptor | undefined;
  const recorded = (stream: StreamDescriptor) => {
    played = stream;
    const before = recording.recordedRows(stream.name, stream.device);
    if (before.rows > 0)
      say(`${before.rows} rows of ${basename(path)} are recorded already: going on after them`);
    return before;
  };
  const driver = openReplayFile(path, { clock: SYSTEM_CLOCK, speed, profile, recorded });
  await recording.run(driver);
  await recording.endReplay();
  event(
    {
      event: 'replay-ended',
      file: basename(path),
      rows: played === undefined ? 0 : recording.recordedRows(played.name, played.device).rows,
    },
    `The replay of ${basename(path)} has ended; serving what this station holds.`,
  );
}
