/** Opens a node on a data folder with Node's adapters: files, node:crypto, the system's clock. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Clock, Random } from '../core/ports.ts';
import { createNodeCrypto } from '../identity/crypto.node.ts';
import { loadOrCreateNodeKeys } from '../identity/keys.node.ts';
import { type NodeOptions, WaystationNode } from '../station/node.ts';
import { openFileStore } from '../store/file-system.node.ts';

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, fire) => {
    // Node's longest timer is 2^31 − 1 ms; whoever waits longer is woken early and waits again.
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

export const SYSTEM_RANDOM: Random = { bytes: (length) => asBytes(new Uint8Array(randomBytes(length))) };

/**
 * Opens, or on first use makes, the node of a data folder.
 * @throws WaystationError `store-locked` while another process has it open.
 */
export async function openNode(
  dataFolder: string,
  options: NodeOptions,
  say: (text: string) => void,
): Promise<WaystationNode> {
  const folder = resolve(dataFolder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new WaystationError(
      'unavailable',
      `cannot make the data folder ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  }
  const store = await openFileStore(join(folder, 'store'));
  try {
    for (const { message, where } of store.recovered) say(`${where}: ${message}`);
    const keys = await loadOrCreateNodeKeys(join(folder, 'keys'));
    return await WaystationNode.open(
      { store, keys, crypto: createNodeCrypto(), clock: SYSTEM_CLOCK, random: SYSTEM_RANDOM },
      options,
    );
  } catch (error) {
    await store.close();
    throw error;
  }
}
