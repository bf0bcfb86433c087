/**
 * A node's keys on disk: one file of two PKCS#8 blocks in PEM (RFC 7468, RFC 8410), Ed25519 then X25519, mode 0600.
 * One file, put in place by one link(2), so that a node never has one key without the other.
 */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asBytes, type Bytes, equalBytes, fromBase64Url } from '../core/bytes.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { NodeKeys, SealedBox } from '../core/ports.ts';
import { hpkeOpen, importSealKeyPair, type SealKeyPair } from './hpke.ts';
import { RAW_KEY_BYTES, x25519PublicKey } from './key-formats.ts';
import { type KeySeeds, seedPkcs8 } from './key-seeds.ts';

const FILE_NAME = 'node.pem';
/** Two PEM blocks are 240 bytes; whatever is far larger is not a key file. */
const MAX_FILE_BYTES = 4_096;
const OTHERS_MASK = 0o077;
const PEM_BLOCK = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function rawHalf(key: KeyObject, half: 'x' | 'd'): Bytes {
  const value = key.export({ format: 'jwk' })[half];
  if (typeof value !== 'string') throw new TypeError('expected a key with raw halves');
  return fromBase64Url(value);
}

class FileKeys implements NodeKeys {
  readonly publicKey: Bytes;
  readonly sealKey: Bytes;
  readonly #signKey: KeyObject;
  readonly #sealPair: Promise<SealKeyPair>;

  constructor(signKey: KeyObject, sealPrivate: KeyObject) {
    const rawSeal = rawHalf(sealPrivate, 'd');
    this.#signKey = signKey;
    this.publicKey = rawHalf(createPublicKey(signKey), 'x');
    this.sealKey = x25519PublicKey(rawSeal);
    this.#sealPair = importSealKeyPair(rawSeal, this.sealKey);
    this.#sealPair.catch(() => undefined); // reported by hpkeOpen
  }

  sign(messages: readonly Uint8Array[]): Bytes[] {
    return messages.map((message) => asBytes(new Uint8Array(sign(null, message, this.#signKey))));
  }

  async hpkeOpen(info: Uint8Array, box: SealedBox): Promise<Bytes> {
    return hpkeOpen(await this.#sealPair, info, box);
  }
}

async function readKeys(path: string): Promise<NodeKeys> {
  const { mode, size } = await stat(path);
  // Windows has no such bits; its folders are private to the user by default.
  if (process.platform !== 'win32' && (mode & OTHERS_MASK) !== 0) {
    const bits = (mode & 0o777).toString(8).padStart(4, '0');
    throw new WaystationError(
      'forbidden',
      `expected the key file ${path} to be readable by its owner alone, its mode is ${bits}. ` +
        `If nobody else can have read it, run: chmod 600 ${path}`,
    );
  }
  const text = size > MAX_FILE_BYTES ? '' : await readFile(path, 'utf8');
  try {
    const [signKey, sealKey, ...more] = (text.match(PEM_BLOCK) ?? []).map((pem) => createPrivateKey(pem));
    if (
      signKey?.asymmetricKeyType !== 'ed25519' ||
      sealKey?.asymmetricKeyType !== 'x25519' ||
      more.length > 0
    ) {
      throw new TypeError('expected one Ed25519 and one X25519 key');
    }
    return new FileKeys(signKey, sealKey);
  } catch (cause) {
    throw new WaystationError(
      'corrupt',
      `expected ${path} to hold this node's two private keys: ${errorMessage(cause)}. Restore it from a copy; ` +
        'without it this node cannot be itself any more and has to be invited anew',
      { cause },
    );
  }
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return; // directories cannot be opened there
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Two new private keys from random seeds (RFC 8032 §5.1.5, RFC 7748 §5). Not `generateKeyPairSync`: in Node 20 the garbage of such a
 * call takes the key's lock when it is collected, and stops the program for ever when that happens while the key is exported.
 */
export function freshKeys(): [sign: KeyObject, seal: KeyObject] {
  return keysOf({
    sign: new Uint8Array(randomBytes(RAW_KEY_BYTES)),
    seal: new Uint8Array(randomBytes(RAW_KEY_BYTES)),
  });
}

function keysOf(seeds: KeySeeds): [sign: KeyObject, seal: KeyObject] {
  const key = (which: 'sign' | 'seal') =>
    createPrivateKey({ key: Buffer.from(seedPkcs8(seeds, which)), format: 'der', type: 'pkcs8' });
  return [key('sign'), key('seal')];
}

/** Puts both keys in place, unless others are there already. */
async function createKeys(
  directory: string,
  path: string,
  keys: readonly [sign: KeyObject, seal: KeyObject],
): Promise<void> {
  const text = keys.map((key) => key.export({ format: 'pem', type: 'pkcs8' })).join('');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${FILE_NAME}-${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Unlike rename, link never replaces keys that another process has just made.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  await syncDirectory(directory);
}

/** True when a node's keys are kept in `directory`, sound or not. */
export function hasNodeKeys(directory: string): boolean {
  return existsSync(join(directory, FILE_NAME));
}

/**
 * The keys kept in `directory`, made on first use and durable on return.
 * @throws WaystationError `forbidden` when others may read the file, `corrupt` when it holds no keys, `unavailable` when
 *   the directory cannot be read or written.
 */
export async function loadOrCreateNodeKeys(directory: string): Promise<NodeKeys> {
  const path = join(directory, FILE_NAME);
  try {
    try {
      return await readKeys(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await createKeys(directory, path, freshKeys());
    return await readKeys(path);
  } catch (cause) {
    if (cause instanceof WaystationError) throw cause;
    throw new WaystationError(
      'unavailable',
      `cannot keep this node's keys in ${directory}: ${errorMessage(cause)}`,
      {
        cause,
      },
    );
  }
}

/**
 * Keeps keys that come from elsewhere in `directory`, durable on return.
 * @throws WaystationError `conflict` when a node's keys are there already, otherwise as {@link loadOrCreateNodeKeys}.
 */
export async function placeNodeKeys(directory: string, seeds: KeySeeds): Promise<NodeKeys> {
  const [sign, seal] = keysOf(seeds);
  const path = join(directory, FILE_NAME);
  await createKeys(directory, path, [sign, seal]);
  const keys = await readKeys(path);
  if (!equalBytes(keys.publicKey, rawHalf(createPublicKey(sign), 'x'))) {
    throw new WaystationError('conflict', `expected no keys in ${directory}, but another node's are there`);
  }
  return keys;
}
