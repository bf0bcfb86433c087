/**
 * One block of one stream in the fast profile: its times and columns in plain bits, one after the other. For microcontrollers and weak
 * phones: integers, no state beyond a mini-block, and a decoder of a page of C (`examples/esp32`).
 */
import type { Step } from '../../types.ts';
import type { CodedBlock, DecodedBlock } from '../coded-block.ts';
import { corrupt } from '../corrupt.ts';
import { BitReader, BitWriter } from './bits.ts';
import { type FastColumn, readFastColumn, readFastTimes, writeFastColumn, writeFastTimes } from './column.ts';

/** As `encodeBlock` of the small profile. */
export function encodeFastBlock(
  ticks: Float64Array,
  columns: readonly Float64Array[],
  declared: readonly (Step | null)[],
): CodedBlock {
  const bits = new BitWriter();
  writeFastTimes(bits, ticks);
  const steps = columns.map((values, i) => writeFastColumn(bits, values, declared[i] ?? null));
  return { bytes: bits.finish(), steps };
}

/**
 * Times and the first `wanted` columns.
 * @throws WaystationError `corrupt`.
 */
export function decodeFastBlock(
  bytes: Uint8Array,
  rows: number,
  steps: readonly (Step | null)[],
  wanted: number,
): DecodedBlock {
  const bits = new BitReader(bytes);
  const times = readFastTimes(bits, rows);
  const columns: FastColumn[] = [];
  for (const step of steps.slice(0, wanted)) columns.push(readFastColumn(bits, rows, step));
  if (wanted >= steps.length && !bits.isSpent) throw corrupt('something follows its last column');
  return {
    ticks: times.values,
    columns: columns.map(({ values }) => values),
    extents: [times, ...columns].map(({ extent }) => extent),
  };
}
