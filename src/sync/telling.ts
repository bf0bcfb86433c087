/**
 * Telling one peer of new entries. An entry of our own goes unasked to a peer that has the one before it: nobody can have brought it there
 * sooner. Of everything else the peer is told the head, and asks for what it lacks: in a mesh it may have it from elsewhere (decisions 0006, 0023).
 */
import { entryIdFrom, idBytes } from '../core/ids.ts';
import type { Entry, Head, PurposedHead } from '../feed/entry.ts';
import { type FeedKey, feedKey } from '../feed/feed-index.ts';
import { runToWire } from './entry-wire.ts';
import type { HoldingsTold } from './holdings-told.ts';
import { ENTRY_BATCH_BYTES, MAX_HEADS_PER_MESSAGE, MAX_PENDING_HEADS } from './limits.ts';
import type { Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

/** A head that is to be told of. */
export interface NewHead {
  readonly head: PurposedHead;
  /** The entries of this node's own that lead to it since heads were told last; none when they are others', or too many. */
  readonly own: readonly Entry[];
}

/** `fresh` have been written after what `before` tells of. */
export function newHead(
  before: NewHead | undefined,
  head: PurposedHead,
  fresh: readonly Entry[],
  isOwn: boolean,
): NewHead {
  const isWhole = isOwn && (before === undefined || before.own.length > 0);
  const own = isWhole ? [...(before?.own ?? []), ...fresh] : [];
  const bytes = own.reduce((sum, entry) => sum + entry.bytes.length, 0);
  return { head, own: bytes > ENTRY_BATCH_BYTES ? [] : own };
}

export class Telling {
  readonly #context: SessionContext;
  readonly #holdings: HoldingsTold;
  /** Per feed a head that the peer is known to have, or was told of. */
  readonly #peerHas = new Map<FeedKey, Head>();
  /** Feeds of whose newest head the peer was told only: it may not have the entry yet. */
  readonly #toldOnly = new Set<FeedKey>();

  constructor(context: SessionContext, holdings: HoldingsTold) {
    this.#context = context;
    this.#holdings = holdings;
  }

  /** Tells of new heads, unless the peer has them. */
  tell(news: readonly NewHead[]): void {
    const { names, replica } = this.#context;
    const heads: Message<'heads'>['fields'][2] = [];
    for (const { head, own } of news) {
      const { author, feed, purpose, seq, id } = head;
      const key = feedKey(author, feed);
      const had = this.#peerHas.get(key);
      if (had !== undefined && replica.index.leadsTo(had, head)) continue;
      if (this.#isNext(key, had, own)) {
        this.#send(key, head, own);
        this.notePeerHas(head);
        continue;
      }
      this.notePeerHas(head);
      this.#toldOnly.add(key);
      heads.push([names.feed(author, feed), purpose, seq, idBytes(id)]);
    }
    for (let i = 0; i < heads.length; i += MAX_HEADS_PER_MESSAGE)
      sendControl(this.#context, 'heads', heads.slice(i, i + MAX_HEADS_PER_MESSAGE));
  }

  /** The peer has what stands before these entries, and their blobs are held here. */
  #isNext(key: FeedKey, had: Head | undefined, own: readonly Entry[]): boolean {
    const first = own[0]?.header;
    if (first === undefined) return false;
    const held = this.#context.replica.holdings(key);
    if (!own.every(({ header }) => held.has(header.seq))) return false;
    if (had === undefined || first.previous === null) return first.previous === null;
    const isThere = !this.#toldOnly.has(key) || this.#holdings.theyHold(key, had.seq);
    return isThere && had.id === first.previous;
  }

  #send(key: FeedKey, { author, feed, seq }: Head, own: readonly Entry[]): void {
    const { names, replica } = this.#context;
    const bytes = own.map((entry) => entry.bytes);
    const run = runToWire(names, replica.space, { author, feed }, bytes, true);
    sendControl(this.#context, 'news', names.feed(author, feed), run);
    this.#holdings.noteMeant(key, seq - own.length + 1, seq);
  }

  /** The peer has this head: it said so, or it was sent all that leads there. */
  notePeerHas(head: Head): void {
    const key = feedKey(head.author, head.feed);
    const had = this.#peerHas.get(key);
    if (had === undefined && this.#peerHas.size >= MAX_PENDING_HEADS) return;
    if (had !== undefined && had.id !== head.id && this.#context.replica.index.leadsTo(had, head)) return;
    this.#peerHas.set(key, head);
    this.#toldOnly.delete(key);
  }

  /** The head that a peer names in `heads`. */
  headFrom([name, purpose, seq, id]: Message<'heads'>['fields'][2][number]): PurposedHead {
    return { ...this.#context.names.feedOf(name), purpose, seq, id: entryIdFrom(id) };
  }
}
