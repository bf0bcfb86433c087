/**
 * One block of one stream: its times and columns in one run of adaptive bits, column after column, so that each learns from those
 * before it. A reader stops behind the last column that it wants.
 */
import type { Bytes } from '../../core/bytes.ts';
import type { Step } from '../types.ts';
import { AdaptiveBits } from './adaptive-bits.ts';
import {
  COLUMN_COUNTERS,
  COLUMN_WEIGHTS,
  type ColumnTrace,
  readColumn,
  writeColumn,
} from './column-coder.ts';
import { corrupt } from './corrupt.ts';
import { type GridForm, planValues } from './value-forms.ts';

const TICK: Step = { numerator: 1, denominator: 1 };

export interface CodedBlock {
  readonly bytes: Bytes;
  /** The grid of each column, null where values lie on none or all are missing. */
  readonly steps: readonly (Step | null)[];
}

/**
 * @param ticks times of the rows, whole numbers |t| < 2^53.
 * @param columns as long as `ticks`; NaN is missing.
 * @param declared the step that the stream's descriptor gives each column.
 */
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

/**
 * Times and the first `wanted` columns.
 * @throws WaystationError `corrupt`.
 */
export function decodeBlock(
  bytes: Uint8Array,
  rows: number,
  steps: readonly (Step | null)[],
  wanted: number,
): { ticks: Float64Array<ArrayBuffer>; columns: Float64Array<ArrayBuffer>[] } {
  const bits = AdaptiveBits.read(bytes, COLUMN_COUNTERS, COLUMN_WEIGHTS);
  const { values: ticks } = readColumn(bits, rows, TICK, []);
  const traces: ColumnTrace[] = [];
  const columns: Float64Array<ArrayBuffer>[] = [];
  for (const step of steps.slice(0, wanted)) {
    const { values, trace } = readColumn(bits, rows, step, traces);
    columns.push(values);
    traces.push(trace);
  }
  if (bits.isDamaged) throw corrupt();
  if (wanted >= steps.length && !bits.isSpent) throw corrupt('something follows its last column');
  return { ticks, columns };
}

function presentOf(values: Float64Array): { present: Float64Array; presence: Uint8Array | null } {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i] as number)) count++;
  if (count === values.length) return { present: values, presence: null };
  const present = new Float64Array(count);
  const presence = new Uint8Array(values.length);
  let next = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    present[next++] = value;
    presence[i] = 1;
  }
  return { present, presence };
}
