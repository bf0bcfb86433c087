/**
 * A process that writes to a file store until it is killed. Each acknowledged write is one line on standard output, written
 * after its promise resolved. Arguments: folder, first number. Mode `hold` as third argument only opens, says so, and waits.
 */

import { writeSync } from 'node:fs';
import { LEAF_BYTES } from '../../src/blob/merkle.ts';
import { errorMessage, isWaystationError } from '../../src/core/errors.ts';
import { openFileStore } from '../../src/store/file-system.node.ts';
import { pattern, refOf } from './store-contract.ts';

const SMALL_BLOB_BYTES = 200_000;
const LARGE_BLOB_BYTES = 1_500_000;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function appendForever(directory: string, first: number): Promise<void> {
  const { logs, state, blobs } = await openFileStore(directory);
  say('opened');
  const small = async (n: number) => {
    const ref = refOf(SMALL_BLOB_BYTES, n);
    const bytes = pattern(SMALL_BLOB_BYTES, n);
    for (let at = 0; at < ref.size; at += 8 * LEAF_BYTES) {
      if (await blobs.write(ref, at / LEAF_BYTES, bytes.subarray(at, at + 8 * LEAF_BYTES))) say(`small ${n}`);
    }
  };
  const large = async (n: number) => {
    const ref = refOf(LARGE_BLOB_BYTES, n);
    const bytes = pattern(LARGE_BLOB_BYTES, n);
    for (let at = 0; at < ref.size; at += 8 * LEAF_BYTES) {
      if (await blobs.write(ref, at / LEAF_BYTES, bytes.subarray(at, at + 8 * LEAF_BYTES))) say(`large ${n}`);
    }
  };
  for (let n = first; ; n++) {
    await Promise.all([
      logs
        .append('log', [pattern(3000, n), pattern(20, n)], n % 2 === 0 ? 'strict' : 'relaxed')
        .then(() => say(`log ${n}`)),
      state
        .put('counter', pattern(1000, n), n % 2 === 0 ? 'strict' : 'relaxed')
        .then(() => say(`state ${n}`)),
      small(n),
      large(n),
    ]);
  }
}

async function hold(directory: string): Promise<void> {
  try {
    await openFileStore(directory);
    say('opened');
    setInterval(() => undefined, 1000);
  } catch (error) {
    say(isWaystationError(error) ? error.code : errorMessage(error));
  }
}

const [directory = '', first = '0', mode] = process.argv.slice(2);
await (mode === 'hold' ? hold(directory) : appendForever(directory, Number(first)));
