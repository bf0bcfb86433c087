/**
 * The index of a block as it stands in an hour's description: `[rows, tick, bytes, CRC-32, first, last, [column, …]]`, a column
 * `[count, min, max, sum]` or `[count, min, max, sum, step]`. Values that lie on a grid are told as their numbers on it (short, and exact); the
 * grid is the stream's own step for the column, or the fifth item: a step, or null for none. What a grid does not give back exactly (a
 * value given apart may be the least or greatest) is told as it is, in a list of one.
 */
import * as v from 'valibot';
import type { CborValue } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import { isOn, numberOn } from './lattice.ts';
import { MAX_BLOCK_ROWS } from './limits.ts';
import type { ColumnDescriptor, Profile, Step, StreamDescriptor, TickNs } from './types.ts';

/** What the index tells of one column of one block. */
export interface ColumnIndex {
  /** The grid of its values (value = k × numerator ÷ denominator), null when they lie on none. */
  readonly step: Step | null;
  /** How many of its values are finite; their least, greatest and sum, null when there is none (or the sum is beyond float64). */
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number | null;
}

export interface BlockIndex {
  /** How its bytes are coded: the stream's descriptor says so for all of its blocks. */
  readonly profile: Profile;
  readonly rows: number;
  /** Nanoseconds per tick of this block's times. */
  readonly tickNs: TickNs;
  /** From the start of the blocks. */
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  /** Earliest and latest time, in ticks from the slot's start. */
  readonly firstTick: number;
  readonly lastTick: number;
  readonly columns: readonly ColumnIndex[];
}

const uint = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.finite(), v.minValue(Number.MIN_VALUE));
const statistic = v.nullable(v.union([v.number(), v.strictTuple([v.number()])]));
type Told = v.InferOutput<typeof statistic>;
export const tickSchema = v.picklist([1_000_000_000, 1_000_000, 1_000, 1]);
export const stepSchema = v.strictTuple([positive, positive]);
const columnSchema = v.union([
  v.strictTuple([uint, statistic, statistic, statistic]),
  v.strictTuple([uint, statistic, statistic, statistic, v.nullable(stepSchema)]),
]);
export const blockSchema = v.strictTuple([
  v.pipe(uint, v.minValue(1), v.maxValue(MAX_BLOCK_ROWS)),
  tickSchema,
  uint,
  uint,
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(v.number(), v.safeInteger()),
  v.array(columnSchema),
]);

export function stepToWire(step: Step): CborValue {
  return [step.numerator, step.denominator];
}

export function stepFrom([numerator, denominator]: readonly [number, number]): Step {
  return { numerator, denominator };
}

export function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `the description of this hour is not as expected: ${what}`);
}

function isSameStep(a: Step | null, b: Step | null): boolean {
  return a?.numerator === b?.numerator && a?.denominator === b?.denominator;
}

export function blockToWire(block: BlockIndex, columns: readonly ColumnDescriptor[]): CborValue {
  return [
    block.rows,
    block.tickNs,
    block.length,
    block.crc,
    block.firstTick,
    block.lastTick,
    block.columns.map((column, i): CborValue => {
      const { step, count } = column;
      const told = [column.min, column.max, column.sum].map((value) => toTold(value, step));
      return isSameStep(step, columns[i]?.step ?? null)
        ? [count, ...told]
        : [count, ...told, step === null ? null : stepToWire(step)];
    }),
  ];
}

/** A value's number on the grid, or the value in a list where it lies on none of its points; itself where there is no grid. */
function toTold(value: number | null, step: Step | null): Told {
  if (value === null || step === null) return value;
  return isOn(step, value) ? numberOn(step, value) : [value];
}

function fromTold(told: Told, step: Step | null): number | null {
  if (told === null) return null;
  if (typeof told !== 'number') return told[0];
  return step === null ? told : (told * step.numerator) / step.denominator;
}

/** @throws WaystationError `malformed`. */
export function blockFrom(
  wire: v.InferOutput<typeof blockSchema>,
  { columns, profile = 'small' }: Pick<StreamDescriptor, 'columns' | 'profile'>,
  offset: number,
): BlockIndex {
  const [rows, tickNs, length, crc, firstTick, lastTick, wireColumns] = wire;
  if (wireColumns.length !== columns.length) throw malformed('a block does not have its columns');
  if (firstTick > lastTick) throw malformed('a block ends before it begins');
  return {
    profile,
    rows,
    tickNs,
    offset,
    length,
    crc,
    firstTick,
    lastTick,
    columns: wireColumns.map((column, i): ColumnIndex => {
      const [count, min, max, sum, own] = column;
      if (count > rows) throw malformed('a block has more values than rows');
      if ((count === 0) !== (min === null) || (count === 0) !== (max === null))
        throw malformed('a column tells an extent without values, or values without an extent');
      const declared = columns[i]?.step ?? null;
      const step = own === undefined ? declared : own === null ? null : stepFrom(own);
      return {
        step,
        count,
        min: fromTold(min, step),
        max: fromTold(max, step),
        sum: fromTold(sum, step),
      };
    }),
  };
}
