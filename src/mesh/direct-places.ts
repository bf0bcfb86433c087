/**
 * Who may be half-open at a relay that is dialled directly. Each dialer costs a native connection before anybody has proved anything, and
 * UDP source addresses can be made up: so there are few places, fewer per network, and for a short time. Pure.
 *
 * Invariant: memory is bounded by the number of places; every refusal has a fixed reason.
 */
import { parseIp } from '../../signaling/ip-address.ts';

export interface DirectLimits {
  /** Dials at once in all that have not proved themselves; each costs about 1 MB. */
  readonly places: number;
  /** Of one IPv4 /24 or IPv6 /56: what one provider gives to one customer. A dialer that finds them taken asks again by itself. */
  readonly placesPerNetwork: number;
  /** From the first request to the open channels, ms. */
  readonly openMs: number;
  /** From then to the proof, ms: longer than the session itself waits, which then closes the link. */
  readonly proofMs: number;
  /** A dial to whose address no path was found in this time, ms, makes room when all places, or its network's, are taken: made-up addresses never find one. */
  readonly silentMs: number;
  /** Requests a second that are looked at; a dialer sends about ten. */
  readonly requestsPerSecond: number;
}

export const DIRECT_LIMITS: DirectLimits = {
  places: 32,
  placesPerNetwork: 4,
  openMs: 5_000,
  proofMs: 12_000,
  silentMs: 1_000,
  requestsPerSecond: 2_000,
};

export type PlaceRefusal = 'places-full' | 'places-of-network-full' | 'address-unusable';

/** A taken place. */
export interface Place {
  readonly network: string;
  readonly sinceMs: number;
  /** A path to the dialer was found. */
  hasPath: boolean;
  /** Ends the dial. */
  readonly end: (reason: string) => void;
}

export class DirectPlaces {
  readonly #limits: DirectLimits;
  readonly #places = new Set<Place>();

  constructor(limits: DirectLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#places.size;
  }

  /**
   * Takes a place for a dialer at `host`; give it back with {@link release}.
   * @param end ends that dial, when it must make room.
   */
  take(host: string, nowMs: number, end: (reason: string) => void): Place | PlaceRefusal {
    const network = networkOf(host);
    if (network === undefined) return 'address-unusable';
    let inNetwork = 0;
    for (const place of this.#places) if (place.network === network) inNetwork++;
    if (inNetwork >= this.#limits.placesPerNetwork && !this.#makeRoom(nowMs, network))
      return 'places-of-network-full';
    if (this.#places.size >= this.#limits.places && !this.#makeRoom(nowMs)) return 'places-full';
    const place: Place = { network, sinceMs: nowMs, hasPath: false, end };
    this.#places.add(place);
    return place;
  }

  release(place: Place): void {
    this.#places.delete(place);
  }

  /** @param network only places of this one make room; any when absent. */
  #makeRoom(nowMs: number, network?: string): boolean {
    // In order of arrival: the first without a path is the oldest.
    for (const place of this.#places) {
      if (network !== undefined && place.network !== network) continue;
      if (nowMs - place.sinceMs < this.#limits.silentMs) return false;
      if (place.hasPath) continue;
      this.#places.delete(place);
      place.end('made room');
      return true;
    }
    return false;
  }
}

/** The /24 or /56 that an address is in. */
function networkOf(host: string): string | undefined {
  const address = parseIp(host);
  if (address === undefined) return undefined;
  return `${address.length}/${address.subarray(0, address.length === 4 ? 3 : 7).join('.')}`;
}
