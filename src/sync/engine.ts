/**
 * The sync engine of one node: every link's session, every space's replica, one queue of effects. A pure state machine:
 * events and time in, effects out; the driver (station/sync-driver.ts, or the simulator) performs the effects and brings back
 * their results. Nothing here reads a clock, draws a random number or touches a socket. The `nowMs` of events is
 * monotonic; a clock that is set back must not stop what waits for an interval.
 */
import type { Bytes } from '../core/bytes.ts';
import { errorMessage, isWaystationError } from '../core/errors.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { branchHead, type FeedKey, type Placement } from '../feed/feed-index.ts';
import { isMembershipKind } from '../feed/kinds.ts';
import type { Channel } from '../mesh/port.ts';
import type { Effect, EffectId, LinkId, Notice, Outbox, RequestName, Requests } from './effects.ts';
import { FetchBudget, type FetchLimits } from './fetch-budget.ts';
import { ANNOUNCE_DELAY_MS, PROOF_TIMEOUT_MS, PULL_GRACE_MS, PULL_INTERVAL_MS } from './limits.ts';
import type { Replica, Want } from './replica.ts';
import { type LinkFacts, Session, type SessionHost } from './session.ts';
import type { SpaceHooks } from './session-context.ts';
import type { SpaceSession } from './space-session.ts';
import { type NewHead, newHead } from './telling.ts';

/** After a failed write fetching rests this long, so that a full disk is not hammered. */
const STORE_PAUSE_MS = 30_000;
/** Unproved links and open requests are looked at this often at most. */
const HOUSEKEEPING_MS = 1_000;

interface Pending {
  readonly done: (answer: never) => void;
  readonly failed: (error: unknown) => void;
}

export interface EngineOptions {
  readonly self: NodeId;
  /** False for peers that must not be linked (`--only-peer`). */
  readonly acceptPeer?: (node: NodeId) => boolean;
  /** What this device believes the date to be: expiry and beats go by it, intervals by the events' own time. */
  readonly wallMs: () => number;
}

export class SyncEngine {
  readonly self: NodeId;
  readonly replicas = new Map<SpaceId, Replica>();
  readonly sessions = new Map<LinkId, Session>();
  /** How often hostile or useless input was dropped, by reason. */
  readonly dropped = new Map<string, number>();
  readonly #budget = new FetchBudget();
  readonly #acceptPeer: (node: NodeId) => boolean;
  readonly #wallMs: () => number;
  #effects: Effect[] = [];
  readonly #pending = new Map<EffectId, Pending>();
  #nextEffect = 1;
  #nowMs = 0;
  readonly #newHeads = new Map<Replica, Map<string, NewHead>>();
  /** Authors of whom there are newer beats. */
  readonly #newBeats = new Map<Replica, Set<NodeId>>();
  #announceAtMs: number | null = null;
  #pullAtMs: number | null = null;
  #storePausedUntilMs = 0;
  readonly #reschedule = new Set<Replica>();
  readonly #host: SessionHost;
  readonly #out: Outbox;

  constructor(options: EngineOptions) {
    this.self = options.self;
    this.#acceptPeer = options.acceptPeer ?? (() => true);
    this.#wallMs = options.wallMs;
    this.#out = this.#makeOutbox();
    this.#host = {
      self: this.self,
      replicas: this.replicas,
      out: this.#out,
      hooks: this.#makeHooks(),
      proved: (session, node) => this.#proved(session, node),
    };
  }

  // Events. Each may leave effects to take.

  /** A space that this node is in (or has an invite to). */
  addSpace(replica: Replica, nowMs: number): void {
    this.#at(nowMs, () => {
      this.replicas.set(replica.space, replica);
      for (const session of this.sessions.values()) session.match(replica, true);
    });
  }

  /** @param nonce 32 fresh random bytes. @param credit bytes that the link's bulk channel takes. */
  linkUp(facts: LinkFacts, nonce: Bytes, credit: number, nowMs: number): void {
    this.#at(nowMs, () => {
      this.sessions.set(facts.link, new Session(this.#host, facts, nonce, credit));
    });
  }

  linkDown(link: LinkId, nowMs: number): void {
    this.#at(nowMs, () => {
      const session = this.sessions.get(link);
      this.sessions.delete(link);
      session?.stop();
      for (const replica of this.replicas.values()) this.#reschedule.add(replica);
    });
  }

  message(link: LinkId, channel: Channel, bytes: Bytes, nowMs: number): void {
    this.#at(nowMs, () => this.sessions.get(link)?.onMessage(channel, bytes));
  }

  /** The link's bulk channel takes `credit` bytes. */
  drained(link: LinkId, credit: number, nowMs: number): void {
    this.#at(nowMs, () => this.sessions.get(link)?.drained(credit));
  }

  /** Entries of this node's own that are durable already. */
  localEntries(space: SpaceId, entries: readonly Entry[], nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica === undefined) throw new RangeError('expected a space of this node');
      this.#committed(
        replica,
        replica.commit(entries, () => true),
      );
    });
  }

  /** A blob that this node has stored whole (it sealed it itself). Call before the entry that names it. */
  localBlob(space: SpaceId, key: string, nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica !== undefined) this.#blobHeld(replica, key, false);
    });
  }

  /** How many nodes that are linked now have told that they hold the blobs of this position. */
  holders(space: SpaceId, feed: FeedKey, seq: number): number {
    const replica = this.replicas.get(space);
    const peers = new Set<NodeId>();
    for (const session of replica === undefined ? [] : this.sessions.values()) {
      const { peer, closed, spaces } = session;
      const shared = spaces.get(space);
      // One that was removed, or has turned us away, may still be linked: nothing would be got from it.
      if (peer === null || closed || shared?.mayTake !== true) continue;
      if (shared.holdings.theyHold(feed, seq)) peers.add(peer);
    }
    return peers.size;
  }

  /** Limits what is fetched from now on; what was asked for already still comes. */
  limitFetching(limits: FetchLimits, nowMs: number): void {
    this.#at(nowMs, () => {
      this.#budget.set(limits);
      for (const replica of this.replicas.values()) this.#reschedule.add(replica);
    });
  }

  /** The limits now, with what is left of the amount, and whether that is spent. */
  get fetchLimits(): FetchLimits & { readonly isSpent: boolean } {
    return { ...this.#budget.limits, isSpent: this.#budget.isSpent };
  }

  /** A blob that was thought to be held is damaged: it is fetched again. */
  blobLost(space: SpaceId, key: string, nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica !== undefined) this.#blobLost(replica, key);
    });
  }

  /**
   * This node need not hold a blob any more, and is about to let go of it: others are told that it does not hold it, and it is not asked
   * for again. Call when that is durable, and before the store removes it.
   */
  putAway(space: SpaceId, key: string, nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica === undefined) return;
      this.#budget.finished(key);
      if (replica.putAway(key)) this.#announceSoon();
    });
  }

  /** The copy for which a blob was let go of is gone: it is fetched again. */
  takeBack(space: SpaceId, key: string, nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica === undefined) return;
      replica.takeBack(key);
      this.#reschedule.add(replica);
    });
  }

  /** This node's own signed beat. */
  localBeat(space: SpaceId, timeMs: number, bytes: Bytes, nowMs: number): void {
    this.#at(nowMs, () => {
      const replica = this.replicas.get(space);
      if (replica === undefined) return;
      replica.beats.set(this.self, { timeMs, bytes });
      this.#beatChanged(replica, this.self);
    });
  }

  /** The answer to a request effect. */
  result<N extends RequestName>(id: EffectId, answer: Requests[N]['answer'], nowMs: number): void {
    this.#at(nowMs, () => this.#settle(id)?.done(answer as never));
  }

  failed(id: EffectId, error: unknown, nowMs: number): void {
    this.#at(nowMs, () => this.#settle(id)?.failed(error));
  }

  /** Time has passed: call at or after {@link nextWakeMs}. */
  wake(nowMs: number): void {
    this.#at(nowMs, () => {
      for (const session of [...this.sessions.values()]) session.expire(nowMs);
      if (this.#announceAtMs !== null && nowMs >= this.#announceAtMs) this.#announce();
      if (this.#pullAtMs !== null && nowMs >= this.#pullAtMs) this.#pull();
      const readyMs = this.#budget.readyAtMs();
      if (readyMs !== null && nowMs >= readyMs) this.#fetchOn();
      if (this.#storePausedUntilMs !== 0 && nowMs >= this.#storePausedUntilMs) {
        this.#storePausedUntilMs = 0;
        for (const replica of this.replicas.values()) this.#reschedule.add(replica);
      }
    });
  }

  /** When `wake` should be called next at the latest; null when nothing waits for time. */
  nextWakeMs(): number | null {
    const times: number[] = [];
    if (this.#announceAtMs !== null) times.push(this.#announceAtMs);
    if (this.#pullAtMs !== null) times.push(this.#pullAtMs);
    if (this.#storePausedUntilMs !== 0) times.push(this.#storePausedUntilMs);
    const readyMs = this.sessions.size === 0 ? null : this.#budget.readyAtMs();
    if (readyMs !== null) times.push(readyMs);
    const due = this.#peersDueMs();
    if (due !== null) times.push(Math.max(due, this.#nowMs + HOUSEKEEPING_MS));
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the first peer has taken too long for something. */
  #peersDueMs(): number | null {
    let first: number | null = null;
    const note = (atMs: number | null) => {
      if (atMs !== null) first = Math.min(first ?? atMs, atMs);
    };
    for (const session of this.sessions.values()) {
      if (session.peer === null) note(session.sinceMs + PROOF_TIMEOUT_MS);
      for (const space of session.spaces.values()) {
        note(space.entries.nextDueMs());
        note(space.blobs.nextDueMs());
      }
    }
    return first;
  }

  /** The effects since the last call, in order. */
  takeEffects(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // Inner workings.

  #at(nowMs: number, event: () => void): void {
    this.#nowMs = nowMs;
    event();
    while (this.#reschedule.size > 0) {
      const replicas = [...this.#reschedule];
      this.#reschedule.clear();
      for (const replica of replicas) this.#lookForWork(replica);
    }
  }

  #settle(id: EffectId): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  *#sessionsOf(replica: Replica): IterableIterator<SpaceSession> {
    for (const session of this.sessions.values()) {
      const space = session.spaces.get(replica.space);
      if (space !== undefined && !session.closed) yield space;
    }
  }

  #lookForWork(replica: Replica): void {
    const spaces = [...this.#sessionsOf(replica)];
    for (const space of spaces) space.entries.evaluate();
    // What was begun and nobody here has any more holds no part of the amount back from what others have.
    for (const key of this.#budget.begun()) {
      const want = replica.wants.get(key);
      if (want !== undefined && want.inFlight.size === 0 && !spaces.some(({ blobs }) => blobs.offers(want)))
        this.#budget.finished(key);
    }
    for (const space of spaces) {
      space.blobs.invalidate();
      space.blobs.schedule();
    }
    if (replica.wants.size > 0 && spaces.length > 0) this.#pullAtMs ??= this.#nowMs + ANNOUNCE_DELAY_MS;
  }

  #proved(session: Session, node: NodeId): boolean {
    if (!this.#acceptPeer(node)) {
      session.close('not among the peers that this node links to');
      return false;
    }
    for (const other of this.sessions.values()) {
      if (other === session || other.peer !== node || other.closed) continue;
      // The newer link wins: the older one is what the peer has given up, or will be closed by the mesh.
      other.close('replaced by a newer link');
    }
    return true;
  }

  #committed(replica: Replica, placement: Placement): void {
    const { branch, fresh, founded } = placement;
    if (fresh.length === 0) return;
    const { author, feed, purpose } = branch;
    if (founded && branch.base + fresh.length > 0 && replica.index.branchesOf(author, feed).length > 1) {
      this.#notice({ kind: 'forked', space: replica.space, author, feed });
    }
    const head = branchHead(branch);
    if (head !== undefined) {
      const heads = this.#newHeads.get(replica) ?? new Map<string, NewHead>();
      this.#newHeads.set(replica, heads);
      const isOwn = author === this.self;
      heads.set(branch.name, newHead(heads.get(branch.name), { ...head, purpose }, fresh, isOwn));
    }
    this.#announceSoon();
    this.#notice({ kind: 'entries', space: replica.space, entries: fresh });
    if (fresh.some((entry) => isMembershipKind(entry.header.kind))) this.#membersChanged(replica);
    this.#reschedule.add(replica);
  }

  #membersChanged(replica: Replica): void {
    for (const space of [...this.#sessionsOf(replica)]) space.evaluateGate();
    this.#reschedule.add(replica);
  }

  /** The rate allows more by now. */
  #fetchOn(): void {
    this.#budget.retried();
    for (const replica of this.replicas.values())
      for (const space of [...this.#sessionsOf(replica)]) space.blobs.schedule();
  }

  #blobHeld(replica: Replica, key: string, fetched: boolean): void {
    const ref = replica.refOf(key);
    this.#budget.finished(key);
    if (!replica.blobHeld(key) || ref === undefined) return;
    if (fetched) this.#notice({ kind: 'blob-complete', space: replica.space, ref });
    this.#announceSoon();
  }

  #blobLost(replica: Replica, key: string): void {
    if (!replica.blobLost(key)) return;
    this.#announceSoon();
    this.#reschedule.add(replica);
  }

  #beatChanged(replica: Replica, author: NodeId): void {
    const authors = this.#newBeats.get(replica) ?? new Set();
    this.#newBeats.set(replica, authors.add(author));
    this.#announceSoon();
  }

  #announceSoon(): void {
    this.#announceAtMs ??= this.#nowMs + ANNOUNCE_DELAY_MS;
  }

  #announce(): void {
    this.#announceAtMs = null;
    for (const [replica, heads] of this.#newHeads) {
      const list = [...heads.values()];
      for (const space of this.#sessionsOf(replica)) space.tellHeads(list);
    }
    this.#newHeads.clear();
    for (const replica of this.replicas.values()) {
      if (replica.holdingsChanged.size === 0) continue;
      const feeds = [...replica.holdingsChanged];
      replica.holdingsChanged.clear();
      for (const space of this.#sessionsOf(replica)) space.tellHoldings(feeds);
    }
    for (const [replica, authors] of this.#newBeats)
      for (const space of this.#sessionsOf(replica)) space.tellBeats(authors);
    this.#newBeats.clear();
  }

  #pull(): void {
    this.#pullAtMs = null;
    let waiting = false;
    let unripe = false;
    for (const replica of this.replicas.values()) {
      const spaces = [...this.#sessionsOf(replica)];
      if (replica.wants.size === 0 || spaces.length === 0) continue;
      waiting = true;
      const offered = new Set<Want>();
      for (const want of replica.wants.values()) {
        if (spaces.some((space) => space.blobs.offers(want))) offered.add(want);
      }
      for (const space of spaces) space.blobs.pullMissing(this.#nowMs, (want) => offered.has(want));
      for (const want of replica.wants.values()) {
        unripe ||= !want.ripe;
        want.ripe = true;
      }
    }
    if (waiting) this.#pullAtMs = this.#nowMs + (unripe ? PULL_GRACE_MS : PULL_INTERVAL_MS);
  }

  #notice(notice: Notice): void {
    this.#effects.push({ type: 'notice', notice });
  }

  #makeOutbox(): Outbox {
    const engine = this;
    return {
      get nowMs() {
        return engine.#nowMs;
      },
      get wallMs() {
        return engine.#wallMs();
      },
      send: (link, channel, bytes) => this.#effects.push({ type: 'send', link, channel, bytes }),
      close: (link, reason) => this.#effects.push({ type: 'close', link, reason }),
      notice: (notice) => this.#notice(notice),
      drop: (link, reason) => {
        this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
        this.#notice({ kind: 'dropped', link, reason });
      },
      request: (type, ask, done, failed) => {
        const id = this.#nextEffect++;
        this.#pending.set(id, { done, failed: failed ?? (() => {}) });
        this.#effects.push({ type, id, ...ask } as unknown as Effect);
      },
    };
  }

  #makeHooks(): SpaceHooks {
    const engine = this;
    return {
      committed: (replica, placement) => this.#committed(replica, placement),
      membersChanged: (replica) => this.#membersChanged(replica),
      blobHeld: (replica, key) => this.#blobHeld(replica, key, true),
      blobLost: (replica, key) => this.#blobLost(replica, key),
      reschedule: (replica) => this.#reschedule.add(replica),
      pullSoon: () => {
        this.#pullAtMs = Math.min(
          this.#pullAtMs ?? Number.POSITIVE_INFINITY,
          this.#nowMs + ANNOUNCE_DELAY_MS,
        );
      },
      beatChanged: (replica, author) => this.#beatChanged(replica, author),
      storeTrouble: (error) => {
        this.#storePausedUntilMs = this.#nowMs + STORE_PAUSE_MS;
        const code = isWaystationError(error) ? error.code : 'unavailable';
        this.#notice({ kind: 'store-trouble', code, message: errorMessage(error) });
      },
      budget: this.#budget,
      get storePaused() {
        return engine.#nowMs < engine.#storePausedUntilMs;
      },
    };
  }
}
