/** The connections of this device as they are at the moment: over which network, how quick, how much is moving. */
import type { LinkPath } from '../../mesh/link-path.ts';
import { linkedMembers } from '../../station/linked-members.ts';
import type { LinkId } from '../../sync/effects.ts';
import { deviceName } from './members.ts';
import type { ModelCore } from './model-core.ts';

export interface MeasuredConnection {
  readonly name: string;
  /** It calls itself a relay: a machine that stays on and keeps what others record. */
  readonly isRelay: boolean;
  /** The meeting point that brought the two together. */
  readonly via: string;
  readonly sinceMs: number;
  /** Null when the browser does not tell. */
  readonly kind: LinkPath['kind'] | null;
  readonly roundTripMs: number | null;
  /** Bytes per second since the measurement before; null at the first. */
  readonly receivedPerSecond: number | null;
  readonly sentPerSecond: number | null;
}

export interface NetworkModel {
  /** Measures every connection; those that closed meanwhile are left out. */
  measure(): Promise<readonly MeasuredConnection[]>;
}

export { linkedMembers };

interface Count {
  readonly atMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export class Network implements NetworkModel {
  readonly #core: ModelCore;
  #counts = new Map<LinkId, Count>();

  constructor(core: ModelCore) {
    this.#core = core;
  }

  async measure(): Promise<readonly MeasuredConnection[]> {
    const node = this.#core.node();
    const space = this.#core.space();
    const before = this.#counts;
    const peers = linkedMembers(node, space);
    const paths = await Promise.all(peers.map(({ path }) => path()));
    const atMs = node.ports.clock.monotonicMs();
    this.#counts = new Map();
    return peers.map(({ link, node: peer, via, sinceMs }, i) => {
      const path = paths[i] ?? null;
      const last = before.get(link);
      if (path !== null) this.#counts.set(link, { atMs, ...path });
      const perSecond = (count: 'sentBytes' | 'receivedBytes') =>
        path === null || last === undefined || atMs <= last.atMs
          ? null
          : (1000 * Math.max(0, path[count] - last[count])) / (atMs - last.atMs);
      return {
        name: deviceName(space, peer),
        isRelay: space.catalog.relays.has(peer),
        via,
        sinceMs,
        kind: path?.kind ?? null,
        roundTripMs: path?.roundTripMs ?? null,
        receivedPerSecond: perSecond('receivedBytes'),
        sentPerSecond: perSecond('sentBytes'),
      };
    });
  }
}
