/** Looks for traces of plaintext on a disk: any 32 bytes in a row that also stand in something that should be sealed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const WINDOW_BYTES = 32;
const CHUNK_BYTES = 8;
/** Runs of zeros or blanks stand in files of any kind and say nothing: a trace has at least as many different bytes. */
const MIN_DISTINCT_BYTES = 8;

export interface Secret {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** Every file below a folder. */
export function filesBelow(folder: string): { readonly path: string; readonly bytes: Buffer }[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.map(({ parentPath, name }) => ({
    path: join(parentPath, name),
    bytes: readFileSync(join(parentPath, name)),
  }));
}

/** The first 32 bytes that `bytes` shares with a secret, in words; undefined when there are none. */
export class TraceFinder {
  /** Aligned chunks of the secrets: any 32 bytes in a row of a secret hold at least three of them whole. */
  readonly #chunks = new Map<bigint, { readonly secret: Secret; readonly at: number }[]>();

  constructor(secrets: readonly Secret[]) {
    for (const secret of secrets) {
      const view = Buffer.from(secret.bytes);
      for (let at = 0; at + CHUNK_BYTES <= view.length; at += CHUNK_BYTES) {
        const chunk = view.readBigUInt64LE(at);
        const places = this.#chunks.get(chunk) ?? [];
        if (places.length === 0) this.#chunks.set(chunk, places);
        // The same eight bytes in a row again and again are no trace anyway.
        if (places.length < 64) places.push({ secret, at });
      }
    }
  }

  find(bytes: Buffer): string | undefined {
    for (let at = 0; at + CHUNK_BYTES <= bytes.length; at++) {
      for (const place of this.#chunks.get(bytes.readBigUInt64LE(at)) ?? []) {
        const shared = sharedAround(bytes, at, place.secret.bytes, place.at);
        if (shared.length < WINDOW_BYTES || new Set(shared).size < MIN_DISTINCT_BYTES) continue;
        return `${place.secret.what}: ${Buffer.from(shared).toString('hex')} at ${at}`;
      }
    }
    return undefined;
  }
}

function sharedAround(a: Uint8Array, atA: number, b: Uint8Array, atB: number): Uint8Array {
  let before = 0;
  while (before < atA && before < atB && a[atA - before - 1] === b[atB - before - 1]) before++;
  let after = 0;
  while (atA + after < a.length && atB + after < b.length && a[atA + after] === b[atB + after]) after++;
  return a.subarray(atA - before, atA + after);
}
