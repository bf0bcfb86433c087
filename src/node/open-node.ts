/** Opens a node on a data folder with Node's adapters: files, node:crypto, the system's clock. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asBytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Clock, Random } from '../core/ports.ts';
import { createNodeCrypto } from '../identity/crypto.node.ts';
import { hasNodeKeys, loadOrCreateNodeKeys } from '../identity/keys.node.ts';
import { encodeHere } from '../pipeline/encode-here.ts';
import type { EncodeHour } from '../pipeline/hour-encoding.ts';
import { type NodeOptions, WaystationNode } from '../station/node.ts';
import { listSpaces } from '../station/space-record.ts';
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

/** Encodes hours here, block by block, with everything else that waits in between. */
export const encodeInTurns: EncodeHour = encodeHere(() => new Promise((resolve) => setImmediate(resolve)));

export interface OpenNodeOptions extends NodeOptions {
  /** A folder without a node becomes one (the default); otherwise it is refused: most likely it was mistyped. */
  readonly mayMake?: boolean;
}

/**
 * Opens the node of a data folder.
 * @throws WaystationError `store-locked` while another process has it open, `not-found` when there is no node, or its keys are gone.
 */
export async function openNode(
  dataFolder: string,
  { mayMake = true, ...options }: OpenNodeOptions,
  say: (text: string) => void,
): Promise<WaystationNode> {
  const folder = resolve(dataFolder);
  const keysFolder = join(folder, 'keys');
  if (!mayMake && !existsSync(join(folder, 'store')) && !existsSync(keysFolder)) {
    const what = `there is no node in ${folder}: check --data. \`relay\`, \`space create\` and \`join\` make one`;
    throw new WaystationError('not-found', what);
  }
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
    const spaces = await listSpaces(store);
    if (spaces.length > 0 && !hasNodeKeys(keysFolder)) {
      const what = `the keys of this node are missing from ${keysFolder}, though it is in ${spaces.length} space(s): restore that folder from a copy. Without it this node cannot be itself any more and has to be invited anew, with another folder`;
      throw new WaystationError('not-found', what);
    }
    const keys = await loadOrCreateNodeKeys(keysFolder);
    return await WaystationNode.open(
      { store, keys, crypto: createNodeCrypto(), clock: SYSTEM_CLOCK, random: SYSTEM_RANDOM },
      { encode: encodeInTurns, ...options },
    );
  } catch (error) {
    await store.close();
    throw error;
  }
}
