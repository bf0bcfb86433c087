/** Seeded randomness for the simulator: xoshiro128** (Blackman and Vigna 2018), one stream per purpose. */
import type { Bytes } from '../../src/core/bytes.ts';

export class SeededRandom {
  #state: Uint32Array<ArrayBuffer>;

  constructor(seed: number) {
    // SplitMix32 spreads the seed over the state, so that neighbouring seeds differ at once.
    let x = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    });
  }

  /** A generator of its own, so that what one part draws does not shift another's numbers. */
  fork(label: number): SeededRandom {
    return new SeededRandom((this.uint32() ^ Math.imul(label, 0x85ebca6b)) >>> 0);
  }

  uint32(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const times5 = Math.imul(s[1], 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** In [0, 1). */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Integer in [from, to). */
  integer(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length)] as T;
  }

  bytes(length: number): Bytes {
    return Uint8Array.from({ length }, () => this.uint32() & 255);
  }
}
