/**
 * Turns "this member is there" into a connection. Of two nodes the one with the lower id dials; the other waits, and
 * asks with a sealed `dial-me` when nothing comes. So there is one attempt per pair at a time, whatever number of hosts
 * and spaces they share, and the dialler alone decides when a lost link is made again.
 *
 * Invariants
 * - `accept` is asked before every dial and before every answer.
 * - Attempts are bounded in number and in time; every end of one leads to a later try or to silence, never to a throw.
 * - A signal counts only if it comes from the connection, for the attempt and with the node id it belongs to.
 */

import { toHex } from '../core/bytes.ts';
import type { Counters } from '../core/counters.ts';
import type { NodeId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import { HEALTHY_MS } from './backoff.ts';
import type { HeardSignal, HostSession, Meeting } from './host-session.ts';
import type { Attempt, Peer, PeerTable, Route } from './peer-table.ts';
import type { Connection, ConnectionHandlers, Link, SignalPayload, Transport } from './port.ts';
import type { Signal } from './sealed-signal.ts';

/** Names of finished attempts, so that a host cannot start one again by repeating its offer. */
const MAX_REMEMBERED_ATTEMPTS = 1_024;
/** Of the half-open places these are kept for peers that dial us. */
const PLACES_FOR_CALLERS = 2;

/** Said to a dialler, so that it backs off at once instead of waiting for an answer. */
type Refusal = 'busy' | 'full' | 'unwanted';

export interface DiallerLimits {
  readonly maxLinks: number;
  readonly maxHalfOpen: number;
  /** From the offer to the answer. */
  readonly answerTimeoutMs: number;
  /** From the answer to the open link. */
  readonly attemptTimeoutMs: number;
}

export interface DiallerOptions {
  readonly nodeId: NodeId;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly peers: PeerTable;
  readonly limits: DiallerLimits;
  /** False for nodes that are neither dialled nor answered. */
  accept(nodeId: NodeId): boolean;
  linkCount(): number;
  onLink(peer: Peer, link: Link, attempt: Attempt): void;
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #attempts = new Map<string, Attempt>();
  readonly #finished = new Set<string>();
  /** Peers to dial as soon as there is a place, first come first served. */
  readonly #queue = new Set<Peer>();
  #closed = false;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  /** Number of attempts under way. */
  get halfOpen(): number {
    return this.#attempts.size;
  }

  /** Looks whether `peer` is to be dialled or asked, now or later; call whenever anything about it changed. */
  consider(peer: Peer): void {
    const { clock, counters, nodeId } = this.#options;
    peer.cancelTimer?.();
    peer.cancelTimer = undefined;
    this.#queue.delete(peer);
    if (this.#closed || peer.attempt !== undefined || peer.link !== undefined) return;
    const route = peer.bestRoute();
    if (route === undefined) {
      this.#options.peers.tidy(peer);
      return;
    }
    if (!this.#options.accept(peer.nodeId)) {
      counters.count('not-accepted');
      return;
    }
    const dials = nodeId < peer.nodeId;
    const waitMs = (dials ? peer.dialAtMs : peer.askAtMs) - clock.monotonicMs();
    if (waitMs > 0) peer.cancelTimer = clock.schedule(waitMs, () => this.consider(peer));
    else if (dials) this.#dialWhenFree(peer, route);
    else this.#ask(peer, route);
  }

  /** A member said something through `host`. */
  onSignal(host: HostSession, heard: HeardSignal): void {
    if (this.#closed) return;
    const { signal } = heard;
    switch (signal.kind) {
      case 'offer':
        this.#onOffer(host, heard, signal.sdp);
        return;
      case 'dial-me':
        this.#onDialMe(host, heard);
        return;
      case 'answer':
        this.#withAttempt(host, heard, true, (attempt) => {
          const { clock, limits } = this.#options;
          attempt.answered = true;
          attempt.cancelTimeout();
          attempt.cancelTimeout = clock.schedule(limits.attemptTimeoutMs, () =>
            this.fail(attempt, 'timeout'),
          );
          attempt.connection?.signal({ kind: 'description', type: 'answer', sdp: signal.sdp });
        });
        return;
      case 'candidate': {
        const { candidate, mid } = signal;
        this.#withAttempt(host, heard, undefined, ({ connection }) =>
          connection?.signal({ kind: 'candidate', candidate, mid }),
        );
        return;
      }
      case 'refuse':
        this.#withAttempt(host, heard, true, (attempt) => this.fail(attempt, 'refused'));
    }
  }

  /** A route is gone: an attempt that hangs on it and was not answered fails at once. */
  onRouteGone(peer: Peer, host: HostSession, connId: string): void {
    const { attempt } = peer;
    if (attempt !== undefined && attempt.host === host && attempt.connId === connId) {
      attempt.orphaned = true;
      if (!attempt.answered) this.fail(attempt, 'left');
    }
  }

  /** What we sent to a connection was not delivered. */
  onUndelivered(host: HostSession, connId: string): void {
    for (const attempt of [...this.#attempts.values()]) {
      if (attempt.host === host && attempt.connId === connId && !attempt.answered) {
        this.fail(attempt, 'undelivered');
      }
    }
  }

  /** Ends an attempt; the peer is tried again after its backoff. `reason` is one of our own fixed words. */
  fail(attempt: Attempt, reason: string): void {
    if (!this.#settle(attempt)) return;
    const { clock, counters } = this.#options;
    const { peer } = attempt;
    counters.count(`attempt-${reason}`);
    const route = peer.route(attempt.host, attempt.connId);
    if (route !== undefined) route.failures++;
    attempt.connection?.abort(reason);
    peer.dialAtMs = clock.monotonicMs() + peer.dialBackoff.next();
    this.consider(peer);
    this.#dialQueued();
  }

  /** A link has closed, so there may be room. */
  onRoom(): void {
    this.#dialQueued();
  }

  /** Aborts everything. */
  close(): void {
    this.#closed = true;
    this.#queue.clear();
    for (const attempt of [...this.#attempts.values()]) {
      this.#settle(attempt);
      attempt.connection?.abort('closed');
    }
  }

  /** Links and attempts together stay within the limit, so that an attempt that opens has its place. */
  #hasRoom(forCallers: boolean): boolean {
    const { limits, linkCount } = this.#options;
    const places = forCallers ? limits.maxHalfOpen : Math.max(1, limits.maxHalfOpen - PLACES_FOR_CALLERS);
    return this.#attempts.size < places && linkCount() + this.#attempts.size < limits.maxLinks;
  }

  #dialWhenFree(peer: Peer, route: Route): void {
    if (this.#hasRoom(false)) this.#dial(peer, route);
    else this.#queue.add(peer);
  }

  #dialQueued(): void {
    for (const peer of [...this.#queue]) {
      if (this.#closed || !this.#hasRoom(false)) return;
      this.consider(peer);
    }
  }

  #ask(peer: Peer, route: Route): void {
    const { clock } = this.#options;
    this.#say(route, this.#newName(), { kind: 'dial-me' });
    peer.askAtMs = clock.monotonicMs() + peer.askBackoff.next();
    this.consider(peer);
  }

  #dial(peer: Peer, route: Route): void {
    this.#options.counters.count('dialled');
    this.#begin(peer, route, this.#newName(), true);
  }

  #begin(peer: Peer, route: Route, connectionId: string, dialled: boolean): Attempt | undefined {
    const { clock, limits, transport } = this.#options;
    const attempt: Attempt = {
      peer,
      host: route.host,
      connId: route.connId,
      connectionId,
      meetings: [...route.meetings.values()],
      dialled,
      connection: undefined,
      answered: !dialled,
      orphaned: false,
      cancelTimeout: clock.schedule(dialled ? limits.answerTimeoutMs : limits.attemptTimeoutMs, () =>
        this.fail(attempt, dialled ? 'unanswered' : 'timeout'),
      ),
    };
    peer.attempt = attempt;
    this.#attempts.set(connectionId, attempt);
    const connection = this.#connect(transport, attempt, route);
    if (connection === undefined) {
      this.fail(attempt, 'transport');
      return undefined;
    }
    attempt.connection = connection;
    return attempt;
  }

  #connect(transport: Transport, attempt: Attempt, route: Route): Connection | undefined {
    const handlers: ConnectionHandlers = {
      onSignal: (payload) => {
        if (this.#attempts.get(attempt.connectionId) !== attempt) return;
        this.#say(route, attempt.connectionId, signalOf(payload));
      },
      onOpen: (link) => {
        if (!this.#settle(attempt)) {
          link.close('no longer wanted');
          return;
        }
        this.#options.onLink(attempt.peer, link, attempt);
        this.#dialQueued();
      },
      onFail: () => this.fail(attempt, 'failed'),
    };
    try {
      return transport.connect(attempt.dialled, handlers);
    } catch {
      return undefined; // e.g. the browser has no more peer connections to give
    }
  }

  #onOffer(host: HostSession, heard: HeardSignal, sdp: string): void {
    const { connId, connectionId } = heard;
    const peer = this.#caller(heard, heard.nodeId < this.#options.nodeId);
    if (peer === undefined) return;
    if (this.#attempts.has(connectionId) || this.#finished.has(connectionId)) {
      this.#options.counters.count('replayed');
      return;
    }
    const route = peer.route(host, connId) ?? callersRoute(host, connId, heard.meeting);
    const refusal = this.#refusal(peer, route);
    if (refusal !== undefined) {
      this.#refuse(route, connectionId, refusal);
      this.#options.peers.tidy(peer);
      return;
    }
    this.#options.counters.count('answered');
    peer.cancelTimer?.();
    peer.cancelTimer = undefined;
    const answer = this.#begin(peer, route, connectionId, false);
    answer?.connection?.signal({ kind: 'description', type: 'offer', sdp });
  }

  /** The record of a node that may call us, or `undefined`, counted, when it may not. */
  #caller({ nodeId }: HeardSignal, rightSide: boolean): Peer | undefined {
    const { counters, peers } = this.#options;
    if (!rightSide) {
      counters.count('wrong-side');
      return undefined;
    }
    const peer = peers.ensure(nodeId);
    if (peer === undefined) counters.count('peers-full');
    return peer;
  }

  /** Why an offer is not taken now; makes place for one that supersedes an earlier of the same dialler. */
  #refusal(peer: Peer, { host, connId }: Route): Refusal | undefined {
    const { accept, counters, limits, linkCount } = this.#options;
    if (!accept(peer.nodeId)) return 'unwanted';
    const { attempt } = peer;
    if (attempt !== undefined) {
      // The true dialler has one attempt at a time; another connection that claims its id must not displace it.
      if (!attempt.orphaned && (attempt.host !== host || attempt.connId !== connId)) return 'busy';
      counters.count('attempt-superseded');
      this.#settle(attempt);
      attempt.connection?.abort('superseded');
    }
    if (linkCount() + this.#attempts.size >= limits.maxLinks) return 'full';
    return this.#hasRoom(true) ? undefined : 'busy';
  }

  #onDialMe(host: HostSession, heard: HeardSignal): void {
    const { accept, clock, counters, nodeId, peers } = this.#options;
    const peer = this.#caller(heard, heard.nodeId > nodeId);
    if (peer === undefined || peer.attempt !== undefined) return;
    const nowMs = clock.monotonicMs();
    // The other side has no link. Ours may be one that it has already lost, unless both are just opening it.
    const linkIsNew = peer.link !== undefined && nowMs - peer.link.openedMs < HEALTHY_MS;
    if (!accept(peer.nodeId) || linkIsNew || nowMs < peer.dialAtMs || !this.#hasRoom(false)) {
      counters.count('dial-me-ignored');
      peers.tidy(peer);
      return;
    }
    peer.cancelTimer?.();
    peer.cancelTimer = undefined;
    peer.dialAtMs = nowMs + peer.dialBackoff.next();
    this.#queue.delete(peer);
    this.#dial(peer, peer.route(host, heard.connId) ?? callersRoute(host, heard.connId, heard.meeting));
  }

  #withAttempt(
    host: HostSession,
    heard: HeardSignal,
    dialled: true | undefined,
    use: (attempt: Attempt) => void,
  ): void {
    const attempt = this.#attempts.get(heard.connectionId);
    if (
      attempt === undefined ||
      attempt.host !== host ||
      attempt.connId !== heard.connId ||
      attempt.peer.nodeId !== heard.nodeId ||
      (dialled === true && !attempt.dialled)
    ) {
      // Late candidates of attempts that are over are normal.
      this.#options.counters.count(this.#finished.has(heard.connectionId) ? 'late-signal' : 'stray-signal');
      return;
    }
    use(attempt);
  }

  #refuse(route: Route, connectionId: string, reason: Refusal): void {
    this.#options.counters.count(`refused-${reason}`);
    this.#remember(connectionId);
    this.#say(route, connectionId, { kind: 'refuse', reason });
  }

  #say(route: Route, connectionId: string, signal: Signal): void {
    const [meeting] = route.meetings.values();
    if (meeting !== undefined) route.host.send(route.connId, connectionId, meeting, signal);
  }

  /** Takes an attempt out of the books; false when it already was. */
  #settle(attempt: Attempt): boolean {
    if (this.#attempts.get(attempt.connectionId) !== attempt) return false;
    this.#attempts.delete(attempt.connectionId);
    this.#remember(attempt.connectionId);
    attempt.cancelTimeout();
    attempt.peer.attempt = undefined;
    return true;
  }

  #remember(connectionId: string): void {
    this.#finished.add(connectionId);
    if (this.#finished.size <= MAX_REMEMBERED_ATTEMPTS) return;
    const [oldest] = this.#finished;
    if (oldest !== undefined) this.#finished.delete(oldest);
  }

  #newName(): string {
    return toHex(this.#options.random.bytes(16));
  }
}

/** The way back to a caller that the host has not shown us. */
function callersRoute(host: HostSession, connId: string, meeting: Meeting): Route {
  return { host, connId, meetings: new Map([['', meeting]]), failures: 0 };
}

function signalOf(payload: SignalPayload): Signal {
  if (payload.kind === 'candidate') return payload;
  return { kind: payload.type, sdp: payload.sdp };
}
