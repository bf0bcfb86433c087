/**
 * The file in which a device moves to another address: what it holds and who it is, encrypted under six words.
 *
 *     file   = "wsmove\r\n" | version (2) | length of body (2) | body | CRC-32 of all before (4) | chunk …
 *     body   = CBOR [salt (16), check (16)]
 *     chunk  = length of ciphertext, high bit set on the last (4) | AES-256-GCM ciphertext and tag
 *     nonce  = zero (7) | number of the chunk (4) | 1 on the last, else 0 (1)      additional data = SHA-256 of all before the chunks
 *
 * Numbers are big-endian. The key and the check come from the words by scrypt (RFC 7914) and HKDF. The chunks are STREAM (Hoang, Reyhanitabar,
 * Rogaway, Vizár 2015): none can be dropped, swapped, repeated or appended, and a file that was cut is told from a whole one. Each
 * chunk's plaintext is one deterministic CBOR item (`moving-items.ts`).
 *
 * Invariants: nothing is made of a length before it is bounded; whatever the bytes are, reading ends with an item or a
 * WaystationError; memory is bounded by one chunk.
 */
import * as v from 'valibot';
import { type Bytes, concatBytes, equalBytes, freshBytes, toUtf8 } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import type { Crypto } from '../core/ports.ts';
import {
  decodeMovingItem,
  encodeMovingItem,
  foreign,
  MAX_CHUNK_BYTES,
  type MovingItem,
} from './moving-items.ts';
import { CHECK_BYTES, deriveMovingKey, type MovingKey, SALT_BYTES } from './moving-words.ts';

const MAGIC = toUtf8('wsmove\r\n');
export const MOVING_VERSION = 1;
const PREFIX_BYTES = MAGIC.length + 4;
const CRC_BYTES = 4;
const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
/** The body has 36 bytes; what is far longer is none. */
const MAX_BODY_BYTES = 256;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
const LAST_BIT = 0x8000_0000;

function nonceOf(count: number, isLast: boolean): Bytes {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, count);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Writes a file chunk by chunk. */
export class MovingSealer {
  /** What the file begins with. */
  readonly header: Bytes;
  readonly #crypto: Crypto;
  readonly #key: Bytes;
  readonly #aad: Bytes;
  #count = 0;

  constructor(crypto: Crypto, { key, check }: MovingKey, salt: Bytes) {
    const body = encodeCbor([salt, check]);
    const prefix = new Uint8Array(PREFIX_BYTES);
    prefix.set(MAGIC);
    const view = new DataView(prefix.buffer);
    view.setUint16(MAGIC.length, MOVING_VERSION);
    view.setUint16(MAGIC.length + 2, body.length);
    const sum = new Uint8Array(CRC_BYTES);
    new DataView(sum.buffer).setUint32(0, crc32(concatBytes(prefix, body)));
    this.header = concatBytes(prefix, body, sum);
    this.#aad = sha256(this.header);
    this.#crypto = crypto;
    this.#key = key;
  }

  async seal(item: MovingItem): Promise<Bytes> {
    const isLast = item.kind === 'end';
    const nonce = nonceOf(this.#count++, isLast);
    const sealed = await this.#crypto.aeadSeal(this.#key, nonce, encodeMovingItem(item), this.#aad);
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, isLast ? sealed.length + LAST_BIT : sealed.length);
    return concatBytes(length, sealed);
  }
}

/** Exactly so many bytes at a time out of pieces of any size. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  /** Bytes given out. */
  taken = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, or fewer where the source ends. */
  async take(count: number): Promise<Bytes> {
    while (this.#length < count) {
      const { value, done } = await this.#source.next();
      if (done === true) break;
      this.#pieces.push(value);
      this.#length += value.length;
    }
    const out = new Uint8Array(Math.min(count, this.#length));
    for (let at = 0; at < out.length; ) {
      const piece = this.#pieces[0] as Uint8Array;
      const part = piece.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#length -= out.length;
    this.taken += out.length;
    return out;
  }

  /** Lets the source go. */
  async end(): Promise<void> {
    await this.#source.return?.();
  }
}

interface MovingHeader {
  readonly salt: Bytes;
  readonly check: Bytes;
  readonly aad: Bytes;
}

async function readHeader(reader: Reader): Promise<MovingHeader> {
  const prefix = await reader.take(PREFIX_BYTES);
  if (!equalBytes(prefix.subarray(0, MAGIC.length), MAGIC)) {
    throw new WaystationError(
      'malformed',
      'this is not a file that a device moves with: choose the one whose name ends in .wsmove',
    );
  }
  if (prefix.length < PREFIX_BYTES) throw cut();
  const view = new DataView(prefix.buffer);
  const version = view.getUint16(MAGIC.length);
  if (version > MOVING_VERSION) {
    throw new WaystationError(
      'unavailable',
      'this file was made by a newer version of Waystation: update the app here, then try again',
    );
  }
  const length = view.getUint16(MAGIC.length + 2);
  if (version < 1 || length > MAX_BODY_BYTES) throw damagedHeader();
  const rest = await reader.take(length + CRC_BYTES);
  if (rest.length < length + CRC_BYTES) throw cut();
  const body = rest.subarray(0, length);
  if (crc32(concatBytes(prefix, body)) !== new DataView(rest.buffer).getUint32(length)) throw damagedHeader();
  const parsed = v.safeParse(
    v.strictTuple([v.pipe(raw, v.length(SALT_BYTES)), v.pipe(raw, v.length(CHECK_BYTES))]),
    decodeCbor(body, MAX_BODY_BYTES),
  );
  if (!parsed.success) throw damagedHeader();
  const [salt, check] = parsed.output;
  return { salt, check, aad: sha256(concatBytes(prefix, rest)) };
}

function damagedHeader(): WaystationError {
  return new WaystationError(
    'corrupt',
    'the beginning of this file is damaged: copy it over again, or make it anew',
  );
}

function cut(): WaystationError {
  return new WaystationError('incomplete', 'this file ends too early: copy it over again, it was cut short');
}

function damaged(): WaystationError {
  return new WaystationError('corrupt', 'this file was damaged on its way: copy it over again');
}

export interface OpenMovingOptions {
  readonly crypto: Crypto;
  /** As {@link parseMovingWords} gives them. */
  readonly words: string;
  readonly signal?: AbortSignal | undefined;
  /** How much of the file has been read. */
  readonly onRead?: (bytes: number) => void;
  /** Instead of the slow derivation, in tests of everything else. */
  readonly derive?: (words: string, salt: Uint8Array) => Promise<MovingKey>;
}

/**
 * The items of a file, each proven to be what was written, the last one to be the last.
 * @throws WaystationError `malformed` for another kind of file, `unavailable` for a newer version, `forbidden` when the words are not
 *   those of this file, `incomplete` when it was cut, `corrupt` when it was changed.
 */
export async function* openMoving(
  source: AsyncIterable<Uint8Array>,
  { crypto, words, signal, onRead, derive = deriveMovingKey }: OpenMovingOptions,
): AsyncGenerator<MovingItem, void, undefined> {
  const reader = new Reader(source);
  try {
    signal?.throwIfAborted();
    const { salt, check, aad } = await readHeader(reader);
    const { key, check: ours } = await derive(words, salt);
    if (!equalBytes(check, ours)) {
      throw new WaystationError('forbidden', 'these are not the words of this file: look at them again');
    }
    for (let count = 0; ; count++) {
      signal?.throwIfAborted();
      const item = await readChunk(reader, crypto, key, aad, count);
      if ((count === 0) !== (item.kind === 'manifest')) throw foreign();
      onRead?.(reader.taken);
      yield item;
      if (item.kind === 'end') return;
    }
  } finally {
    await reader.end();
  }
}

async function readChunk(
  reader: Reader,
  crypto: Crypto,
  key: Bytes,
  aad: Bytes,
  count: number,
): Promise<MovingItem> {
  const head = await reader.take(LENGTH_BYTES);
  if (head.length < LENGTH_BYTES) throw cut();
  const word = new DataView(head.buffer).getUint32(0);
  const isLast = word >= LAST_BIT;
  const length = isLast ? word - LAST_BIT : word;
  if (length < TAG_BYTES || length > MAX_CHUNK_BYTES + TAG_BYTES) throw damaged();
  const sealed = await reader.take(length);
  if (sealed.length < length) throw cut();
  const plain = await opened(crypto.aeadOpen(key, nonceOf(count, isLast), sealed, aad));
  const item = decodeMovingItem(freshBytes(plain));
  if ((item.kind === 'end') !== isLast) throw foreign();
  if (isLast && (await reader.take(1)).length > 0) throw damaged();
  return item;
}

async function opened(opening: Bytes | Promise<Bytes>): Promise<Bytes> {
  try {
    return await opening;
  } catch (error) {
    throw isWaystationError(error, 'corrupt') ? damaged() : error;
  }
}
