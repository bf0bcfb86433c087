/**
 * Values as files `state/<name>.val` of one frame, replaced by write, sync and rename: after any crash the old value or the new
 * one is there. Puts to one key that wait for each other are merged into the newest.
 *
 * A damaged value rejects with `corrupt` until it is replaced, and is kept as `.damaged` then: reading it as absent could
 * start something anew that was never lost.
 */
import { join } from 'node:path';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type DirectorySync, diskError, type FileApi, replaceFile, systemCode } from './file-api.node.ts';
import { encodeBatch, FRAME_HEADER_BYTES, readFrame } from './frames.node.ts';
import { KeyQueue } from './key-queue.ts';
import type { Durability, Recovery, StateStore, StoreName } from './port.ts';
import { flatName, nameFromFlat } from './store-names.ts';

const SUFFIX = '.val';

/** A put that has not begun to write. */
interface Waiting {
  frame: Bytes;
  strict: boolean;
  written: Promise<void> | undefined;
}

export class FileState implements StateStore {
  readonly #fs: FileApi;
  readonly #directory: string;
  readonly #temporary: () => string;
  readonly #directories: DirectorySync;
  /** Every key with the bytes of its file. */
  readonly #sizes = new Map<StoreName, number>();
  readonly #damaged = new Set<StoreName>();
  readonly #queue = new KeyQueue();
  readonly #waiting = new Map<StoreName, Waiting>();

  constructor(fs: FileApi, directory: string, temporary: () => string, directories: DirectorySync) {
    this.#fs = fs;
    this.#directory = directory;
    this.#temporary = temporary;
    this.#directories = directories;
  }

  /** Checks every value. */
  async load(): Promise<Recovery[]> {
    const recovered: Recovery[] = [];
    for (const file of (await this.#fs.readdir(this.#directory)).sort()) {
      const name = file.endsWith(SUFFIX) ? nameFromFlat(file.slice(0, -SUFFIX.length)) : undefined;
      if (name === undefined) continue;
      const bytes = await this.#fs.readFile(this.#path(name));
      this.#sizes.set(name, bytes.length);
      if (frameValue(bytes) !== undefined) continue;
      this.#damaged.add(name);
      recovered.push({
        kind: 'damaged',
        where: this.#path(name),
        message: `the value ${name} does not match its checksum and cannot be read; its file stays until the value is written anew`,
      });
    }
    return recovered;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    return bytes;
  }

  #path(name: StoreName): string {
    return join(this.#directory, flatName(name) + SUFFIX);
  }

  get(key: StoreName): Promise<Bytes | undefined> {
    return this.#queue.run(key, async () => {
      if (!this.#sizes.has(key)) return undefined;
      const value = frameValue(await this.#read(key));
      if (value !== undefined) return asBytes(value);
      this.#damaged.add(key);
      throw new WaystationError(
        'corrupt',
        `expected the value ${key} to match its checksum, but it does not. Restore ${this.#path(key)} from a backup, or write the value anew`,
      );
    });
  }

  async #read(key: StoreName): Promise<Uint8Array> {
    try {
      // Not a Buffer: its slice() would share memory with whoever reads next.
      return new Uint8Array(await this.#fs.readFile(this.#path(key)));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new Uint8Array(0);
      throw diskError(error, `reading the value ${key}`);
    }
  }

  put(key: StoreName, value: Uint8Array, durability: Durability): Promise<void> {
    const frame = encodeBatch([value]);
    const strict = durability === 'strict';
    const waiting = this.#waiting.get(key);
    if (waiting?.written !== undefined) {
      waiting.frame = frame;
      waiting.strict ||= strict;
      return waiting.written;
    }
    const mine: Waiting = { frame, strict, written: undefined };
    this.#waiting.set(key, mine);
    mine.written = this.#queue.run(key, async () => {
      if (this.#waiting.get(key) === mine) this.#waiting.delete(key);
      await this.#write(key, mine.frame, mine.strict);
    });
    return mine.written;
  }

  async #write(key: StoreName, frame: Bytes, strict: boolean): Promise<void> {
    const path = this.#path(key);
    try {
      if (this.#damaged.has(key)) {
        await this.#fs.copyFile(path, `${path}.damaged`).catch((error: unknown) => {
          if (systemCode(error) !== 'ENOENT') throw error;
        });
      }
      await replaceFile(this.#fs, this.#temporary(), path, [frame]);
      this.#sizes.set(key, frame.length);
      this.#damaged.delete(key);
      if (strict) await this.#directories.sync(this.#directory);
    } catch (error) {
      throw diskError(error, `writing the value ${key}`);
    }
  }

  delete(key: StoreName): Promise<void> {
    // A put from now on must run after the deletion.
    this.#waiting.delete(key);
    return this.#queue.run(key, async () => {
      if (!this.#sizes.has(key)) return;
      try {
        await this.#fs.unlink(this.#path(key));
        this.#sizes.delete(key);
        this.#damaged.delete(key);
        await this.#directories.sync(this.#directory);
      } catch (error) {
        throw diskError(error, `deleting the value ${key}`);
      }
    });
  }

  async keys(prefix: string): Promise<StoreName[]> {
    return [...this.#sizes.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** The value in a file; undefined unless the file is exactly one intact frame. */
function frameValue(bytes: Uint8Array): Uint8Array | undefined {
  const value = readFrame(bytes, 0);
  return value !== undefined && value.length + FRAME_HEADER_BYTES === bytes.length ? value : undefined;
}
