/** An hour read back from segments that are there twice. Damage: `pipeline/let-go.test.ts`; segments themselves: `segment.test.ts`. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { Recorder, type RecorderOptions } from '../../../src/hour/recorder.ts';
import { batchAt, descriptor, START_MS, STATION } from './hour-samples.ts';

function optionsOf(): RecorderOptions {
  return { station: STATION, stationName: 'Ridge', hourMs: 3_600_000, newOpenId: () => new Uint8Array(16) };
}

function seconds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i * 1000);
}

describe('a replay', () => {
  it('counts a segment that was written twice once', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    const segments: Bytes[] = [];
    for (let i = 0; i < 3; i++) {
      recorder.batch(a, batchAt(seconds(START_MS + i * 2000, 2)));
      segments.push(recorder.takeSegment()?.bytes as Bytes);
    }
    const [first, second, third] = segments as [Bytes, Bytes, Bytes];
    const resumed = Recorder.resume(optionsOf(), new Uint8Array(16), [first, second, second, third]);
    expect([resumed.damaged, resumed.lostRows, resumed.recorder.openRows(0)]).toEqual([0, 0, 6]);
  });
});
