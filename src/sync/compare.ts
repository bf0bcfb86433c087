/**
 * Learning what the other side has: fingerprints over ranges of feed heads, answered range by range (see
 * feed/reconcile). Each side asks for itself once the other has opened the space to it, so either may be the one
 * that knows nothing yet. Equal sides learn it in one round trip of under a hundred bytes each way.
 */
import { type Bytes, compareBytes, fromHex, toHex } from '../core/bytes.ts';
import { entryIdFrom, feedIdFrom, idBytes, nodeIdFrom } from '../core/ids.ts';
import type { Head, PurposedHead } from '../feed/entry.ts';
import { HeadSet, LIST_THRESHOLD, type Range, type RangeFingerprint } from '../feed/reconcile.ts';
import { MAX_COMPARED_RANGES, MAX_HEADS_PER_MESSAGE, MAX_PENDING_HEADS, MAX_RANGES } from './limits.ts';
import type { Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

type WireHead = [Bytes, Bytes, number, number, Bytes];
type WireRange = [Bytes | null, Bytes | null, number, Bytes];
type WireAnswer = Message<'compared'>['fields'][2][number];

export function headToWire(head: Head, purpose: number): WireHead {
  return [idBytes(head.author), idBytes(head.feed), purpose, head.seq, idBytes(head.id)];
}

export function headFromWire([author, feed, purpose, seq, id]: WireHead): PurposedHead {
  return { author: nodeIdFrom(author), feed: feedIdFrom(feed), purpose, seq, id: entryIdFrom(id) };
}

function boundToWire(bound: string | null): Bytes | null {
  return bound === null ? null : fromHex(bound);
}

function boundFromWire(bound: Bytes | null): string | null {
  return bound === null ? null : toHex(bound);
}

function rangeToWire(range: RangeFingerprint): WireRange {
  return [boundToWire(range.lo), boundToWire(range.hi), range.count, range.fingerprint];
}

function rangeName(range: Range): string {
  return `${range.lo ?? ''}-${range.hi ?? ''}`;
}

/**
 * Ranges in ascending order, none overlapping another, all between `lo` and `hi`: so that a message costs one walk over our
 * heads. Null bounds are open below and above.
 */
function areApart(ranges: readonly WireRange[], lo: Bytes | null, hi: Bytes | null): boolean {
  let from = lo;
  for (const [i, [first, end]] of ranges.entries()) {
    const startsBelow =
      first === null ? i > 0 || from !== null : from !== null && compareBytes(first, from) < 0;
    const endsAbove =
      end === null ? hi !== null || i < ranges.length - 1 : hi !== null && compareBytes(end, hi) > 0;
    const isBackwards = first !== null && end !== null && compareBytes(first, end) > 0;
    if (startsBelow || endsAbove || isBackwards) return false;
    from = end;
  }
  return true;
}

/** The heads that `context`'s peer is told of. */
function purposeOf(context: SessionContext, head: Head): number {
  return context.replica.index.branchesOf(head.author, head.feed)[0]?.purpose ?? 0;
}

export class Compare {
  readonly #context: SessionContext;
  readonly #onHead: (head: PurposedHead) => void;
  readonly #onDone: () => void;
  /** Ranges asked and not answered, each with our heads as they were then: what “the same” will mean. */
  readonly #asked = new Map<string, { readonly range: Range; readonly mine: HeadSet }>();
  #askedInAll = 0;
  #started = false;
  /** Everything the peer told of while comparing: what `--until-complete` waits for. */
  told: PurposedHead[] = [];
  done = false;

  constructor(context: SessionContext, onHead: (head: PurposedHead) => void, onDone: () => void) {
    this.#context = context;
    this.#onHead = onHead;
    this.#onDone = onDone;
  }

  /** Asks for everything, once. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const mine = this.#mine();
    this.#ask(mine, [mine.fingerprint({ lo: null, hi: null })]);
  }

  /** Our heads, or none while the peer may not know them. */
  #mine(): HeadSet {
    return this.#context.mayServe() ? this.#context.replica.headSet() : new HeadSet([]);
  }

  #ask(mine: HeadSet, ranges: readonly RangeFingerprint[]): void {
    this.#askedInAll += ranges.length;
    if (this.#askedInAll > MAX_COMPARED_RANGES) return this.#context.strike('ranges-without-end');
    for (const range of ranges) this.#asked.set(rangeName(range), { range, mine });
    for (let i = 0; i < ranges.length; i += MAX_RANGES) {
      sendControl(this.#context, 'ranges', ranges.slice(i, i + MAX_RANGES).map(rangeToWire));
    }
  }

  onRanges([, , ranges]: Message<'ranges'>['fields']): void {
    if (!this.#context.mayServe()) return this.#context.out.drop(this.#context.link, 'ranges-before-open');
    if (!areApart(ranges, null, null)) return this.#context.strike('ranges-overlap');
    const mine = this.#context.replica.headSet();
    let answers: WireAnswer[] = [];
    let weight = 0;
    const flush = () => {
      if (answers.length > 0) sendControl(this.#context, 'compared', answers);
      answers = [];
      weight = 0;
    };
    for (const [wireLo, wireHi, count, fingerprint] of ranges) {
      const range = { lo: boundFromWire(wireLo), hi: boundFromWire(wireHi) };
      const own = mine.fingerprint(range);
      let answer: WireAnswer;
      if (own.count === count && toHex(own.fingerprint) === toHex(fingerprint)) {
        answer = [wireLo, wireHi, null];
        weight += 1;
      } else {
        const parts = own.count <= LIST_THRESHOLD ? [] : mine.split(range);
        if (parts.length < 2) {
          // A single feed with more branches than a list takes does not occur: branches per feed are bounded.
          const heads = mine.within(range).slice(0, MAX_HEADS_PER_MESSAGE);
          answer = [
            wireLo,
            wireHi,
            [0, heads.map((head) => headToWire(head, purposeOf(this.#context, head)))],
          ];
          weight += heads.length + 1;
        } else {
          answer = [wireLo, wireHi, [1, parts.map(rangeToWire)]];
          weight += parts.length;
        }
      }
      answers.push(answer);
      if (weight >= MAX_HEADS_PER_MESSAGE) flush();
    }
    flush();
  }

  onCompared([, , answers]: Message<'compared'>['fields']): void {
    const mine = this.#mine();
    const finer: RangeFingerprint[] = [];
    for (const [wireLo, wireHi, detail] of answers) {
      const name = rangeName({ lo: boundFromWire(wireLo), hi: boundFromWire(wireHi) });
      const asked = this.#asked.get(name);
      if (asked === undefined) {
        this.#context.out.drop(this.#context.link, 'answer-not-asked-for');
        continue;
      }
      this.#asked.delete(name);
      if (detail === null) {
        this.#takeSame(asked.mine, asked.range);
      } else if (detail[0] === 0) {
        for (const wire of detail[1]) this.#take(headFromWire(wire));
      } else if (areApart(detail[1], wireLo, wireHi)) {
        finer.push(...this.#compareParts(mine, detail[1]));
      } else {
        this.#context.strike('ranges-overlap');
      }
    }
    if (finer.length > 0) this.#ask(mine, finer);
    if (this.#asked.size === 0 && this.#started && !this.done) {
      this.done = true;
      this.#onDone();
    }
  }

  #take(head: PurposedHead): void {
    if (this.told.length < MAX_PENDING_HEADS) this.told.push(head);
    this.#onHead(head);
  }

  #takeSame(mine: HeadSet, range: Range): void {
    for (const head of mine.within(range)) {
      this.#take({ ...head, purpose: purposeOf(this.#context, head) });
    }
  }

  #compareParts(mine: HeadSet, parts: readonly WireRange[]): RangeFingerprint[] {
    const differing: RangeFingerprint[] = [];
    for (const [lo, hi, count, fingerprint] of parts) {
      const range = { lo: boundFromWire(lo), hi: boundFromWire(hi) };
      const own = mine.fingerprint(range);
      if (own.count === count && toHex(own.fingerprint) === toHex(fingerprint)) this.#takeSame(mine, range);
      else if (count > 0) differing.push(own);
    }
    return differing;
  }
}
