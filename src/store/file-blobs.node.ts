/**
 * Blob bytes as files.
 *
 *     blobs/ab/<root>-<size>      a complete blob: its bytes, then the CRC-32 of each leaf(4 each), then the CRC-32 of
 *                                 root(32) ‖ size(8) ‖ those sums; all integers big-endian. The first `size` bytes are the blob
 *     partial/<root>-<size>.data  bytes so far, each at its place
 *     partial/<root>-<size>.held  leaf map, sums, CRC-32 of root ‖ size ‖ map ‖ sums; written after the data was synced
 *
 * A blob gets its final name only when all of it is synced, so what has a final name is whole; opening reads names alone.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { LeafMap } from '../blob/leaf-map.ts';
import { leafCount, MAX_BLOB_BYTES } from '../blob/merkle.ts';
import { type Bytes, concatBytes, fromHex } from '../core/bytes.ts';
import { type BlobRef, type BlobRoot, blobKey } from '../core/ids.ts';
import type { BlobMedium, MediumContents, StoredPartial } from './blob-medium.ts';
import {
  DIRECTORY_MODE,
  type DirectorySync,
  diskError,
  type FileApi,
  readFully,
  replaceFile,
  systemCode,
  writeFully,
} from './file-api.node.ts';
import type { HandleCache } from './handle-cache.ts';
import type { Recovery } from './port.ts';

const SUM_BYTES = 4;
const DATA = '.data';
const HELD = '.held';

export class FileBlobs implements BlobMedium {
  readonly #fs: FileApi;
  readonly #blobs: string;
  readonly #partials: string;
  readonly #temporary: () => string;
  readonly #handles: HandleCache<FileHandle>;
  readonly #directories: DirectorySync;
  /** Shard directories known to exist durably. */
  readonly #shards = new Set<string>();

  constructor(
    fs: FileApi,
    directories: { readonly blobs: string; readonly partials: string },
    temporary: () => string,
    handles: HandleCache<FileHandle>,
    sync: DirectorySync,
  ) {
    this.#fs = fs;
    this.#blobs = directories.blobs;
    this.#partials = directories.partials;
    this.#temporary = temporary;
    this.#handles = handles;
    this.#directories = sync;
  }

  async load(): Promise<MediumContents> {
    const complete: BlobRef[] = [];
    for (const shard of await this.#fs.readdir(this.#blobs)) {
      if (!/^[0-9a-f]{2}$/.test(shard)) continue;
      this.#shards.add(join(this.#blobs, shard));
      for (const file of await this.#fs.readdir(join(this.#blobs, shard))) {
        const ref = refFromName(file);
        if (ref !== undefined) complete.push(ref);
      }
    }
    const recovered: Recovery[] = [];
    const partial = await this.#loadPartials(new Set(complete.map(blobKey)), recovered);
    return { complete, partial, recovered };
  }

  async #loadPartials(complete: ReadonlySet<string>, recovered: Recovery[]): Promise<StoredPartial[]> {
    const files = new Set(await this.#fs.readdir(this.#partials));
    const partials: StoredPartial[] = [];
    let leftOver = 0;
    for (const key of new Set([...files].map((file) => file.replace(/\.(data|held)$/, '')))) {
      const ref = refFromName(key);
      if (ref === undefined) continue;
      const paired = files.has(key + DATA) && files.has(key + HELD) && !complete.has(key);
      const partial = paired ? readHeld(ref, await this.#fs.readFile(this.#heldPath(ref))) : undefined;
      if (partial !== undefined) {
        partials.push(partial);
        continue;
      }
      await this.#removePartial(ref);
      if (paired) {
        const message = `which parts of blob ${key} are held cannot be read, so it will be fetched from its beginning`;
        recovered.push({ kind: 'damaged', where: this.#dataPath(ref), message });
      } else if (!complete.has(key)) {
        leftOver++;
      }
    }
    if (leftOver > 0) {
      const message = `${leftOver} blob(s) had only just begun to arrive when the program stopped; they will be fetched from their beginning`;
      recovered.push({ kind: 'left-over', where: this.#partials, message });
    }
    return partials;
  }

  #shardPath(ref: BlobRef): string {
    return join(this.#blobs, ref.root.slice(0, 2));
  }

  #path(ref: BlobRef): string {
    return join(this.#shardPath(ref), blobKey(ref));
  }

  #dataPath(ref: BlobRef): string {
    return join(this.#partials, blobKey(ref) + DATA);
  }

  #heldPath(ref: BlobRef): string {
    return join(this.#partials, blobKey(ref) + HELD);
  }

  async #shard(ref: BlobRef): Promise<string> {
    const shard = this.#shardPath(ref);
    if (!this.#shards.has(shard)) {
      await this.#fs.mkdir(shard, { recursive: true, mode: DIRECTORY_MODE });
      await this.#directories.sync(this.#blobs);
      this.#shards.add(shard);
    }
    return shard;
  }

  async writePartial(ref: BlobRef, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#guard(ref, () =>
      this.#handles.use(this.#dataPath(ref), true, (file) => writeFully(file, [bytes], offset)),
    );
  }

  async syncPartial(partial: StoredPartial): Promise<void> {
    const { ref } = partial;
    await this.#guard(ref, async () => {
      await this.#handles.use(this.#dataPath(ref), true, (file) => file.datasync());
      await replaceFile(this.#fs, this.#temporary(), this.#heldPath(ref), heldFile(partial));
    });
  }

  async complete(ref: BlobRef, sums: Uint32Array): Promise<void> {
    await this.#guard(ref, async () => {
      await this.#handles.use(this.#dataPath(ref), true, async (file) => {
        await writeFully(file, sumsTrailer(ref, sums), ref.size);
        await file.truncate(ref.size + trailerBytes(ref));
        await file.datasync();
      });
      await this.#handles.drop(this.#dataPath(ref));
      const shard = await this.#shard(ref);
      await this.#fs.rename(this.#dataPath(ref), this.#path(ref));
      await this.#directories.sync(shard);
      await this.#unlink(this.#heldPath(ref));
    });
  }

  async writeWhole(ref: BlobRef, bytes: Uint8Array, sums: Uint32Array): Promise<void> {
    await this.#guard(ref, async () => {
      const shard = await this.#shard(ref);
      await this.#handles.drop(this.#path(ref));
      await replaceFile(this.#fs, this.#temporary(), this.#path(ref), [bytes, ...sumsTrailer(ref, sums)]);
      await this.#directories.sync(shard);
      await this.#removePartial(ref);
    });
  }

  async read(ref: BlobRef, complete: boolean, offset: number, length: number): Promise<Bytes | undefined> {
    const path = complete ? this.#path(ref) : this.#dataPath(ref);
    return await this.#readAt(ref, path, !complete, offset, length);
  }

  async readSums(ref: BlobRef): Promise<Uint32Array | undefined> {
    const bytes = await this.#readAt(ref, this.#path(ref), false, ref.size, trailerBytes(ref));
    if (bytes === undefined || bytes.length !== trailerBytes(ref)) return undefined;
    const sumsEnd = bytes.length - SUM_BYTES;
    const sums = bytes.subarray(0, sumsEnd);
    return readU32(bytes, sumsEnd) === boundSum(ref, [sums]) ? readSums(sums) : undefined;
  }

  async #readAt(
    ref: BlobRef,
    path: string,
    create: boolean,
    offset: number,
    length: number,
  ): Promise<Bytes | undefined> {
    try {
      return await this.#handles.use(path, create, (file) => readFully(file, offset, length));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw diskError(error, `reading blob ${blobKey(ref)}`);
    }
  }

  async demote(partial: StoredPartial): Promise<void> {
    const { ref } = partial;
    await this.#guard(ref, async () => {
      await this.#handles.drop(this.#path(ref));
      // The map first: without data it counts for nothing, while data without a map would be thrown away.
      await replaceFile(this.#fs, this.#temporary(), this.#heldPath(ref), heldFile(partial));
      await this.#fs.rename(this.#path(ref), this.#dataPath(ref));
      await this.#directories.sync(this.#partials);
    });
  }

  async setAside(ref: BlobRef): Promise<void> {
    await this.#guard(ref, async () => {
      await this.#handles.drop(this.#path(ref));
      try {
        await this.#fs.rename(this.#path(ref), `${this.#path(ref)}.damaged`);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
      }
    });
  }

  async remove(ref: BlobRef): Promise<void> {
    await this.#guard(ref, async () => {
      await this.#removePartial(ref);
      await this.#handles.drop(this.#path(ref));
      await this.#unlink(this.#path(ref));
    });
  }

  async close(): Promise<void> {
    // The handles are the store's, which closes them last.
  }

  async #removePartial(ref: BlobRef): Promise<void> {
    await this.#handles.drop(this.#dataPath(ref));
    await this.#unlink(this.#heldPath(ref));
    await this.#unlink(this.#dataPath(ref));
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#fs.unlink(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  async #guard(ref: BlobRef, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      throw diskError(error, `writing blob ${blobKey(ref)}`);
    }
  }
}

function refFromName(name: string): BlobRef | undefined {
  const match = /^([0-9a-f]{64})-([1-9][0-9]{0,15})$/.exec(name);
  const size = Number(match?.[2]);
  return match?.[1] === undefined || size > MAX_BLOB_BYTES ? undefined : { root: match[1] as BlobRoot, size };
}

function trailerBytes(ref: BlobRef): number {
  return leafCount(ref.size) * SUM_BYTES + SUM_BYTES;
}

function writeU32(value: number): Bytes {
  const bytes = new Uint8Array(SUM_BYTES);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, SUM_BYTES).getUint32(0);
}

function sumsBytes(sums: Uint32Array): Bytes {
  const bytes = new Uint8Array(sums.length * SUM_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, sum] of sums.entries()) view.setUint32(i * SUM_BYTES, sum);
  return bytes;
}

function readSums(bytes: Uint8Array): Uint32Array {
  const sums = new Uint32Array(bytes.length / SUM_BYTES);
  for (let i = 0; i < sums.length; i++) sums[i] = readU32(bytes, i * SUM_BYTES);
  return sums;
}

/** CRC-32 that binds `parts` to the blob they speak of. */
function boundSum(ref: BlobRef, parts: readonly Uint8Array[]): number {
  const size = new Uint8Array(8);
  const view = new DataView(size.buffer);
  view.setUint32(0, Math.floor(ref.size / 2 ** 32));
  view.setUint32(4, ref.size % 2 ** 32);
  return [fromHex(ref.root), size, ...parts].reduce((sum, part) => crc32(part, sum), 0);
}

function sumsTrailer(ref: BlobRef, sums: Uint32Array): Bytes[] {
  const bytes = sumsBytes(sums);
  return [concatBytes(bytes, writeU32(boundSum(ref, [bytes])))];
}

function heldFile({ ref, bits, sums }: StoredPartial): Uint8Array[] {
  const table = sumsBytes(sums);
  return [bits, table, writeU32(boundSum(ref, [bits, table]))];
}

/** Undefined when the file is not what {@link heldFile} wrote for this blob. */
function readHeld(ref: BlobRef, bytes: Uint8Array): StoredPartial | undefined {
  const leaves = leafCount(ref.size);
  const bitsEnd = Math.ceil(leaves / 8);
  const sumsEnd = bitsEnd + leaves * SUM_BYTES;
  if (bytes.length !== sumsEnd + SUM_BYTES) return undefined;
  const bits = bytes.subarray(0, bitsEnd);
  const table = bytes.subarray(bitsEnd, sumsEnd);
  if (readU32(bytes, sumsEnd) !== boundSum(ref, [bits, table])) return undefined;
  try {
    LeafMap.fromBytes(ref.size, bits);
  } catch {
    return undefined;
  }
  return { ref, bits, sums: readSums(table) };
}
