/** A bounded cache of imported public keys: importing costs about as much as verifying once. */
import { toHex } from '../core/bytes.ts';

/** Members of the largest networks thought of; an entry is under 1 kB. */
const MAX_CACHED_KEYS = 1024;

/** Keeps what `make` returned for the keys asked for most recently. */
export class KeyCache<T> {
  readonly #made = new Map<string, T>();
  readonly #make: (publicKey: Uint8Array) => T;

  constructor(make: (publicKey: Uint8Array) => T) {
    this.#make = make;
  }

  /** The imported form of a raw public key; whatever `make` throws is passed on and not kept. */
  get(publicKey: Uint8Array): T {
    const name = toHex(publicKey);
    const value = this.#made.get(name) ?? this.#make(publicKey);
    // Deleting first moves the key to the end: a Map's first key is the one used longest ago.
    this.#made.delete(name);
    this.#made.set(name, value);
    if (this.#made.size > MAX_CACHED_KEYS) {
      const [oldest] = this.#made.keys();
      if (oldest !== undefined) this.#made.delete(oldest);
    }
    return value;
  }
}
