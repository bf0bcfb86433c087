/** A recording whose one sensor the test reads out, and what members read of it in the end. */
import type { NodeId } from '../../../src/core/ids.ts';
import { readHour } from '../../../src/station/export.ts';
import { Recording, type RecordingOptions } from '../../../src/station/recording.ts';
import type { Space } from '../../../src/station/space.ts';
import { TestSensor } from '../pipeline/test-sensor.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';

/** Shorter than any test, longer than a second. */
export const HOUR_MS = 10_000;

export async function startRecording(
  space: Space,
  over: Partial<RecordingOptions> = {},
): Promise<{ recording: Recording; sensor: TestSensor; troubles: string[] }> {
  const troubles: string[] = [];
  const recording = await Recording.open({
    space,
    name: 'Ridge',
    hourMs: HOUR_MS,
    encode: encodeAtOnce,
    onTrouble: (message) => troubles.push(message),
    ...over,
  });
  const sensor = new TestSensor();
  recording.run(sensor).catch(() => undefined);
  return { recording, sensor, troubles };
}

/** How many hours of `author` are known in the space, all stations together. */
export function hoursOf(space: Space, author: NodeId): number {
  return [...space.catalog.stations.values()]
    .filter((station) => station.author === author)
    .reduce((sum, { hours }) => sum + hours.length, 0);
}

/** The readings of all hours of `author`, opened as anybody in the space opens them. */
export async function readingsOf(space: Space, author: NodeId): Promise<number[]> {
  await space.settled();
  const values: number[] = [];
  for (const station of space.catalog.stations.values()) {
    if (station.author !== author) continue;
    for (const hour of station.hours) {
      const { streams } = await readHour(space, hour);
      values.push(...streams.flatMap(({ rows }) => [...(rows.columns[0] ?? [])]));
    }
  }
  return values.sort((a, b) => a - b);
}
