/**
 * What the pure code is handed instead of reaching for it: time, chance, and heavy cryptography.
 * In the simulator all three are virtual and synchronous; outside they are the platform's.
 */
import type { Bytes } from './bytes.ts';

/** Milliseconds since the Unix epoch, as this device believes. May jump. */
export interface Clock {
  nowMs(): number;
  /** Monotonic milliseconds, for intervals; never jumps back. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs` of monotonic time; the result cancels. */
  schedule(delayMs: number, fire: () => void): () => void;
}

/** Cryptographically strong randomness (seeded in the simulator). */
export interface Random {
  bytes(length: number): Bytes;
}

export type MaybePromise<T> = T | Promise<T>;

export interface Verification {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** HPKE ciphertext (RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). */
export interface SealedBox {
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** Cryptography that needs no secret of this node. Batched: one call, many items, results in order. */
export interface Crypto {
  /** SHA-256 of each chunk. */
  digest(chunks: readonly Uint8Array[]): MaybePromise<Bytes[]>;
  /** Strict Ed25519 (RFC 8032, small-order keys refused). */
  verify(items: readonly Verification[]): MaybePromise<boolean[]>;
  /** Signs with a raw Ed25519 seed (one-off invite keys, recovery keys). */
  signWithSeed(seed: Uint8Array, message: Uint8Array): MaybePromise<Bytes>;
  /** AES-256-GCM; ciphertext followed by the 16-byte tag. `nonce` is 12 bytes. */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): MaybePromise<Bytes>;
  /** @throws WaystationError `corrupt` when the tag does not fit. */
  aeadOpen(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): MaybePromise<Bytes>;
  /** HPKE single-shot seal to a raw X25519 public key. */
  hpkeSeal(publicKey: Uint8Array, info: Uint8Array, plaintext: Uint8Array): MaybePromise<SealedBox>;
  /** HPKE single-shot open with a raw X25519 private key. @throws WaystationError `corrupt`. */
  hpkeOpenWithSeed(privateKey: Uint8Array, info: Uint8Array, box: SealedBox): MaybePromise<Bytes>;
}

/** The node's own keys; private halves never leave the adapter. */
export interface NodeKeys {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
  /** X25519 public key that sealed keys are addressed to, 32 bytes. */
  readonly sealKey: Bytes;
  sign(messages: readonly Uint8Array[]): MaybePromise<Bytes[]>;
  hpkeOpen(info: Uint8Array, box: SealedBox): MaybePromise<Bytes>;
}
