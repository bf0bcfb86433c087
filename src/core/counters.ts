/**
 * Counts by reason: what was dropped, refused or cut off, and why. Reasons are fixed strings of our own code, never
 * text from a peer, so the table cannot be made to grow.
 */
export class Counters {
  readonly #counts = new Map<string, number>();

  /** Adds `by` to the count of `reason`. */
  count(reason: string, by = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + by);
  }

  /** The count of `reason`, 0 when it never happened. */
  get(reason: string): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** A copy of all counts, in the order of first occurrence. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
