/**
 * Blobs that this node need not hold any more, because what is in them was copied to where no other node can ask for it (a folder or disk
 * of the person's). Such a blob is not held, and nobody is told that it is; but it is not missing either, and not wanted.
 *
 * Invariant: a position counts as put away exactly while all that it lacks of its blobs is put away.
 */
import { RunSet } from '../blob/runs.ts';
import type { FeedKey } from '../feed/feed-index.ts';

export class PutAway {
  readonly #marked: Set<string>;
  /** Of each position the blobs that are marked and not held: how many. */
  readonly #absentAt = new Map<FeedKey, Map<number, number>>();
  readonly #positions = new Map<FeedKey, RunSet>();

  /** @param marked keys of blobs that need not be held; whether they are is said of each naming by {@link note}. */
  constructor(marked: ReadonlySet<string>) {
    this.#marked = new Set(marked);
  }

  has(key: string): boolean {
    return this.#marked.has(key);
  }

  mark(key: string): void {
    this.#marked.add(key);
  }

  unmark(key: string): void {
    this.#marked.delete(key);
  }

  /** One marked blob more (or fewer) is not held at this position. */
  note(feed: FeedKey, seq: number, change: 1 | -1): void {
    let absent = this.#absentAt.get(feed);
    if (absent === undefined) {
      absent = new Map();
      this.#absentAt.set(feed, absent);
    }
    const count = (absent.get(seq) ?? 0) + change;
    if (count > 0) absent.set(seq, count);
    else absent.delete(seq);
  }

  /** @param lacking what the position lacks in all. */
  weigh(feed: FeedKey, seq: number, lacking: number): void {
    const absent = this.#absentAt.get(feed)?.get(seq) ?? 0;
    if (absent > 0 && absent === lacking) {
      const runs = this.#positions.get(feed) ?? new RunSet();
      this.#positions.set(feed, runs);
      runs.add(seq);
    } else this.#positions.get(feed)?.remove(seq);
  }

  /** Positions of a feed that lack only what is put away. */
  positions(feed: FeedKey): RunSet | undefined {
    return this.#positions.get(feed);
  }
}
