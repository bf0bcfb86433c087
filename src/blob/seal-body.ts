/**
 * Sealing the small body of an entry: `salt(32) ‖ commitment(32) ‖ AES-256-GCM(body) ‖ tag(16)`. The key is used once, so the
 * nonce is zero; what the body belongs to (the entry's clear header) is associated data. Derivation: `content-key.ts`.
 */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import {
  COMMITMENT_BYTES,
  contentKey,
  openingKey,
  SALT_BYTES,
  type SealContext,
  type Sealer,
  TAG_BYTES,
} from './content-key.ts';

const NONCE = new Uint8Array(12);
/** What sealing adds to a body: salt, commitment and tag. */
export const BODY_OVERHEAD_BYTES = SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/** Seals `plaintext` under a fresh random `salt` of 32 bytes. @throws RangeError on a salt or key of the wrong length. */
export async function sealBody(
  crypto: Sealer,
  context: SealContext,
  salt: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<Bytes> {
  const { key, commitment } = contentKey('body', context, salt);
  return concatBytes(salt, commitment, await crypto.aeadSeal(key, NONCE, plaintext, aad));
}

/**
 * Opens what {@link sealBody} made.
 * @throws WaystationError `no-key` when it was sealed with another key or for another place, `corrupt` when body or
 * associated data were changed, `malformed` when it is too short.
 */
export async function openBody(
  crypto: Sealer,
  context: SealContext,
  sealed: Uint8Array,
  aad: Uint8Array,
): Promise<Bytes> {
  if (sealed.length < BODY_OVERHEAD_BYTES) {
    throw new WaystationError(
      'malformed',
      `expected a sealed body of ${BODY_OVERHEAD_BYTES} bytes or more, got ${sealed.length}`,
    );
  }
  const boxAt = SALT_BYTES + COMMITMENT_BYTES;
  const key = openingKey('body', context, sealed.subarray(0, SALT_BYTES), sealed.subarray(SALT_BYTES, boxAt));
  return await crypto.aeadOpen(key, NONCE, sealed.subarray(boxAt), aad);
}
