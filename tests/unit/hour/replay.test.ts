/** An hour read back from its segments: those of another version, and those that are there twice. Damage: `pipeline/let-go.test.ts`. */
import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes } from '../../../src/core/bytes.ts';
import { decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { crc32 } from '../../../src/core/crc32.ts';
import { Recorder, type RecorderOptions } from '../../../src/hour/recorder.ts';
import { batchAt, descriptor, START_MS, STATION } from './hour-samples.ts';

const LIVE = { askedRateHz: 1 } as const;

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

  it('reads segments of versions that did not say which rows they have', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    const segments: Bytes[] = [];
    for (let i = 0; i < 2; i++) {
      recorder.batch(a, batchAt(seconds(START_MS + i * 2000, 2)));
      const { bytes } = recorder.takeSegment() as { bytes: Bytes };
      const body = decodeCbor(bytes.subarray(4), 2 ** 20) as unknown[];
      const rows = (body[5] as unknown[][]).map(([stream, , ...rest]) => [stream, ...rest]);
      const old = encodeCbor([1, ...body.slice(1, 5), rows, ...body.slice(6)] as Parameters<
        typeof encodeCbor
      >[0]);
      const crc = new Uint8Array(4);
      new DataView(crc.buffer).setUint32(0, crc32(old));
      segments.push(concatBytes(crc, old));
    }
    const resumed = Recorder.resume(optionsOf(), new Uint8Array(16), segments);
    expect([resumed.damaged, resumed.recorder.openRows(0)]).toEqual([0, 4]);
    expect(resumed.recorder.openTally(0)).toEqual(recorder.openTally(0));
  });
});
