/**
 * Writes a recorder's output so that nothing is lost: segments ahead of the hour, then the sealed hour, then the segments are
 * forgotten. What cannot be sealed yet (no key before admission, a full disk) stays in its segments and is sealed later.
 *
 * Crash at any point: before the entry, the segments rebuild the hour; after it, its open id tells that the hour is sealed and
 * its segments are left over.
 */
import { type Bytes, toHex } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import type { StationId } from '../core/ids.ts';
import { type FinishedHour, Recorder, type RecorderOptions } from '../hour/recorder.ts';
import type { HourContent } from '../hour/types.ts';
import type { Store } from '../store/port.ts';
import { joinSegments, segmentRecords } from './segment-records.ts';

/** Makes an hour durable and known: blob first, then the entry. @throws WaystationError `no-key` before admission. */
export type SealHour = (content: HourContent, openId: Bytes) => Promise<void>;

const READ_BATCH = 1_024;
const READ_BATCH_BYTES = 64 * 2 ** 20;

function prefixOf(station: StationId): string {
  return `wal/${station}/`;
}

export interface HourWriterOptions {
  readonly store: Store;
  readonly recorder: Omit<RecorderOptions, 'newOpenId'>;
  readonly newOpenId: () => Bytes;
  readonly seal: SealHour;
  /** Open ids of hours that are sealed already. */
  readonly sealedIds: () => ReadonlySet<string>;
  readonly onTrouble: (error: unknown) => void;
}

export class HourWriter {
  readonly recorder: Recorder;
  /** Hours sealed since this writer was opened. */
  sealed = 0;
  readonly #options: HourWriterOptions;
  /** Log of each open or finished hour, by open id in hex. */
  readonly #logs = new Map<string, string>();
  readonly #waiting: FinishedHour[] = [];
  #unwritten: { readonly log: string; readonly bytes: Bytes }[] = [];
  #nextLog: number;
  #tail: Promise<void> = Promise.resolve();

  private constructor(options: HourWriterOptions, recorder: Recorder, nextLog: number) {
    this.#options = options;
    this.recorder = recorder;
    this.#nextLog = nextLog;
  }

  /** Picks up what an earlier run left: sealed hours' segments are dropped, the last open hour goes on, others wait to be sealed. */
  static async open(options: HourWriterOptions): Promise<HourWriter> {
    const { store } = options;
    const prefix = prefixOf(options.recorder.station);
    const sealed = options.sealedIds();
    const counts = await store.logs.list();
    const left: { log: string; openId: string }[] = [];
    for (const log of [...counts.keys()].filter((name) => name.startsWith(prefix)).sort()) {
      const openId = log.slice(log.lastIndexOf('-') + 1);
      if (sealed.has(openId)) await store.logs.remove(log);
      else left.push({ log, openId });
    }
    const recorderOptions = { ...options.recorder, newOpenId: options.newOpenId };
    const resumed: { recorder: Recorder; log: string; openId: string; damaged: number }[] = [];
    for (const { log, openId } of left) {
      const records: Bytes[] = [];
      const count = counts.get(log) ?? 0;
      while (records.length < count) {
        const batch = await store.logs.read(log, records.length, READ_BATCH, READ_BATCH_BYTES);
        if (batch.length === 0) break;
        records.push(...batch);
      }
      const segments = joinSegments(records);
      const idBytes = Uint8Array.from(openId.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      const { recorder, damaged } = Recorder.resume(recorderOptions, idBytes, segments);
      if (damaged > 0) options.onTrouble(unreadable(log, damaged));
      resumed.push({ recorder, log, openId, damaged });
    }
    // Behind a damaged segment nothing would be found again: that hour ends where it can be read.
    const last = resumed.at(-1)?.damaged === 0 ? resumed.pop() : undefined;
    const lastLog = left.at(-1)?.log.slice(prefix.length).split('-')[0];
    const nextLog = lastLog === undefined ? 0 : Number(lastLog) + 1;
    const writer = new HourWriter(options, last?.recorder ?? new Recorder(recorderOptions), nextLog);
    if (last !== undefined) writer.#logs.set(last.openId, last.log);
    for (const { recorder, log, openId } of resumed) {
      writer.#logs.set(openId, log);
      recorder.stop('crash');
      writer.#waiting.push(...recorder.takeFinished());
    }
    return writer;
  }

  /** Finished hours that wait to be sealed. */
  get waitingHours(): number {
    return this.#waiting.length;
  }

  /** Rows of a stream that are in no sealed hour yet, and its first reading among them. */
  unsealedRows(name: string, device: string): { rows: number; firstMs: number | null } {
    let rows = 0;
    let firstMs: number | null = null;
    for (const { content } of this.#waiting) {
      for (const stream of content.streams) {
        if (stream.descriptor.name !== name || stream.descriptor.device !== device) continue;
        const first = stream.rows.offsetsNs[0];
        if (first !== undefined) firstMs ??= stream.rows.baseMs + first / 1e6;
        rows += stream.rows.offsetsNs.length;
      }
    }
    this.recorder.streams.forEach((descriptor, i) => {
      if (descriptor.name !== name || descriptor.device !== device) return;
      rows += this.recorder.openRows(i);
      firstMs ??= this.recorder.openFirstMs(i);
    });
    return { rows, firstMs };
  }

  /** Writes ahead what is new, and seals what is finished. Call every second or so, and after every burst. */
  flush(): Promise<void> {
    const finished = this.recorder.takeFinished();
    for (const hour of finished) {
      if (hour.lastSegment !== undefined) this.#ahead(hour.openId, hour.lastSegment);
      this.#waiting.push(hour);
    }
    const segment = this.recorder.takeSegment();
    if (segment !== undefined) this.#ahead(segment.openId, segment.bytes);
    this.#tail = this.#tail.then(() => this.#write());
    return this.#tail;
  }

  #ahead(openId: Bytes, bytes: Bytes): void {
    const name = toHex(openId);
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = `${prefixOf(this.#options.recorder.station)}${String(this.#nextLog++).padStart(10, '0')}-${name}`;
      this.#logs.set(name, log);
    }
    this.#unwritten.push({ log, bytes });
  }

  async #write(): Promise<void> {
    try {
      await this.#writeAhead();
    } catch (error) {
      this.#options.onTrouble(error);
    }
    // Also when nothing could be written ahead: a sealed hour is smaller than its segments, and frees them.
    await this.#sealWaiting();
  }

  async #writeAhead(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const { log } = this.#unwritten[0] as { log: string };
      const run = this.#unwritten.filter((one) => one.log === log);
      const records = run.flatMap((one) => segmentRecords(one.bytes));
      await this.#options.store.logs.append(log, records, 'relaxed');
      this.#unwritten = this.#unwritten.filter((one) => !run.includes(one));
    }
  }

  /** Seals what waits, in order. One hour that cannot be sealed does not hold up the others, a full disk or a missing key does. */
  async #sealWaiting(): Promise<void> {
    for (const hour of [...this.#waiting]) {
      try {
        await this.#options.seal(hour.content, hour.openId);
        this.sealed++;
        this.#waiting.splice(this.#waiting.indexOf(hour), 1);
        await this.#forgetSegments(toHex(hour.openId));
      } catch (error) {
        if (isWaystationError(error, 'no-key')) return;
        this.#options.onTrouble(error);
        if (isWaystationError(error, 'store-full')) return;
      }
    }
  }

  async #forgetSegments(openId: string): Promise<void> {
    const log = this.#logs.get(openId);
    if (log === undefined) return;
    this.#logs.delete(openId);
    this.#unwritten = this.#unwritten.filter((one) => one.log !== log);
    await this.#options.store.logs.remove(log);
  }

  /** Ends the open hour and seals what can be sealed. */
  async stop(): Promise<void> {
    this.recorder.stop('stop');
    await this.flush();
  }
}

function unreadable(log: string, segments: number): WaystationError {
  return new WaystationError(
    'corrupt',
    `${segments} stored seconds of an hour that was being recorded cannot be read (${log}); what came before them is kept`,
  );
}
