/**
 * The part of strict Ed25519 verification (RFC 8032 §5.1.7) that platforms disagree about, as a comparison of bytes:
 * which 32-byte encodings may stand for a public key or for R. Refused are the encodings of the eight points of small
 * order (under such a key one signature fits many messages), also with the sign bit that x = 0 does not have, and every
 * y that is not reduced (y ≥ 2^255 − 19). What remains is left to the platform, all of which check S < L and compare
 * [S]B − [k]A with R byte for byte (cofactorless), so every adapter answers alike; tests/vectors/ed25519.json holds it to that.
 */
import { toHex } from '../core/bytes.ts';

/** Canonical encodings of the eight small-order points, and the two with x = 0 and a sign bit nevertheless. */
const SMALL_ORDER: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];
const SMALL_ORDER_SET: ReadonlySet<string> = new Set(SMALL_ORDER);
/** First bytes of the encodings above: all but one key in thirty is settled by looking at one byte. */
const FIRST_BYTES: ReadonlySet<number> = new Set(
  SMALL_ORDER.map((hex) => Number.parseInt(hex.slice(0, 2), 16)),
);

function isReduced(encoding: Uint8Array): boolean {
  if (((encoding[31] as number) & 0x7f) !== 0x7f || (encoding[0] as number) < 0xed) return true;
  for (let i = 1; i < 31; i++) if (encoding[i] !== 0xff) return true;
  return false;
}

/** False for encodings that strict verification refuses as a public key or as R. `encoding` is 32 bytes. */
export function isStrictPoint(encoding: Uint8Array): boolean {
  if (encoding.length !== 32 || !isReduced(encoding)) return false;
  return !FIRST_BYTES.has(encoding[0] as number) || !SMALL_ORDER_SET.has(toHex(encoding));
}

/** False when strict verification refuses whatever the message is: lengths, public key or R. */
export function isStrictPair(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32));
}
