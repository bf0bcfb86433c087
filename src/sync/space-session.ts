/**
 * One space on one link: who lets whom in, and the exchanges that follow. A peer is served only while it is an active
 * member by our own records; what it shows (its grant chain) can make us take data from it and, when we are admitted
 * ourselves, write its `admit`.
 */
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import { decodeBeat } from '../feed/beat.ts';
import type { PurposedHead } from '../feed/entry.ts';
import type { FeedKey } from '../feed/feed-index.ts';
import { type ChainVerdict, prepareChain } from '../identity/grant-chain.ts';
import { BlobExchange } from './blob-exchange.ts';
import { BlobServing } from './blob-serving.ts';
import { Compare } from './compare.ts';
import { EntryExchange } from './entry-exchange.ts';
import { EntryServing } from './entry-serving.ts';
import { HoldingsTold } from './holdings-told.ts';
import { MAX_BEATS_ASIDE, MAX_BEATS_PER_MESSAGE, MAX_CLOCK_AHEAD_MS } from './limits.ts';
import type { Message, MessageName } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';
import { type NewHead, Telling } from './telling.ts';

export class SpaceSession {
  readonly context: SessionContext;
  compare: Compare;
  readonly entries: EntryExchange;
  readonly blobs: BlobExchange;
  readonly holdings: HoldingsTold;
  readonly telling: Telling;
  readonly entryServing: EntryServing;
  readonly blobServing: BlobServing;
  /** We sent `open`: the peer is an active member by our records. */
  weServe = false;
  /** The peer sent `open`. */
  theyServe = false;
  /** The peer proved by chain or records that it belongs to the space. */
  #trusted = false;
  /** Why we turned the peer away, or it us. */
  refusal: string | null = null;
  refusedByPeer: string | null = null;
  #asked = false;
  #chainSeen = false;
  #admitting = false;
  /** The peer's chain, checked, from then on. */
  #chain: ChainVerdict | null = null;
  #admitWritten = false;
  #chainOwed = false;
  /** The peer has our chain: kilobytes for a request of a few bytes are sent once. */
  #chainShown = false;
  /** The peer has begun to compare: it trusts us and can use what we tell. */
  #listens = false;
  readonly #beatsTold = new Map<NodeId, number>();
  /** Beats of authors of whom nobody has told us yet. */
  readonly #beatsAside = new Map<NodeId, Bytes>();

  constructor(makeContext: (session: SpaceSession) => SessionContext) {
    this.context = makeContext(this);
    this.compare = this.#newCompare();
    this.entries = new EntryExchange(this.context);
    this.holdings = new HoldingsTold(this.context);
    this.telling = new Telling(this.context, this.holdings);
    this.blobs = new BlobExchange(this.context, this.holdings);
    this.entryServing = new EntryServing(this.context, (head) => this.telling.notePeerHas(head));
    this.blobServing = new BlobServing(this.context);
  }

  #newCompare(): Compare {
    return new Compare(
      this.context,
      (head) => this.#noteHead(head),
      () => {
        const { link, peer, replica, out } = this.context;
        replica.told.set(peer, this.compare.told);
        this.entries.evaluate();
        this.blobs.schedule();
        out.notice({ kind: 'compared', link, node: peer, space: replica.space });
      },
    );
  }

  get mayServe(): boolean {
    return this.weServe;
  }

  /** The peer is served, and has said that it takes what it is told. */
  get mayTell(): boolean {
    return this.weServe && this.#listens;
  }

  get mayTake(): boolean {
    return this.#trusted && this.theyServe;
  }

  /** Looks at our records again: opens, turns away, or asks for a chain. Called at the start and when members change. */
  evaluateGate(): void {
    const { replica, peer, out, link } = this.context;
    this.#takeBeatsPutAside();
    this.entries.membersChanged();
    const member = replica.membership.member(peer);
    const isActive = member?.status === 'active';
    if (!isActive) this.#stopServing();
    if (isActive) {
      this.#trusted = true;
      this.refusal = null;
      this.#admitWritten = false;
      if (!this.weServe) {
        this.weServe = true;
        sendControl(this.context, 'open');
        out.notice({ kind: 'space-open', link, node: peer, space: replica.space });
      }
      if (this.#chainOwed) this.#showChain();
      this.#begin();
    } else if (member !== undefined && (member.status !== 'surplus' || this.#asked)) {
      this.#refuse(member.status);
    } else if (this.#chain !== null) {
      // We have been let in ourselves meanwhile, or heard of who invited it.
      this.#admit(this.#chain);
    } else if (!this.#asked) {
      this.#asked = true;
      sendControl(this.context, 'need', replica.membership.isActive(this.context.self));
    }
  }

  /** The peer is no member, or not any more: nothing more goes to it, and nothing is waited for from it. */
  #stopServing(): void {
    const served = this.weServe;
    this.weServe = false;
    // A chain that checked out lets us listen on; our records did, and do not any more.
    if (served || this.#chain === null) this.#trusted = false;
    if (!served) return;
    this.#listens = false;
    // What it tells meanwhile is not heard: when it is taken back, we compare again.
    this.compare = this.#newCompare();
    this.entries.stop();
    this.blobs.forgetAsked();
    this.blobServing.stop();
  }

  /**
   * The peer wants our chain. Somebody who asks to be let in shows its own first; between two that both say they are
   * in, the initiator begins. So a stranger with the meet secret alone is told nothing.
   */
  #onNeed(peerSaysAdmitted: boolean): void {
    const { replica, self, peer, initiator, out, link } = this.context;
    if (this.#chainShown) return out.drop(link, 'chain-shown-already');
    const known = replica.membership.isActive(peer);
    if (known || !replica.membership.isActive(self) || (peerSaysAdmitted && initiator)) this.#showChain();
    else this.#chainOwed = true;
  }

  #showChain(): void {
    this.#chainOwed = false;
    this.#chainShown = true;
    sendControl(this.context, 'chain', this.context.replica.credential);
  }

  #begin(): void {
    if (!this.mayTake) return;
    this.compare.start();
    this.entries.evaluate();
    this.blobs.schedule();
  }

  #refuse(code: string): void {
    if (this.refusal === code) return;
    const { replica, peer, out, link } = this.context;
    this.refusal = code;
    sendControl(this.context, 'refuse', code.slice(0, 32));
    out.notice({ kind: 'refused', link, node: peer, space: replica.space, code });
  }

  /** Everything that the peer told of when it was compared with is held here, entries and blobs. */
  toldIsHeld(): boolean {
    const { replica } = this.context;
    return this.compare.done && this.compare.told.every((head) => replica.isSettled(head));
  }

  /** Tells of new heads. Before the peer compares there is no need: it will ask. */
  tellHeads(news: readonly NewHead[]): void {
    if (this.mayTell) this.telling.tell(news);
  }

  /** Tells which blobs of these feeds are held. */
  tellHoldings(feeds: Iterable<FeedKey>): void {
    if (this.mayTell) this.holdings.tell(feeds);
  }

  tellBeats(authors: Iterable<NodeId>): void {
    if (!this.mayTell) return;
    const { beats } = this.context.replica;
    let batch: Bytes[] = [];
    const flush = () => {
      if (batch.length > 0) sendControl(this.context, 'beats', batch);
      batch = [];
    };
    for (const author of authors) {
      const beat = beats.get(author);
      if (beat === undefined || author === this.context.peer) continue;
      if ((this.#beatsTold.get(author) ?? 0) >= beat.timeMs) continue;
      this.#beatsTold.set(author, beat.timeMs);
      batch.push(beat.bytes);
      if (batch.length >= MAX_BEATS_PER_MESSAGE) flush();
    }
    flush();
  }

  stop(): void {
    this.entries.stop();
    this.blobs.forgetAsked();
    this.blobServing.stop();
  }

  #noteHead(head: PurposedHead): void {
    this.telling.notePeerHas(head);
    this.entries.noteHead(head);
  }

  /** What the peer has just written, and holds the blobs of. */
  #onNews(fields: Message<'news'>['fields']): void {
    if (!this.mayTake) return this.#early('news');
    const [, , name, [, first, , entries]] = fields;
    const { author, feed } = this.context.names.feedOf(name);
    if (author === this.context.peer && entries.length > 0) {
      const key = this.context.replica.index.keyOf(author, feed);
      this.holdings.noteImplied(key, first, first + entries.length - 1);
      this.blobs.invalidate();
      // The entries may have come from elsewhere, and their blobs wait for somebody who has them.
      this.blobs.schedule();
    }
    const head = this.entries.onNews(fields);
    if (head !== undefined) return this.telling.notePeerHas(head);
    // We have lost the thread: what it has is asked for anew.
    if (!this.compare.done) return;
    this.compare = this.#newCompare();
    this.compare.start();
  }

  /** The peer compares, so it trusts us: from now on it is told what is new, beginning with what blobs are held. */
  #onRanges(fields: Message<'ranges'>['fields']): void {
    this.compare.onRanges(fields);
    if (!this.weServe || this.#listens) return;
    this.#listens = true;
    this.holdings.tellAll();
    this.tellBeats(this.context.replica.beats.keys());
  }

  onMessage(message: Message<Exclude<MessageName, 'hello' | 'prove'>>): void {
    switch (message.name) {
      case 'need':
        return this.#onNeed(message.fields[2]);
      case 'chain':
        return this.#onChain(message.fields[2]);
      case 'open':
        return this.#onOpen();
      case 'refuse':
        return this.#onRefuse(message.fields[2]);
      case 'ranges':
        return this.#onRanges(message.fields);
      case 'compared':
        this.compare.onCompared(message.fields);
        return this.entries.evaluate();
      case 'heads':
        if (!this.mayTake) return this.#early('heads');
        for (const head of message.fields[2]) this.#noteHead(this.telling.headFrom(head));
        return this.entries.evaluate();
      case 'wantEntries':
        return this.entryServing.onWant(message.fields);
      case 'entries':
        return this.entries.onEntries(message.fields);
      case 'have':
        if (!this.mayTake) return this.#early('have');
        return this.blobs.onHave(message.fields);
      case 'wantChunks':
        return this.blobServing.onWantChunks(message.fields);
      case 'chunk':
        return this.blobs.onChunk(message.fields);
      case 'lack':
        return this.blobs.onLack(message.fields);
      case 'pull':
        return this.blobs.onPull(message.fields);
      case 'hold':
        return this.blobs.onHold(message.fields);
      case 'news':
        return this.#onNews(message.fields);
      case 'names':
        return this.context.names.learn(message.fields[2]);
      case 'beats':
        return this.#onBeats(message.fields[2]);
    }
  }

  /** Said again, it takes us back: what was written meanwhile we have not been told of. */
  #onOpen(): void {
    if (this.theyServe || this.refusedByPeer !== null) this.compare = this.#newCompare();
    this.theyServe = true;
    this.refusedByPeer = null;
    this.#begin();
  }

  /** Nobody has to tell us anything before we compare. */
  #early(name: MessageName): void {
    this.context.out.drop(this.context.link, `${name}-before-open`);
  }

  #onRefuse(code: string): void {
    const { replica, peer, out, link } = this.context;
    this.theyServe = false;
    this.refusedByPeer = code;
    // What was asked for will not come: others may be asked for it.
    this.entries.stop();
    this.blobs.forgetAsked();
    out.notice({ kind: 'refused-by-peer', link, node: peer, space: replica.space, code });
  }

  #onChain(bytes: Bytes): void {
    const { replica, peer, out } = this.context;
    if (!this.#asked || this.#chainSeen) return out.drop(this.context.link, 'chain-not-asked-for');
    this.#chainSeen = true;
    // It crossed the entry that let the peer in.
    if (this.#trusted) return;
    let prepared: ReturnType<typeof prepareChain>;
    try {
      prepared = prepareChain(replica.space, bytes);
    } catch (error) {
      out.drop(this.context.link, 'chain-malformed');
      return this.#refuse(isWaystationError(error) ? error.code : 'malformed');
    }
    this.#admitting = true;
    out.request(
      'verify',
      { items: prepared.verifications },
      (results) => {
        try {
          const chain = prepared.conclude([...results]);
          this.#admitting = false;
          if (chain.holder !== peer) return this.#refuse('bad-chain');
          this.#trusted = true;
          this.#chain = chain;
          this.#admit(chain);
        } catch (error) {
          out.drop(this.context.link, `chain-${isWaystationError(error) ? error.code : 'malformed'}`);
          this.#notAdmitted(error);
        }
      },
      (error) => this.#notAdmitted(error),
    );
  }

  #notAdmitted(error: unknown): void {
    this.#admitting = false;
    this.#refuse(isWaystationError(error) ? error.code : 'unavailable');
  }

  /** With us admitted, a sound chain gets its holder admitted too; otherwise it only lets us listen. */
  #admit(chain: ChainVerdict): void {
    const { replica, self } = this.context;
    if (this.#admitting) return;
    // Written, and it does not count yet: what it rests on has not reached us. The peer may be who can tell.
    if (this.#admitWritten || !replica.membership.isActive(self)) return this.#begin();
    this.#admitting = true;
    // One admission at a time, over all links: the next is judged by what the one before it has used up.
    replica.admissions.next((done) => this.#judge(chain, done));
  }

  #judge(chain: ChainVerdict, done: () => void): void {
    const { replica, out } = this.context;
    // Somebody else has let it in by a grant that we had not heard of, which is signed and checked, whoever brings it.
    const awaited = chain.chain.levels
      .map(({ grant }) => grant)
      .filter(({ id }) => replica.membership.awaitsGrant(id));
    for (const grant of awaited) replica.membership.add(grant);
    if (awaited.length > 0) this.context.hooks.membersChanged(replica);
    if (replica.membership.isActive(this.context.peer)) {
      this.#admitting = false;
      done();
      return this.evaluateGate();
    }
    const admission = replica.membership.admission(chain, out.wallMs);
    if (admission.verdict !== 'admit') {
      this.#admitting = false;
      this.#trusted = false;
      this.#refuse(admission.verdict);
      return done();
    }
    const failed = (error: unknown) => {
      this.#notAdmitted(error);
      done();
    };
    // Those further up the chain first: their admits may not have reached us, and ours rests on them.
    const bodies = [...admission.before, admission.body];
    const writeNext = (): void => {
      const body = bodies.shift();
      if (body !== undefined)
        return out.request('writeAdmit', { space: replica.space, body }, writeNext, failed);
      this.#admitting = false;
      this.#admitWritten = true;
      done();
      this.evaluateGate();
    };
    writeNext();
  }

  #onBeats(list: readonly Bytes[]): void {
    if (!this.mayTake) return this.#early('beats');
    for (const bytes of list) this.#takeBeat(bytes);
  }

  #takeBeat(bytes: Bytes): void {
    const { replica, out, link } = this.context;
    let decoded: ReturnType<typeof decodeBeat>;
    try {
      decoded = decodeBeat(bytes);
    } catch {
      return out.drop(link, 'beat-malformed');
    }
    const { beat, verification } = decoded;
    const { author, timeMs } = beat;
    if (beat.space !== replica.space || timeMs > out.wallMs + MAX_CLOCK_AHEAD_MS) {
      return out.drop(link, 'beat-out-of-place');
    }
    if (!replica.membership.isActive(author)) return this.#putAside(author, bytes);
    this.#beatsTold.set(author, Math.max(this.#beatsTold.get(author) ?? 0, timeMs));
    const isStale = () => (replica.beats.get(author)?.timeMs ?? -1) >= timeMs;
    if (isStale()) return;
    out.request('verify', { items: [verification] }, ([ok]) => {
      if (ok !== true) return this.context.strike('beat-signature');
      if (isStale() || !replica.membership.isActive(author)) return;
      replica.beats.set(author, { timeMs, bytes });
      out.notice({ kind: 'beat', space: replica.space, author });
      this.context.hooks.beatChanged(replica, author);
    });
  }

  /** A beat may come before the entry that admits its author: a station that is dead by now will not say it again. */
  #putAside(author: NodeId, bytes: Bytes): void {
    const { replica, out, link } = this.context;
    const isUnknown = replica.membership.member(author) === undefined;
    if (isUnknown && (this.#beatsAside.has(author) || this.#beatsAside.size < MAX_BEATS_ASIDE)) {
      this.#beatsAside.set(author, bytes);
    } else {
      out.drop(link, 'beat-of-no-member');
    }
  }

  #takeBeatsPutAside(): void {
    const { membership } = this.context.replica;
    for (const [author, bytes] of [...this.#beatsAside]) {
      if (membership.member(author) === undefined) continue;
      this.#beatsAside.delete(author);
      this.#takeBeat(bytes);
    }
  }
}
