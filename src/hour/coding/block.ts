/**
 * One block of one stream: its times and columns in one run of adaptive bits, column after column, so that each learns from those
 * before it. A reader stops behind the last column that it wants.
 */
import type { Step } from '../types.ts';
import { AdaptiveBits } from './adaptive-bits.ts';
import type { BlockCodec, CodedBlock, DecodedBlock } from './coded-block.ts';
import {
  COLUMN_COUNTERS,
  COLUMN_WEIGHTS,
  type ColumnTrace,
  readColumn,
  writeColumn,
} from './column-coder.ts';
import { corrupt } from './corrupt.ts';
import { presentOf } from './presence.ts';
import { type GridForm, planValues } from './value-forms.ts';

const TICK: Step = { numerator: 1, denominator: 1 };

/** As {@link BlockCodec} says. */
export function encodeBlock(
  ticks: Float64Array,
  columns: readonly Float64Array[],
  declared: readonly (Step | null)[],
): CodedBlock {
  const bits = AdaptiveBits.write(COLUMN_COUNTERS, COLUMN_WEIGHTS);
  const times: GridForm = { form: 'grid', step: TICK, ks: ticks, hasNegativeZeros: false, exceptions: [] };
  writeColumn(bits, ticks, null, times, [], true);
  const traces: ColumnTrace[] = [];
  const steps = columns.map((values, i) => {
    const { present, presence } = presentOf(values);
    const form = present.length === 0 ? null : planValues(present, declared[i] ?? null);
    traces.push(writeColumn(bits, present, presence, form, traces, false));
    return form?.form === 'grid' ? form.step : null;
  });
  return { bytes: bits.finish(), steps };
}

/** As {@link BlockCodec} says. */
export function decodeBlock(
  bytes: Uint8Array,
  rows: number,
  steps: readonly (Step | null)[],
  wanted: number,
): DecodedBlock {
  const bits = AdaptiveBits.read(bytes, COLUMN_COUNTERS, COLUMN_WEIGHTS);
  const { values: ticks, extent } = readColumn(bits, rows, TICK, []);
  const traces: ColumnTrace[] = [];
  const columns: Float64Array<ArrayBuffer>[] = [];
  const extents = [extent];
  for (const step of steps.slice(0, wanted)) {
    const { values, trace, extent: own } = readColumn(bits, rows, step, traces);
    columns.push(values);
    traces.push(trace);
    extents.push(own);
  }
  if (bits.isDamaged) throw corrupt();
  if (wanted >= steps.length && !bits.isSpent) throw corrupt('something follows its last column');
  return { ticks, columns, extents };
}
