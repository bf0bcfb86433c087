/** Times of a block: in the stream's own ticks from the slot's start, or in nanoseconds where some time does not fit the tick. */
import { WaystationError } from '../core/errors.ts';
import type { ReadingBatch, TickNs } from './types.ts';

const NS_PER_MS = 1_000_000;

/** Nanoseconds from one moment to another. @param fromMs, toMs whole milliseconds. */
export function shiftNsOf(fromMs: number, toMs: number): number {
  return (toMs - fromMs) * NS_PER_MS;
}

/** @throws RangeError when one of the times of rows [from, to) is no whole nanosecond within 2^53 of the slot's start. */
export function checkTimes(
  { baseMs, offsetsNs }: ReadingBatch,
  startMs: number,
  from: number,
  to: number,
): void {
  const shiftNs = shiftNsOf(startMs, baseMs);
  for (let row = from; row < to; row++) {
    const offset = offsetsNs[row] as number;
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(shiftNs + offset)) {
      throw new RangeError(
        `expected times in whole nanoseconds within 104 days of the slot, got ${baseMs} ms + ${offset} ns`,
      );
    }
  }
}

/**
 * Ticks of rows [from, to), whose times were checked.
 * @param declaredNs the stream's tick.
 */
export function ticksOf(
  { baseMs, offsetsNs }: ReadingBatch,
  startMs: number,
  from: number,
  to: number,
  declaredNs: TickNs,
): { readonly tickNs: TickNs; readonly ticks: Float64Array<ArrayBuffer> } {
  const shiftNs = shiftNsOf(startMs, baseMs);
  const ticks = new Float64Array(to - from);
  let fits = true;
  for (let i = 0; i < ticks.length; i++) {
    const ns = shiftNs + (offsetsNs[from + i] as number);
    ticks[i] = ns;
    fits &&= ns % declaredNs === 0;
  }
  const tickNs: TickNs = fits ? declaredNs : 1;
  // Adding 0 turns −0 into 0, which lies on the lattice.
  for (let i = 0; i < ticks.length; i++) ticks[i] = (ticks[i] as number) / tickNs + 0;
  return { tickNs, ticks };
}

/** Ticks of a block as nanoseconds from the slot's start. @throws WaystationError `corrupt`. */
export function setTimes(ticks: Float64Array, tickNs: TickNs, out: Float64Array, at: number): void {
  for (let i = 0; i < ticks.length; i++) {
    const ns = (ticks[i] as number) * tickNs;
    if (!Number.isSafeInteger(ns))
      throw new WaystationError('corrupt', 'a time of this hour is no whole nanosecond');
    out[at + i] = ns;
  }
}
