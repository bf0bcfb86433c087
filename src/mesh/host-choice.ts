/**
 * Which hosts the members of a space meet on, agreed without a word: weighted rendezvous hashing (Thaler and Ravishankar 1998, "Using
 * name-based mappings to increase hit rates"; weights by the logarithmic method: the largest −w / ln h wins). Everybody who knows the
 * same hosts gets the same order. A host that goes leaves the order of the others as it was, so only its share moves.
 *
 * Invariants
 * - The same order on every machine. `Math.log` may differ in its last bits from engine to engine, and two nodes that disagree about one
 *   pair of hosts wait for each other on different ones. So the logarithm is taken in whole numbers, digit by digit, by squaring a
 *   32-bit mantissa, and costs are compared by multiplying them out: every intermediate is a whole number below 2^53, exact in
 *   an ECMAScript number, and fits an unsigned 64-bit integer elsewhere.
 * - Nothing here changes with time. A topic that turned at midnight would move every space each day, and part those whose clocks differ.
 */
import { type Bytes, compareBytes, toUtf8 } from '../core/bytes.ts';
import { hmacSha256, sha256 } from '../core/hash.ts';

/** What a host weighs of which nobody says otherwise. */
export const DEFAULT_WEIGHT = 10;
/** A host for a tenth of the ordinary share up to one for ten times as much. */
export const MAX_WEIGHT = 100;

const LABEL = toUtf8('waystation/choice/1');
const FRACTION_BITS = 24;
const UNIT = 2 ** FRACTION_BITS;

export interface WeightedHost {
  /** The same for all who know the host. */
  readonly name: string;
  /** Whole, 1 to {@link MAX_WEIGHT}; its share is this over the sum. */
  readonly weight: number;
}

/** The blinded topic of a space for choosing hosts, 32 bytes: who does not have the meet secret cannot foresee what it chooses. */
export function choiceTopic(meetSecret: Uint8Array): Bytes {
  return hmacSha256(meetSecret, LABEL);
}

/**
 * What a host drew for a topic, as −log2(h) in units of 2^−24, at least 1: exponentially distributed over hosts.
 * @param topic 32 bytes. @param name in UTF-8.
 */
export function hostCost(topic: Uint8Array, name: string): number {
  const digest = sha256(topic, toUtf8(name));
  return costOf(new DataView(digest.buffer, digest.byteOffset).getUint32(0));
}

/**
 * −log2(x / 2^32) in units of 2^−24, where x is `draw` with its lowest bit set, so that no draw costs nothing.
 * @param draw 32 bits, unsigned.
 */
export function costOf(draw: number): number {
  const x = (draw | 1) >>> 0;
  const shift = Math.clz32(x);
  let mantissa = (x << shift) >>> 0;
  let log = 31 - shift;
  for (let bit = 0; bit < FRACTION_BITS; bit++) {
    const high = mantissa >>> 16;
    const low = mantissa & 0xffff;
    // floor(mantissa² / 2^31), in two parts, for the square itself has 64 bits.
    let square = 2 * high * high + Math.floor((high * low * 2 ** 17 + low * low) / 2 ** 31);
    log *= 2;
    if (square >= 2 ** 32) {
      log += 1;
      square = Math.floor(square / 2);
    }
    mantissa = square;
  }
  return 32 * UNIT - log;
}

/** The hosts in the order in which a space uses them, the best first; `hosts` itself stays as it is. */
export function rankHosts<T extends WeightedHost>(topic: Uint8Array, hosts: readonly T[]): T[] {
  const drawn = hosts.map((host) => ({ host, cost: hostCost(topic, host.name) }));
  // cost / weight, the smaller first: the same as −w / ln h, the larger first.
  drawn.sort(
    (a, b) =>
      a.cost * b.host.weight - b.cost * a.host.weight ||
      compareBytes(toUtf8(a.host.name), toUtf8(b.host.name)),
  );
  return drawn.map(({ host }) => host);
}
