/**
 * Serving entries of one space over one link: request after request in the order of arrival, one read at a time.
 *
 * Invariant: a run that we serve ends at an entry whose own signature we checked, so the receiver can check it too.
 */
import { type Bytes, toHex } from '../core/bytes.ts';
import type { EntryId } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { decodeEntry, entryVerification, type Head } from '../feed/entry.ts';
import type { Segment } from '../feed/feed-index.ts';
import { EMPTY_RUN, runToWire } from './entry-wire.ts';
import {
  ENTRY_BATCH_BYTES,
  MAX_ANSWER_BYTES,
  MAX_ENTRIES_PER_WANT,
  MAX_QUEUED_ENTRY_WANTS,
} from './limits.ts';
import type { NamedFeed } from './link-names.ts';
import type { Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

interface Serving {
  /** Null when there is no such entry here. */
  readonly head: Head | null;
  readonly feed: NamedFeed;
  from: number;
  /** Entries and bytes still to send for this request. */
  left: number;
  bytesLeft: number;
}

export class EntryServing {
  readonly #context: SessionContext;
  readonly #servings: Serving[] = [];
  readonly #served: (head: Head) => void;
  #serving = false;

  /** @param served the peer was sent all that leads to this head, as far as it lacked it. */
  constructor(context: SessionContext, served: (head: Head) => void) {
    this.#context = context;
    this.#served = served;
  }

  onWant([, , wants]: Message<'wantEntries'>['fields']): void {
    const { out, link, replica } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [name, seq, idStart, from] of wants) {
      if (this.#servings.length >= MAX_QUEUED_ENTRY_WANTS) return out.drop(link, 'too-many-entry-wants');
      const feed = this.#context.names.feedOf(name);
      const start = toHex(idStart);
      const id = replica.index.idsAt(feed.author, feed.feed, seq).find((one) => one.startsWith(start));
      const head = id === undefined ? null : { ...feed, seq, id };
      this.#servings.push({ head, feed, from, left: MAX_ENTRIES_PER_WANT, bytesLeft: MAX_ANSWER_BYTES });
    }
    this.#serve();
  }

  /** Sends the next batch of the oldest request; one read at a time bounds what a peer can make us hold. */
  #serve(): void {
    const serving = this.#servings[0];
    if (serving === undefined || this.#serving) return;
    const { head } = serving;
    const segment = head === null ? undefined : this.#context.replica.index.path(head, serving.from)[0];
    if (head === null || segment === undefined) return this.#answer(serving, [], true);
    this.#serving = true;
    const to = Math.min(segment.to, segment.from + serving.left - 1);
    const ask = {
      space: this.#context.replica.space,
      segment: { ...segment, to },
      maxBytes: ENTRY_BATCH_BYTES,
    };
    const unreadable = () => {
      this.#serving = false;
      this.#answer(serving, [], true);
    };
    this.#context.out.request(
      'readEntries',
      ask,
      (bytes) => this.#endAtVerified(serving, head, segment, bytes),
      unreadable,
    );
  }

  #endAtVerified(serving: Serving, head: Head, segment: Segment, bytes: readonly Bytes[]): void {
    const { branch, from } = segment;
    const meta = (i: number) => branch.entries[from - branch.base + i];
    let count = bytes.length;
    while (count > 0 && meta(count - 1)?.verified !== true) count--;
    const lastBytes = bytes.at(-1);
    if (count > 0 || lastBytes === undefined) {
      this.#serving = false;
      return this.#answer(serving, bytes.slice(0, count), serving.from + count > head.seq || count === 0);
    }
    const lastMeta = meta(bytes.length - 1);
    const items = verificationOf(lastBytes, lastMeta?.id);
    const nothing = () => {
      this.#serving = false;
      this.#answer(serving, [], true);
    };
    if (items.length === 0) return nothing();
    this.#context.out.request(
      'verify',
      { items },
      ([ok]) => {
        if (ok !== true || lastMeta === undefined) return nothing();
        this.#serving = false;
        lastMeta.verified = true;
        this.#answer(serving, bytes, serving.from + bytes.length > head.seq);
      },
      nothing,
    );
  }

  #answer(serving: Serving, bytes: readonly Bytes[], isEnd: boolean): void {
    // The peer's membership may have ended while its answer was being read.
    if (!this.#context.mayServe()) {
      this.#servings.length = 0;
      return;
    }
    const { names, replica } = this.#context;
    let ended = isEnd;
    let run = EMPTY_RUN;
    try {
      run = runToWire(names, replica.space, serving.feed, bytes, false);
    } catch {
      // The disk gave back something else than it was given.
      ended = true;
    }
    serving.from += run[3].length;
    serving.left -= run[3].length;
    for (const entry of bytes) serving.bytesLeft -= entry.length;
    const last = ended || serving.left <= 0 || serving.bytesLeft <= 0;
    const { author, feed } = serving.feed;
    sendControl(this.#context, 'entries', names.feed(author, feed), run, last);
    if (serving.head !== null && serving.from > serving.head.seq) this.#served(serving.head);
    if (last) this.#servings.shift();
    this.#serve();
  }
}

/** What must hold for the entry in these bytes; nothing when the disk gave back something else than it was given. */
function verificationOf(bytes: Bytes, expected: EntryId | undefined): Verification[] {
  try {
    const entry = decodeEntry(bytes);
    return entry.id === expected ? [entryVerification(entry)] : [];
  } catch {
    return [];
  }
}
