/**
 * The links of a node that came about without signaling: those it dialled (`direct-endpoints.ts`) and, on a relay, those of its dialers.
 * Nobody has claimed to be anybody on them; they count as a node's once it has proved itself, and until then as nobody's.
 */
import type { Counters } from '../core/counters.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import { isDirectEndpoint } from '../identity/direct-endpoint.ts';
import { dialDirect } from './direct-dial.ts';
import { DirectEndpoints, type KnownDirect } from './direct-endpoints.ts';
import type { Link, Transport } from './port.ts';
import { type LinkInfo, TrackedLink } from './tracked-link.ts';

export interface DirectLinksOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly ownCertificateHash?: Uint8Array | undefined;
  /** There is room for one more link. */
  hasRoom(): boolean;
  /** False for a node that is linked already, or is not to be. */
  wants(node: NodeId): boolean;
  onLink(link: TrackedLink): void;
  onClosed(link: TrackedLink): void;
}

export class DirectLinks {
  readonly #options: DirectLinksOptions;
  readonly #endpoints: DirectEndpoints;
  /** What to do once the far end has proved itself. */
  readonly #onProven = new Map<TrackedLink, (node: NodeId) => void>();
  #given: readonly KnownDirect[] = [];
  #ofSpaces: readonly KnownDirect[] = [];

  constructor(options: DirectLinksOptions) {
    this.#options = options;
    const endpoints = new DirectEndpoints({
      ...options,
      dial: (endpoint, handlers) => dialDirect(options.transport, endpoint, handlers),
      onLink: (link, via) =>
        this.#adopt(
          link,
          { ...via, peerNode: null },
          (node) => endpoints.onProven(link, node),
          () => endpoints.onClosed(link),
        ),
    });
    this.#endpoints = endpoints;
  }

  /** Number of dials under way. */
  get halfOpen(): number {
    return this.#endpoints.halfOpen;
  }

  /** Takes those of what a person named that are dialled directly, and returns the others. */
  setGiven(texts: readonly string[]): string[] {
    this.#given = texts.filter(isDirectEndpoint).map((text) => ({ text, spaces: [] }));
    this.#endpoints.set([...this.#given, ...this.#ofSpaces]);
    return texts.filter((text) => !isDirectEndpoint(text));
  }

  /** Sets what members of spaces tell. */
  setSpaces(spaces: readonly { readonly space: SpaceId; readonly direct?: readonly string[] }[]): void {
    this.#ofSpaces = spaces.flatMap(({ space, direct = [] }) =>
      direct.map((text) => ({ text, spaces: [space] })),
    );
    this.#endpoints.set([...this.#given, ...this.#ofSpaces]);
  }

  /** Takes over the link of a dialer. @param settled called when it has proved itself. */
  take(link: Link, settled: () => void): void {
    if (!this.#options.hasRoom()) {
      this.#options.counters.count('direct-full');
      link.close('no room');
      return;
    }
    this.#adopt(link, { host: 'direct', spaces: [], peerNode: null }, settled, () => undefined);
  }

  /** The far end of a link has proved to be `node`. */
  proven(link: TrackedLink, node: NodeId): void {
    this.#onProven.get(link)?.(node);
  }

  /** Looks again whom to dial: a link has closed, or what `wants` says has changed. */
  review(): void {
    this.#endpoints.review();
  }

  /** Aborts all dials; links stay the owner's. */
  close(): void {
    this.#endpoints.close();
  }

  #adopt(link: Link, info: LinkInfo, onProven: (node: NodeId) => void, onClosed: () => void): void {
    const { clock, counters, onLink } = this.#options;
    const tracked = new TrackedLink(link, info, clock.monotonicMs(), (closed) => {
      if (!this.#onProven.delete(closed)) return; // it never opened
      this.#options.onClosed(closed);
      onClosed();
    });
    if (tracked.isClosed) {
      onClosed();
      return;
    }
    this.#onProven.set(tracked, onProven);
    counters.count('opened-directly');
    onLink(tracked);
  }
}
