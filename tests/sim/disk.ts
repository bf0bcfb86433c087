/**
 * A simulated node's disk: one queue of writes, each durable only when it is acknowledged. A crash loses what is in flight,
 * except that a random beginning of the queue may have reached the platter unacknowledged, as on a real disk; records are
 * whole or absent. A snapshot is a backup.
 */

import { chunkCount } from '../../src/blob/merkle.ts';
import type { Bytes } from '../../src/core/bytes.ts';
import type { BlobRef, NodeId, SpaceId } from '../../src/core/ids.ts';
import { blobKey } from '../../src/core/ids.ts';
import type { Entry } from '../../src/feed/entry.ts';
import type { OwnFeed } from '../../src/station/space-record.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface StoredEntry {
  readonly entry: Entry;
  /** Its own signature was checked. */
  readonly verified: boolean;
}

/** What a node keeps for itself about its space. */
export interface SimRecord {
  readonly space: SpaceId;
  readonly meetSecret: Bytes;
  readonly credential: Bytes;
  readonly control: OwnFeed;
  readonly data: OwnFeed;
}

/** Everything durable. */
export interface DiskState {
  record: SimRecord;
  logs: Map<string, StoredEntry[]>;
  whole: Set<string>;
  /** Chunks held of blobs that are not whole. */
  partial: Map<string, Set<number>>;
  /** Hours whose readings the recorder has written ahead, by number since the start. */
  recorded: Set<number>;
  beats: Map<NodeId, { readonly timeMs: number; readonly bytes: Bytes }>;
}

interface Write {
  /** Records of this write; a crash may keep the first few. */
  readonly records: number;
  readonly apply: (records: number) => void;
}

const SEEK_MIN_MS = 1;
const SEEK_MAX_MS = 12;
/** An SD card in a phone or a small computer. */
const BYTES_PER_MS = 20_000;

export class SimDisk {
  state: DiskState;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  #queue: Write[] = [];
  #freeAtMs = 0;
  #generation = 0;

  constructor(time: VirtualTime, random: SeededRandom, record: SimRecord) {
    this.#time = time;
    this.#random = random;
    this.state = {
      record,
      logs: new Map(),
      whole: new Set(),
      partial: new Map(),
      recorded: new Set(),
      beats: new Map(),
    };
  }

  /** Writes not acknowledged yet. */
  get inFlight(): number {
    return this.#queue.length;
  }

  appendEntries(branch: string, entries: readonly StoredEntry[], done: () => void): void {
    const bytes = entries.reduce((sum, { entry }) => sum + entry.bytes.length, 0);
    const apply = (count: number) => {
      const log = this.state.logs.get(branch) ?? [];
      this.state.logs.set(branch, log);
      log.push(...entries.slice(0, count));
    };
    this.#write(bytes, { records: entries.length, apply }, done);
  }

  writeRecord(change: Partial<SimRecord>, done: () => void): void {
    const apply = (count: number) => {
      if (count > 0) this.state.record = { ...this.state.record, ...change };
    };
    this.#write(1_000, { records: 1, apply }, done);
  }

  /** @param done hears whether the blob is whole now. */
  writeChunk(ref: BlobRef, chunk: number, bytes: number, done: (whole: boolean) => void): void {
    const key = blobKey(ref);
    const apply = (count: number) => {
      if (count === 0 || this.state.whole.has(key)) return;
      const held = this.state.partial.get(key) ?? new Set();
      held.add(chunk);
      if (held.size < chunkCount(ref.size)) {
        this.state.partial.set(key, held);
        return;
      }
      this.state.partial.delete(key);
      this.state.whole.add(key);
    };
    this.#write(bytes, { records: 1, apply }, () => done(this.state.whole.has(key)));
  }

  putBlob(ref: BlobRef, done: () => void): void {
    const apply = (count: number) => {
      if (count > 0) this.state.whole.add(blobKey(ref));
    };
    this.#write(ref.size, { records: 1, apply }, done);
  }

  #write(bytes: number, write: Write, done: () => void): void {
    const generation = this.#generation;
    this.#queue.push(write);
    const seekMs = SEEK_MIN_MS + this.#random.unit() * (SEEK_MAX_MS - SEEK_MIN_MS);
    this.#freeAtMs = Math.max(this.#time.nowMs, this.#freeAtMs) + seekMs + bytes / BYTES_PER_MS;
    this.#time.at(this.#freeAtMs, () => {
      if (generation !== this.#generation) return;
      this.#queue.shift();
      write.apply(write.records);
      done();
    });
  }

  /** The power goes: nothing in flight is acknowledged any more. */
  crash(): void {
    this.#generation++;
    this.#freeAtMs = 0;
    for (const { records, apply } of this.#queue) {
      const kept = this.#random.chance(0.5) ? this.#random.integer(0, records + 1) : 0;
      apply(kept);
      if (kept < records) break;
    }
    this.#queue = [];
  }

  snapshot(): DiskState {
    const { record, logs, whole, partial, recorded, beats } = this.state;
    return {
      record,
      logs: new Map([...logs].map(([name, entries]) => [name, [...entries]])),
      whole: new Set(whole),
      partial: new Map([...partial].map(([key, chunks]) => [key, new Set(chunks)])),
      recorded: new Set(recorded),
      beats: new Map(beats),
    };
  }
}
