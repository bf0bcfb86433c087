/**
 * Relays that are dialled directly, beside all hosts: at once when an invite names them, and again after every loss. A relay is known by
 * its certificate; which node it is shows when it has proved itself. From then on it is dialled only while there is no other link to that node.
 *
 * Invariants: one attempt per relay at a time, bounded in time; all waiting goes through the injected clock; texts from invites are bounded
 * and never make it throw.
 */
import { equalBytes, toHex } from '../core/bytes.ts';
import type { Counters } from '../core/counters.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import {
  type DirectAddress,
  type DirectEndpoint,
  directAddressText,
  parseDirectEndpoint,
} from '../identity/direct-endpoint.ts';
import { Backoff, HEALTHY_MS } from './backoff.ts';
import type { DialHandlers } from './direct-dial.ts';
import type { Link } from './port.ts';

/** As many as a node has hosts that it is given; each is one attempt at a time. */
const MAX_RELAYS = 8;
/** A relay that moves leaves old addresses in old invites; the newest are kept. */
const MAX_ADDRESSES = 8;
/** From the start of a dial to the open link; a relay gives up after five seconds of its own. */
export const DIAL_TIMEOUT_MS = 8_000;

/** A text that names a relay, and the spaces whose members told of it: none when a person did. */
export interface KnownDirect {
  readonly text: string;
  readonly spaces: readonly SpaceId[];
}

export interface DirectEndpointsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  /** Of this node's own certificate, when it is a relay: it does not dial itself. */
  readonly ownCertificateHash?: Uint8Array | undefined;
  dial(endpoint: DirectEndpoint, handlers: DialHandlers): { abort(reason: string): void };
  /** There is room for one more link. */
  hasRoom(): boolean;
  /** False for a node that is linked already, or is not to be. */
  wants(node: NodeId): boolean;
  /** A dial opened. Tell {@link DirectEndpoints.onProven} and {@link DirectEndpoints.onClosed} of this very link. */
  onLink(link: Link, via: DirectVia): void;
}

/** How a dialled link came about. */
export interface DirectVia {
  /** `direct:` and the first address. */
  readonly host: string;
  readonly spaces: readonly SpaceId[];
}

interface Relay {
  readonly certificateHash: DirectEndpoint['certificateHash'];
  addresses: readonly DirectAddress[];
  spaces: readonly SpaceId[];
  readonly backoff: Backoff;
  notBeforeMs: number;
  cancelTimer: (() => void) | undefined;
  abort: ((reason: string) => void) | undefined;
  link: Link | undefined;
  openedMs: number;
  /** Who is behind `link` has proved itself. */
  isProven: boolean;
  /** Who it proved to be. */
  node: NodeId | undefined;
}

export class DirectEndpoints {
  readonly #options: DirectEndpointsOptions;
  readonly #relays = new Map<string, Relay>();
  #closed = false;

  constructor(options: DirectEndpointsOptions) {
    this.#options = options;
  }

  /** Number of dials under way. */
  get halfOpen(): number {
    let count = 0;
    for (const { abort } of this.#relays.values()) if (abort !== undefined) count++;
    return count;
  }

  /** Sets whom to dial; texts that are no endpoints are left out. Links that exist stay. */
  set(known: readonly KnownDirect[]): void {
    const wanted = this.#byRelay(known);
    for (const [key, relay] of this.#relays) {
      if (wanted.has(key)) continue;
      this.#relays.delete(key);
      relay.cancelTimer?.();
      relay.abort?.('no longer known');
    }
    for (const [key, { endpoint, spaces }] of wanted) {
      const relay = this.#relays.get(key) ?? this.#newRelay(endpoint);
      relay.addresses = endpoint.addresses;
      relay.spaces = spaces;
      this.#relays.set(key, relay);
      this.#consider(relay);
    }
  }

  /** Looks at all of them again: a link has closed, or what `wants` says has changed. */
  review(): void {
    for (const relay of [...this.#relays.values()]) this.#consider(relay);
  }

  /** The relay behind a link proved to be `node`. */
  onProven(link: Link, node: NodeId): void {
    for (const relay of this.#relays.values()) {
      if (relay.link !== link) continue;
      relay.node = node;
      relay.isProven = true;
    }
  }

  /** A link has closed, dialled here or not. */
  onClosed(link: Link): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const relay of this.#relays.values()) {
      if (relay.link !== link) continue;
      relay.link = undefined;
      // One that opens and stays silent is closed after ten seconds: they were not healthy.
      if (relay.isProven && nowMs - relay.openedMs >= HEALTHY_MS) relay.backoff.reset();
      relay.notBeforeMs = nowMs + relay.backoff.next();
    }
    this.review();
  }

  /** Aborts all dials; links stay the owner's. */
  close(): void {
    this.#closed = true;
    for (const relay of this.#relays.values()) {
      relay.cancelTimer?.();
      relay.abort?.('closed');
    }
    this.#relays.clear();
  }

  #newRelay({ certificateHash, addresses }: DirectEndpoint): Relay {
    return {
      certificateHash,
      addresses,
      spaces: [],
      backoff: new Backoff(this.#options.random),
      notBeforeMs: 0,
      cancelTimer: undefined,
      abort: undefined,
      link: undefined,
      openedMs: 0,
      isProven: false,
      node: undefined,
    };
  }

  #byRelay(known: readonly KnownDirect[]): Map<string, { endpoint: DirectEndpoint; spaces: SpaceId[] }> {
    const { counters, ownCertificateHash } = this.#options;
    const relays = new Map<string, { endpoint: DirectEndpoint; spaces: SpaceId[] }>();
    for (const { text, spaces } of known) {
      const endpoint = readEndpoint(text);
      if (endpoint === undefined) {
        counters.count('direct-malformed');
        continue;
      }
      const { certificateHash } = endpoint;
      if (ownCertificateHash !== undefined && equalBytes(ownCertificateHash, certificateHash)) continue;
      const key = toHex(certificateHash);
      const before = relays.get(key);
      if (before === undefined && relays.size >= MAX_RELAYS) {
        counters.count('direct-over-limit');
        continue;
      }
      const addresses = distinct([...(before?.endpoint.addresses ?? []), ...endpoint.addresses]);
      relays.set(key, {
        endpoint: { certificateHash, addresses: addresses.slice(-MAX_ADDRESSES) },
        spaces: [...new Set([...(before?.spaces ?? []), ...spaces])],
      });
    }
    return relays;
  }

  #consider(relay: Relay): void {
    const { clock, hasRoom, wants } = this.#options;
    relay.cancelTimer?.();
    relay.cancelTimer = undefined;
    if (this.#closed || relay.abort !== undefined || relay.link !== undefined) return;
    if (relay.node !== undefined && !wants(relay.node)) return;
    const waitMs = relay.notBeforeMs - clock.monotonicMs();
    if (waitMs > 0) relay.cancelTimer = clock.schedule(waitMs, () => this.#consider(relay));
    else if (hasRoom()) this.#dial(relay);
  }

  #dial(relay: Relay): void {
    const { clock, counters, dial, onLink } = this.#options;
    const { certificateHash, addresses, spaces } = relay;
    const end = () => {
      cancelTimeout();
      relay.abort = undefined;
    };
    const failed = () => {
      end();
      counters.count('direct-failed');
      relay.notBeforeMs = clock.monotonicMs() + relay.backoff.next();
      if (this.#relays.get(toHex(certificateHash)) === relay) this.#consider(relay);
    };
    const cancelTimeout = clock.schedule(DIAL_TIMEOUT_MS, () => relay.abort?.('not open in time'));
    relay.abort = () => undefined;
    counters.count('direct-dialled');
    try {
      const { abort } = bound(
        dial(
          { certificateHash, addresses },
          {
            onOpen: (link) => {
              end();
              relay.link = link;
              relay.openedMs = clock.monotonicMs();
              relay.isProven = false;
              const [first] = addresses;
              onLink(link, { host: `direct:${first ? directAddressText(first) : ''}`, spaces });
            },
            onFail: failed,
          },
        ),
      );
      if (relay.abort !== undefined) relay.abort = abort;
    } catch {
      failed(); // e.g. the browser has no more peer connections to give
    }
  }
}

function bound(dial: { abort(reason: string): void }): { abort: (reason: string) => void } {
  return { abort: (reason) => dial.abort(reason) };
}

function readEndpoint(text: string): DirectEndpoint | undefined {
  try {
    return parseDirectEndpoint(text);
  } catch {
    return undefined;
  }
}

/** Of the same address twice the later stays. */
function distinct(addresses: readonly DirectAddress[]): DirectAddress[] {
  const last = new Map<string, DirectAddress>();
  for (const one of addresses) {
    const text = directAddressText(one);
    last.delete(text);
    last.set(text, one);
  }
  return [...last.values()];
}
