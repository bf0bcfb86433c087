/**
 * The key that seals one blob or body in a private space, and the commitment to it.
 *
 *     key(32) ‖ commitment(32) = HKDF-SHA-256(ikm = epoch key, salt = 32 random bytes,
 *                                             info = label ‖ space(32) ‖ author(32) ‖ feed(16), length = 64)
 *
 * AES-GCM alone does not commit to its key: one ciphertext can be made to open under two. The commitment, stored in clear
 * and checked first, binds it to one epoch key and to the place (space, author, feed) it was sealed for. A fresh salt makes a
 * fresh key each time, so nonces may simply count. Both labels are 17 bytes, so no input of one is an input of the other.
 */
import { type Bytes, concatBytes, equalBytes, toUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { hkdfSha256 } from '../core/hash.ts';
import { type FeedId, idBytes, type NodeId, type SpaceId } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';

/** Where something is sealed, and with what. */
export interface SealContext {
  /** The content key of the epoch, 32 bytes. */
  readonly epochKey: Uint8Array;
  readonly space: SpaceId;
  readonly author: NodeId;
  readonly feed: FeedId;
}

/** The part of the crypto port that sealing needs. */
export type Sealer = Pick<Crypto, 'aeadSeal' | 'aeadOpen'>;

export const SALT_BYTES = 32;
export const COMMITMENT_BYTES = 32;
/** AES-GCM's tag. */
export const TAG_BYTES = 16;
const KEY_BYTES = 32;

const LABELS = { blob: toUtf8('waystation/blob/1'), body: toUtf8('waystation/body/1') };

export interface ContentKey {
  readonly key: Bytes;
  readonly commitment: Bytes;
}

/** Derives key and commitment. @throws RangeError when the epoch key or the salt is not 32 bytes long. */
export function contentKey(label: keyof typeof LABELS, context: SealContext, salt: Uint8Array): ContentKey {
  if (context.epochKey.length !== KEY_BYTES || salt.length !== SALT_BYTES) {
    throw new RangeError(
      `expected an epoch key of ${KEY_BYTES} and a salt of ${SALT_BYTES} bytes, got ${context.epochKey.length} and ${salt.length}`,
    );
  }
  const info = concatBytes(
    LABELS[label],
    idBytes(context.space),
    idBytes(context.author),
    idBytes(context.feed),
  );
  const both = hkdfSha256(context.epochKey, salt, info, KEY_BYTES + COMMITMENT_BYTES);
  return { key: both.slice(0, KEY_BYTES), commitment: both.slice(KEY_BYTES) };
}

/** Derives the key again and checks the commitment in constant time. @throws WaystationError `no-key` when it differs. */
export function openingKey(
  label: keyof typeof LABELS,
  context: SealContext,
  salt: Uint8Array,
  commitment: Uint8Array,
): Bytes {
  const derived = contentKey(label, context, salt);
  if (!equalBytes(derived.commitment, commitment)) {
    throw new WaystationError(
      'no-key',
      `expected a ${label} sealed with this epoch key for this space, author and feed; it was sealed with another key or ` +
        'its header is damaged. Ask an admin whether this node was given that epoch',
    );
  }
  return derived.key;
}
