/** The recovery key of a space as 24 English words (BIP 39), shown once when the space is made. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type SeedKeys, seedKeys } from './invite-keys.ts';

export const RECOVERY_SEED_BYTES = 32;
const WORDS = 24;

/** 24 words for a 32-byte seed. */
export function recoveryWords(seed: Uint8Array): string {
  if (seed.length !== RECOVERY_SEED_BYTES)
    throw new RangeError(`expected a seed of ${RECOVERY_SEED_BYTES} bytes`);
  return entropyToMnemonic(seed, wordlist);
}

/** @throws WaystationError `malformed` that names the word that is wrong, or says that the words do not fit together. */
export function parseRecoveryWords(text: string): Bytes {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words.length !== WORDS)
    throw new WaystationError('malformed', `expected ${WORDS} words, got ${words.length}`);
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) {
    throw new WaystationError(
      'malformed',
      `word ${unknown + 1}, “${words[unknown]}”, is not one of the recovery words: look again`,
    );
  }
  try {
    return asBytes(mnemonicToEntropy(words.join(' '), wordlist));
  } catch (cause) {
    throw new WaystationError(
      'malformed',
      'these words do not belong together: one is wrong or two are swapped',
      { cause },
    );
  }
}

export function recoveryKeys(seed: Uint8Array): SeedKeys {
  return seedKeys(seed, 'recovery');
}
