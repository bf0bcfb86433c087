/**
 * A set of feed positions kept as sorted runs, "10–5000 without 77", so that telling what one holds costs bytes per gap
 * and not per blob.
 *
 * Invariant: runs are sorted, do not touch and do not overlap, so a set has exactly one form. In the flat encoding each run
 * is two numbers, the gap before it and its length less one, both counted so that 0 is the smallest value that keeps the runs
 * apart: every list of non-negative integers of even length is therefore the canonical form of some set.
 */
import { WaystationError } from '../core/errors.ts';

/** Largest number of integers in an encoded set (two per run): 8,192 gaps, at most 72 KiB of CBOR. */
export const MAX_ENCODED_RUN_NUMBERS = 16_384;

/** Positions from `first` to `last`, both included. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

export class RunSet {
  /** [first, last, first, last, …], ascending, with at least one position missing between runs. */
  #edges: number[] = [];
  #size = 0;

  static of(...positions: readonly number[]): RunSet {
    const set = new RunSet();
    for (const position of positions) set.add(position);
    return set;
  }

  /** Number of positions. */
  get size(): number {
    return this.#size;
  }

  get runCount(): number {
    return this.#edges.length / 2;
  }

  has(position: number): boolean {
    const run = this.#firstEndingAtOrAfter(position);
    return run < this.#edges.length && (this.#edges[run] as number) <= position;
  }

  /** @throws RangeError unless 0 ≤ position < 2^53 − 1. */
  add(position: number): void {
    this.addRange(position, position);
  }

  /** Adds `first` to `last`, both included. @throws RangeError unless 0 ≤ first ≤ last < 2^53 − 1. */
  addRange(first: number, last: number): void {
    checkRange(first, last);
    const edges = this.#edges;
    const end = edges.length;
    if (end === 0 || first > (edges[end - 1] as number) + 1) {
      edges.push(first, last);
      this.#size += last - first + 1;
      return;
    }
    // Everything from the first run that touches the new one to the last that does becomes one run.
    const from = this.#firstEndingAtOrAfter(first - 1);
    let to = from;
    let low = first;
    let high = last;
    let swallowed = 0;
    while (to < end && (edges[to] as number) <= last + 1) {
      const runFirst = edges[to] as number;
      const runLast = edges[to + 1] as number;
      low = Math.min(low, runFirst);
      high = Math.max(high, runLast);
      swallowed += runLast - runFirst + 1;
      to += 2;
    }
    edges.splice(from, to - from, low, high);
    this.#size += high - low + 1 - swallowed;
  }

  remove(position: number): void {
    checkRange(position, position);
    const run = this.#firstEndingAtOrAfter(position);
    const first = this.#edges[run];
    const last = this.#edges[run + 1];
    if (first === undefined || last === undefined || first > position) return;
    const rest: number[] = [];
    if (first < position) rest.push(first, position - 1);
    if (position < last) rest.push(position + 1, last);
    this.#edges.splice(run, 2, ...rest);
    this.#size--;
  }

  /** The runs in ascending order. */
  *runs(): IterableIterator<Run> {
    for (let i = 0; i < this.#edges.length; i += 2) {
      yield { first: this.#edges[i] as number, last: this.#edges[i + 1] as number };
    }
  }

  /** The runs of positions from `first` to `last` (included) that are not in the set. @throws RangeError. */
  missingIn(first: number, last: number): Run[] {
    checkRange(first, last);
    const missing: Run[] = [];
    let next = first;
    for (let i = this.#firstEndingAtOrAfter(first); i < this.#edges.length && next <= last; i += 2) {
      const runFirst = this.#edges[i] as number;
      if (runFirst > last) break;
      if (next < runFirst) missing.push({ first: next, last: runFirst - 1 });
      next = (this.#edges[i + 1] as number) + 1;
    }
    if (next <= last) missing.push({ first: next, last });
    return missing;
  }

  /** True when everything in `other` is in this set. */
  covers(other: RunSet): boolean {
    if (other.#size > this.#size) return false;
    for (let i = 0; i < other.#edges.length; i += 2) {
      const first = other.#edges[i] as number;
      const run = this.#firstEndingAtOrAfter(first);
      const holds = (this.#edges[run] ?? Number.POSITIVE_INFINITY) <= first;
      if (!holds || (this.#edges[run + 1] as number) < (other.#edges[i + 1] as number)) return false;
    }
    return true;
  }

  equals(other: RunSet): boolean {
    return (
      this.#edges.length === other.#edges.length && this.#edges.every((edge, i) => edge === other.#edges[i])
    );
  }

  /**
   * The flat form, two numbers per run. With more runs than `maxNumbers` allows, the *highest* runs are told and the others
   * left out: to claim less than one holds costs a transfer, to claim more breaks a promise.
   */
  encode(maxNumbers: number = MAX_ENCODED_RUN_NUMBERS): number[] {
    const numbers: number[] = [];
    let next = 0;
    const start = Math.max(0, this.#edges.length - 2 * Math.floor(maxNumbers / 2));
    for (let i = start; i < this.#edges.length; i += 2) {
      const first = this.#edges[i] as number;
      const last = this.#edges[i + 1] as number;
      numbers.push(first - next, last - first);
      next = last + 2;
    }
    return numbers;
  }

  /**
   * Reads {@link encode}. @throws WaystationError `limit` beyond `maxNumbers` integers, `malformed` on an odd count, on what
   * is not a non-negative integer, and on positions of 2^53 − 1 or more.
   */
  static decode(numbers: readonly unknown[], maxNumbers: number = MAX_ENCODED_RUN_NUMBERS): RunSet {
    if (numbers.length > maxNumbers) {
      throw new WaystationError(
        'limit',
        `expected at most ${maxNumbers} numbers of runs, got ${numbers.length}`,
      );
    }
    if (numbers.length % 2 !== 0) {
      throw new WaystationError('malformed', `expected two numbers per run, got ${numbers.length} in all`);
    }
    const set = new RunSet();
    let next = 0;
    for (let i = 0; i < numbers.length; i += 2) {
      const first = next + readNatural(numbers[i]);
      const last = first + readNatural(numbers[i + 1]);
      if (last >= Number.MAX_SAFE_INTEGER) {
        throw new WaystationError('malformed', 'expected positions below 2^53 − 1 in a list of runs');
      }
      set.#edges.push(first, last);
      set.#size += last - first + 1;
      next = last + 2;
    }
    return set;
  }

  /** Index in `#edges` of the first run that ends at or after `position`. */
  #firstEndingAtOrAfter(position: number): number {
    let low = 0;
    let high = this.#edges.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#edges[2 * middle + 1] as number) < position) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}

function readNatural(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new WaystationError('malformed', 'expected non-negative integers in a list of runs');
  }
  return value;
}

function checkRange(first: number, last: number): void {
  const fine = Number.isSafeInteger(first) && Number.isSafeInteger(last);
  if (!fine || first < 0 || last < first || last >= Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`expected positions 0 ≤ first ≤ last < 2^53 − 1, got ${first} to ${last}`);
  }
}
