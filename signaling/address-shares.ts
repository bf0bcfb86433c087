/**
 * What one house may take of a host: connections at once, connections and messages a second. Pure; salts and time are handed in.
 * A house is an IPv4 address or an IPv6 network of 64 bits; of a neighbourhood (IPv4 /24, IPv6 /48) only the sockets are counted,
 * since many houses of one provider may well be behind one.
 *
 * Invariants: memory grows with the sockets that are open, which are bounded, and by nothing else; every refusal has a fixed reason.
 */
import { houseBytes, type IpBytes, neighbourhoodBytes, parseIp } from './ip-address.ts';
import { type RateLimit, RateSlots, type Slot } from './rate-slots.ts';

export interface ShareLimits {
  /** Sockets at once from one house: a village behind one address translator. */
  readonly socketsPerHouse: number;
  /** And from one neighbourhood: with IPv6 one customer has 65,536 houses. */
  readonly socketsPerNeighbourhood: number;
  /** Sockets at once in all, twice the clients: those that say nothing yet or are being closed count too. */
  readonly sockets: number;
  /** New connections of one house: all of a village after a power cut, then eight a second. */
  readonly connects: RateLimit;
  /** Messages of one house, each begun 4 KiB as one: forty connections at their long-run limit. */
  readonly messages: RateLimit;
}

export const SHARE_LIMITS: ShareLimits = {
  socketsPerHouse: 512,
  socketsPerNeighbourhood: 1_024,
  sockets: 8_192,
  connects: { burst: 1_024, perSecond: 8 },
  messages: { burst: 32_768, perSecond: 2_048 },
};

/** Bytes that count as one message. */
const BYTES_PER_TOKEN = 4_096;
/** 4,096 buckets of 16 bytes: TCP shows real addresses, and few of them. */
const SLOT_BITS = 12;

/** The place of a socket: one object for all sockets of a house. */
export interface Share {
  readonly house: string;
  readonly neighbourhood: string;
  readonly slot: Slot;
}

export type ShareRefusal =
  | 'sockets-per-address'
  | 'sockets-per-network'
  | 'sockets-in-all'
  | 'connects-per-address';

export class AddressShares {
  readonly #limits: ShareLimits;
  readonly #connects: RateSlots;
  readonly #messages: RateSlots;
  readonly #houses = new Map<string, { readonly share: Share; sockets: number }>();
  readonly #neighbourhoods = new Map<string, number>();
  #sockets = 0;

  /** @param salt 32 random bits. */
  constructor(limits: Partial<ShareLimits>, salt: number) {
    this.#limits = { ...SHARE_LIMITS, ...limits };
    this.#connects = new RateSlots(this.#limits.connects, salt, SLOT_BITS);
    // The same salt, so that one look finds the slot in both tables.
    this.#messages = new RateSlots(this.#limits.messages, salt, SLOT_BITS);
  }

  /** Houses with an open socket. */
  get houses(): number {
    return this.#houses.size;
  }

  /** Takes a place for a socket from `address`; whoever got one gives it back with {@link close}. */
  open(address: string, nowMs: number): Share | ShareRefusal {
    const bytes = parseIp(address) ?? new Uint8Array(4);
    const house = prefix(bytes, houseBytes(bytes));
    const known = this.#houses.get(house);
    const share = known?.share ?? {
      house,
      neighbourhood: prefix(bytes, neighbourhoodBytes(bytes)),
      slot: this.#connects.slotOf(bytes, houseBytes(bytes)),
    };
    const limits = this.#limits;
    if (this.#sockets >= limits.sockets) return 'sockets-in-all';
    if ((known?.sockets ?? 0) >= limits.socketsPerHouse) return 'sockets-per-address';
    const near = this.#neighbourhoods.get(share.neighbourhood) ?? 0;
    if (near >= limits.socketsPerNeighbourhood) return 'sockets-per-network';
    if (!this.#connects.take(share.slot, 1, nowMs)) return 'connects-per-address';
    this.#sockets++;
    this.#neighbourhoods.set(share.neighbourhood, near + 1);
    if (known === undefined) this.#houses.set(house, { share, sockets: 1 });
    else known.sockets++;
    return share;
  }

  /** The socket is gone. */
  close({ house, neighbourhood }: Share): void {
    this.#sockets--;
    const here = this.#houses.get(house);
    if (here !== undefined && --here.sockets === 0) this.#houses.delete(house);
    const near = (this.#neighbourhoods.get(neighbourhood) ?? 1) - 1;
    if (near > 0) this.#neighbourhoods.set(neighbourhood, near);
    else this.#neighbourhoods.delete(neighbourhood);
  }

  /** A message of `bytes` came; false means that the house has had its share and the message is dropped. */
  spend({ slot }: Share, bytes: number, nowMs: number): boolean {
    return this.#messages.take(slot, Math.max(1, Math.ceil(bytes / BYTES_PER_TOKEN)), nowMs);
  }
}

function prefix(address: IpBytes, length: number): string {
  return `${address.length}/${address.subarray(0, length).join('.')}`;
}
