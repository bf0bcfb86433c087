/**
 * Whom the mesh knows: per node the routes by which signaling reaches it, its link, its attempt, and its waiting times.
 * Data and bookkeeping only; `dialler.ts` and `mesh.ts` decide.
 *
 * Node ids are claims. Somebody else's connection may claim a node's id, so routes remember failures and the one that
 * failed least is tried first: a false route costs attempts, it does not cut the true one off.
 */
import type { NodeId } from '../core/ids.ts';
import type { Random } from '../core/ports.ts';
import { Backoff } from './backoff.ts';
import type { HostSession, Meeting } from './host-session.ts';
import type { Connection } from './port.ts';
import type { TrackedLink } from './tracked-link.ts';

/** Two connections on each of a few hosts. */
const MAX_ROUTES_PER_PEER = 8;
/** Twice what one host may show. */
const MAX_PEERS = 2_048;
/** The node that waits to be dialled asks after this long, and then ever more rarely. */
export const FIRST_ASK_MS = 2_000;
const LAST_ASK_MS = 30_000;

/** One way to reach a node by signaling. */
export interface Route {
  readonly host: HostSession;
  readonly connId: string;
  /** By topic, so that the two topics around midnight count as one space. */
  readonly meetings: Map<string, Meeting>;
  failures: number;
}

/** A connection being set up with a peer. */
export interface Attempt {
  readonly peer: Peer;
  readonly host: HostSession;
  readonly connId: string;
  readonly connectionId: string;
  readonly meetings: readonly Meeting[];
  readonly dialled: boolean;
  connection: Connection | undefined;
  /** The other side has reacted, so the attempt no longer depends on its signaling. */
  answered: boolean;
  /** The other side has left the host by which the attempt came. */
  orphaned: boolean;
  cancelTimeout: () => void;
}

export class Peer {
  readonly nodeId: NodeId;
  readonly dialBackoff: Backoff;
  readonly askBackoff: Backoff;
  readonly routes: Route[] = [];
  link: TrackedLink | undefined;
  /** A newer link that has yet to prove itself while a proven one is in place. */
  challenger: TrackedLink | undefined;
  attempt: Attempt | undefined;
  /** Monotonic times before which it is not dialled or asked. */
  dialAtMs = 0;
  askAtMs = 0;
  cancelTimer: (() => void) | undefined;

  constructor(nodeId: NodeId, random: Random) {
    this.nodeId = nodeId;
    this.dialBackoff = new Backoff(random);
    this.askBackoff = new Backoff(random, FIRST_ASK_MS, LAST_ASK_MS);
  }

  /** The route that failed least; the newest of equals. */
  bestRoute(): Route | undefined {
    let best: Route | undefined;
    for (const route of this.routes) {
      if (best === undefined || route.failures <= best.failures) best = route;
    }
    return best;
  }

  route(host: HostSession, connId: string): Route | undefined {
    return this.routes.find((route) => route.host === host && route.connId === connId);
  }

  addRoute(host: HostSession, connId: string, topic: string, meeting: Meeting): Route {
    const known = this.route(host, connId);
    if (known !== undefined) {
      known.meetings.set(topic, meeting);
      return known;
    }
    if (this.routes.length >= MAX_ROUTES_PER_PEER) {
      const worst = this.routes.reduce((a, b) => (b.failures > a.failures ? b : a));
      this.routes.splice(this.routes.indexOf(worst), 1);
    }
    const route = { host, connId, meetings: new Map([[topic, meeting]]), failures: 0 };
    this.routes.push(route);
    return route;
  }

  removeRoute(route: Route): void {
    const index = this.routes.indexOf(route);
    if (index >= 0) this.routes.splice(index, 1);
  }

  /** Nothing is known or wanted of this node any more. */
  get isIdle(): boolean {
    return (
      this.routes.length === 0 &&
      this.link === undefined &&
      this.challenger === undefined &&
      this.attempt === undefined
    );
  }
}

export class PeerTable {
  readonly #random: Random;
  readonly #peers = new Map<NodeId, Peer>();

  constructor(random: Random) {
    this.#random = random;
  }

  get(nodeId: NodeId): Peer | undefined {
    return this.#peers.get(nodeId);
  }

  /** The record of a node, made if need be; `undefined` when the table is full. */
  ensure(nodeId: NodeId): Peer | undefined {
    const known = this.#peers.get(nodeId);
    if (known !== undefined) return known;
    if (this.#peers.size >= MAX_PEERS) return undefined;
    const peer = new Peer(nodeId, this.#random);
    this.#peers.set(nodeId, peer);
    return peer;
  }

  /** Forgets a node of which nothing is left. */
  tidy(peer: Peer): void {
    // A dialling queue may still name a record that was forgotten and made anew.
    if (!peer.isIdle || this.#peers.get(peer.nodeId) !== peer) return;
    peer.cancelTimer?.();
    peer.cancelTimer = undefined;
    this.#peers.delete(peer.nodeId);
  }

  all(): readonly Peer[] {
    return [...this.#peers.values()];
  }
}
