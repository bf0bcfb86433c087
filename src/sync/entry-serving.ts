/**
 * Serving entries of one space over one link: request after request in the order of arrival, one read at a time.
 *
 * Invariant: a run that we serve ends at an entry whose own signature we checked, so the receiver can check it too.
 */
import type { Bytes } from '../core/bytes.ts';
import { type EntryId, entryIdFrom, feedIdFrom, idBytes, nodeIdFrom } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { decodeEntry, entryVerification, type Head } from '../feed/entry.ts';
import type { Segment } from '../feed/feed-index.ts';
import {
  ENTRY_BATCH_BYTES,
  MAX_ANSWER_BYTES,
  MAX_ENTRIES_PER_WANT,
  MAX_QUEUED_ENTRY_WANTS,
} from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import type { SessionContext } from './session-context.ts';

interface Serving {
  readonly head: Head;
  from: number;
  /** Entries and bytes still to send for this request. */
  left: number;
  bytesLeft: number;
}

export class EntryServing {
  readonly #context: SessionContext;
  readonly #servings: Serving[] = [];
  #serving = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  onWant([, , wants]: Message<'wantEntries'>['fields']): void {
    const { out, link } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [author, feed, seq, id, from] of wants) {
      if (this.#servings.length >= MAX_QUEUED_ENTRY_WANTS) return out.drop(link, 'too-many-entry-wants');
      const head = { author: nodeIdFrom(author), feed: feedIdFrom(feed), seq, id: entryIdFrom(id) };
      this.#servings.push({ head, from, left: MAX_ENTRIES_PER_WANT, bytesLeft: MAX_ANSWER_BYTES });
    }
    this.#serve();
  }

  /** Sends the next batch of the oldest request; one read at a time bounds what a peer can make us hold. */
  #serve(): void {
    const serving = this.#servings[0];
    if (serving === undefined || this.#serving) return;
    const segment = this.#context.replica.index.path(serving.head, serving.from)[0];
    if (segment === undefined) return this.#answer(serving, [], true);
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
      (bytes) => this.#endAtVerified(serving, segment, bytes),
      unreadable,
    );
  }

  #endAtVerified(serving: Serving, segment: Segment, bytes: readonly Bytes[]): void {
    const { branch, from } = segment;
    const meta = (i: number) => branch.entries[from - branch.base + i];
    let count = bytes.length;
    while (count > 0 && meta(count - 1)?.verified !== true) count--;
    const lastBytes = bytes.at(-1);
    if (count > 0 || lastBytes === undefined) {
      this.#serving = false;
      return this.#answer(
        serving,
        bytes.slice(0, count),
        serving.from + count > serving.head.seq || count === 0,
      );
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
        this.#answer(serving, bytes, serving.from + bytes.length > serving.head.seq);
      },
      nothing,
    );
  }

  #answer(serving: Serving, bytes: readonly Bytes[], ended: boolean): void {
    const { link, alias, out } = this.#context;
    // The peer's membership may have ended while its answer was being read.
    if (!this.#context.mayServe()) {
      this.#servings.length = 0;
      return;
    }
    serving.from += bytes.length;
    serving.left -= bytes.length;
    for (const entry of bytes) serving.bytesLeft -= entry.length;
    const last = ended || serving.left <= 0 || serving.bytesLeft <= 0;
    const { author, feed } = serving.head;
    out.send(
      link,
      'control',
      encodeMessage('entries', alias, idBytes(author), idBytes(feed), [...bytes], last),
    );
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
