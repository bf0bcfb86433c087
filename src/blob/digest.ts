/** Naming bytes: the leaves of a blob digested in one batch by the platform, and the blob's reference made of them. */
import type { Bytes } from '../core/bytes.ts';
import { type BlobRef, blobRootFrom } from '../core/ids.ts';
import type { Crypto } from '../core/ports.ts';
import { leafCount, merkleRoot, splitLeaves } from './merkle.ts';

/** The part of the crypto port that naming needs. */
export type Digester = Pick<Crypto, 'digest'>;

/** SHA-256 of each 16 KiB leaf of `bytes`. @throws RangeError when `bytes` is empty or too long for a blob. */
export async function leafHashes(crypto: Digester, bytes: Uint8Array): Promise<Bytes[]> {
  leafCount(bytes.length);
  return await crypto.digest(splitLeaves(bytes));
}

/** The reference (Merkle root and size) of `bytes`. @throws RangeError when `bytes` is empty or too long for a blob. */
export async function computeRef(crypto: Digester, bytes: Uint8Array): Promise<BlobRef> {
  return { root: blobRootFrom(merkleRoot(await leafHashes(crypto, bytes))), size: bytes.length };
}
