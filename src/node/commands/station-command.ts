/** `station`: records on this machine, for now from a recording that is replayed. */
import { basename } from 'node:path';
import { WaystationError } from '../../core/errors.ts';
import type { SpaceId } from '../../core/ids.ts';
import { encodeHour } from '../../hour/container.ts';
import { openReplayFile } from '../../sensors/replay-file.node.ts';
import { Recording } from '../../station/recording.ts';
import { parseDuration } from '../arguments.ts';
import { SYSTEM_CLOCK } from '../open-node.ts';
import type { Surroundings } from '../surroundings.ts';
import { startRunning, untilStopped, type RunIn, type RunningOptions } from './running.ts';

export interface StationOptions extends RunningOptions {
  readonly name: string;
  readonly replay?: string;
  readonly speed: number;
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
  const running = await startRunning(options, around, runIn);
  const { node, output, stopped } = running;
  try {
    const space = node.space(spaceId);
    const recording = await Recording.open({
      space,
      name: options.name,
      hourMs,
      encode: encodeHour,
      onTrouble: (message) => output.say(`trouble while recording: ${message}`),
    });
    node.onNotice((notice) => {
      if (notice.kind !== 'entries' || notice.space !== space.id) return;
      void space.settled().then(() => recording.admitted());
    });
    running.connect();
    output.say(`Station “${options.name}” in ${space.catalog.spaceName ?? space.id}.`);
    const ended = options.replay === undefined ? undefined : replay(options.replay, options.speed, recording, output.say);
    if (options.replay === undefined) output.say('No sensor is attached to this machine; serving what it holds.');
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
    const hours = space.catalog.stations.get(recording.station)?.hours.length ?? 0;
    const { waitingHours } = recording.writer;
    output.result(
      { station: recording.station, name: options.name, space: space.id, sealed: hours, waiting: waitingHours },
      `${hours} hours sealed${waitingHours > 0 ? `, ${waitingHours} wait until this node is let in` : ''}`,
    );
  } finally {
    await running.close();
  }
}

/** Plays the file from where an earlier run of this station left off. */
async function replay(path: string, speed: number, recording: Recording, say: (text: string) => void): Promise<void> {
  const name = basename(path).replace(/(\.csv)?(\.gz)?$/i, '');
  const { rows, firstMs } = recording.recordedRows(name, basename(path));
  if (rows > 0) say(`${rows} rows of ${basename(path)} are recorded already: going on after them`);
  const driver = openReplayFile(path, { clock: SYSTEM_CLOCK, speed, skipRows: rows, firstMs });
  await recording.run(driver);
  await recording.endReplay();
  say(`The replay of ${basename(path)} has ended; serving what this station holds.`);
}
