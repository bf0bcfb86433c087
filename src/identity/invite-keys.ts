/** Keys made from one 32-byte seed: a one-off invite's, or those behind the recovery words. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { hkdfSha256 } from '../core/hash.ts';
import { statement } from '../feed/entry.ts';

const NO_SALT = new Uint8Array(0);

export interface SeedKeys {
  /** Ed25519 seed, 32 bytes. */
  readonly signSeed: Bytes;
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
  /** X25519 private key, 32 bytes. */
  readonly sealPrivate: Bytes;
  /** X25519 public key, 32 bytes. */
  readonly sealKey: Bytes;
}

/** Both key pairs of a seed; `purpose` keeps an invite's apart from a recovery key's. */
export function seedKeys(seed: Uint8Array, purpose: 'invite' | 'recovery'): SeedKeys {
  const derive = (use: string) => hkdfSha256(seed, NO_SALT, statement(`waystation/${purpose}-${use}/1`), 32);
  const signSeed = derive('sign');
  const sealPrivate = derive('seal');
  return {
    signSeed,
    publicKey: asBytes(ed25519.getPublicKey(signSeed)),
    sealPrivate,
    sealKey: asBytes(x25519.getPublicKey(sealPrivate)),
  };
}

export function inviteKeys(seed: Uint8Array): SeedKeys {
  return seedKeys(seed, 'invite');
}
