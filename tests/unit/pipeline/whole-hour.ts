/** Hours that are read in pieces, for tests that look at whole ones, or need one encoded. */
import type { HourContent, ReadingBatch, StreamDescriptor } from '../../../src/hour/types.ts';
import { encodeHere } from '../../../src/pipeline/encode-here.ts';
import { type EncodeHour, giveHour, type HourSource } from '../../../src/pipeline/hour-encoding.ts';

/** Encodes without letting anybody in between. */
export const encodeAtOnce: EncodeHour = encodeHere(async () => undefined);

function joined(arrays: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** Everything that an hour says. */
export async function wholeHour({ startMs, read }: HourSource): Promise<HourContent> {
  const pieces = new Map<number, ReadingBatch[]>();
  const { streams, ...ledger } = await read((number, _, rows) => {
    pieces.set(number, [...(pieces.get(number) ?? []), rows]);
  });
  const rowsOf = (number: number, { columns }: StreamDescriptor): ReadingBatch => {
    const own = pieces.get(number) ?? [];
    return {
      baseMs: startMs,
      offsetsNs: joined(own.map(({ offsetsNs }) => offsetsNs)),
      columns: columns.map((_, i) => joined(own.map((one) => one.columns[i] as Float64Array))),
    };
  };
  return {
    ...ledger,
    streams: streams.map(({ number, descriptor }) => ({ descriptor, rows: rowsOf(number, descriptor) })),
  };
}

/** An hour that is there as a whole, to be read in pieces. */
export function sourceOf(content: HourContent): HourSource {
  return { startMs: content.startMs, cells: 0, read: (take) => giveHour(content, take) };
}
