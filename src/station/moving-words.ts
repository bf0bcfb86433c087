/** The six words that open a moving device's file, and the key they make. */
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { type Bytes, toUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { hkdfSha256 } from '../core/hash.ts';
import type { Random } from '../core/ports.ts';

export const SALT_BYTES = 16;
export const CHECK_BYTES = 16;
/** 66 bits: with what scrypt costs per guess, more than anybody can search. */
export const MOVING_WORDS = 6;
/** OWASP's cost (2^17, 8, 1) spread over a quarter of the memory: 32 MiB, which every phone has. About a second there. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 3, dkLen: 32 } as const;

/** Six words for a file, from the list of BIP 39. */
export function makeMovingWords(random: Random): string {
  const bytes = random.bytes(MOVING_WORDS * 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // 2048 words divide 65536 evenly: no word is likelier than another.
  return Array.from(
    { length: MOVING_WORDS },
    (_, i) => wordlist[view.getUint16(i * 2) % wordlist.length],
  ).join(' ');
}

/**
 * The words as they are hashed, from what a person typed.
 * @throws WaystationError `malformed` that names the word that is wrong.
 */
export function parseMovingWords(text: string): string {
  const words = text
    .slice(0, 1_000)
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  if (words.length !== MOVING_WORDS)
    throw new WaystationError('malformed', `expected ${MOVING_WORDS} words, got ${words.length}`);
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) {
    const word = words[unknown]?.slice(0, 20);
    throw new WaystationError(
      'malformed',
      `word ${unknown + 1}, “${word}”, is none of the words that are used: look again`,
    );
  }
  return words.join(' ');
}

/** What the words and the salt give: the key of the chunks, and what tells that the words are right. */
export interface MovingKey {
  readonly key: Bytes;
  readonly check: Bytes;
}

/** Derives the key of a file; slow on purpose, in pieces that leave the thread to others. @param words as {@link parseMovingWords}. */
export async function deriveMovingKey(words: string, salt: Uint8Array): Promise<MovingKey> {
  const root = await scryptAsync(toUtf8(words), salt, SCRYPT);
  return {
    key: hkdfSha256(root, salt, toUtf8('waystation/move-key/1'), 32),
    check: hkdfSha256(root, salt, toUtf8('waystation/move-check/1'), CHECK_BYTES),
  };
}

/** A salt for a new file. */
export function makeMovingSalt(random: Random): Bytes {
  return random.bytes(SALT_BYTES);
}
