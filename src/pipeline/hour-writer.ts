/**
 * Writes a recorder's output so that nothing is lost: segments ahead of the hour, then the sealed hour, then the segments are
 * forgotten. What cannot be sealed yet (no key before admission, a full disk) stays in its segments and is sealed later.
 *
 * Crash at any point: before the entry, the segments rebuild the hour; after it, its open id tells that the hour is sealed and
 * its segments are left over.
 */
import { type Bytes, fromHex, toHex } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import type { StationId } from '../core/ids.ts';
import { type FinishedHour, Recorder, type RecorderOptions } from '../hour/recorder.ts';
import type { HourContent } from '../hour/types.ts';
import type { Store } from '../store/port.ts';
import { joinSegments, segmentRecords } from './segment-records.ts';

/**
 * Makes an hour durable and known: blob first, then the entry.
 * @param content reads the hour back from its segments where it is not in memory any more.
 * @throws WaystationError `no-key` before admission.
 */
export type SealHour = (content: () => Promise<HourContent>, openId: Bytes) => Promise<void>;

const READ_BATCH = 1_024;
const READ_BATCH_BYTES = 64 * 2 ** 20;

/** Begins the name of every log that holds readings of this station which are not sealed. */
export function segmentLogs(station: StationId): string {
  return `wal/${station}/`;
}

/** What a waiting hour has of one stream. */
interface WaitingStream {
  readonly name: string;
  readonly device: string;
  readonly rows: number;
  readonly firstMs: number | null;
}

/** A finished hour that is not sealed yet. */
interface WaitingHour {
  readonly openId: Bytes;
  readonly streams: readonly WaitingStream[];
  /** Null while it is in its segments alone: a week before admission must fit into memory. */
  content: HourContent | null;
  /** How often sealing it failed for another reason than that it must wait, and flushes until it is tried again. */
  failures: number;
  rest: number;
}

/** An hour that cannot be sealed is tried again after 2, 4, 8, … flushes, at most so many. */
const MAX_REST = 600;

/** Why a recording ended: a person stopped it, the program that recorded ended, or no sensor was left that delivers. */
export type EndCause = 'stop' | 'crash' | 'sensor';

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
  readonly #waiting: WaitingHour[] = [];
  #unwritten: { readonly log: string; readonly bytes: Bytes }[] = [];
  /** Why writing ahead failed; undefined when it worked the last time. */
  #writeError: unknown;
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
    const prefix = segmentLogs(options.recorder.station);
    const sealed = options.sealedIds();
    const counts = await store.logs.list();
    const left: { log: string; openId: string }[] = [];
    for (const log of [...counts.keys()].filter((name) => name.startsWith(prefix)).sort()) {
      const openId = log.slice(log.lastIndexOf('-') + 1);
      if (sealed.has(openId)) await store.logs.remove(log);
      else left.push({ log, openId });
    }
    const lastLog = left.at(-1)?.log.slice(prefix.length).split('-')[0];
    const nextLog = lastLog === undefined ? 0 : Number(lastLog) + 1;
    const recorders: Recorder[] = [];
    const waiting: WaitingHour[] = [];
    for (const [i, { log, openId }] of left.entries()) {
      const { recorder, damaged } = await readBack(options, log, openId);
      if (damaged > 0) options.onTrouble(unreadable(log, damaged));
      // Behind a damaged segment nothing would be found again: that hour ends where it can be read.
      if (i === left.length - 1 && damaged === 0) recorders.push(recorder);
      else waiting.push(...finish(recorder).map((hour) => parked(waitingHour(hour))));
    }
    const [open] = recorders;
    const recorder = open ?? new Recorder({ ...options.recorder, newOpenId: options.newOpenId });
    const writer = new HourWriter(options, recorder, nextLog);
    for (const { log, openId } of left) writer.#logs.set(openId, log);
    writer.#waiting.push(...waiting);
    return writer;
  }

  /** Finished hours that wait to be sealed. */
  get waitingHours(): number {
    return this.#waiting.length;
  }

  /** Writing ahead worked the last time; readings are in memory alone otherwise. */
  get isStored(): boolean {
    return this.#writeError === undefined;
  }

  /** Rows of a stream that are in no sealed hour yet, and its first reading among them. */
  unsealedRows(name: string, device: string): { rows: number; firstMs: number | null } {
    let rows = 0;
    let firstMs: number | null = null;
    for (const { streams } of this.#waiting) {
      for (const stream of streams) {
        if (stream.name !== name || stream.device !== device) continue;
        firstMs ??= stream.firstMs;
        rows += stream.rows;
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
      this.#waiting.push(waitingHour(hour));
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
      log = `${segmentLogs(this.#options.recorder.station)}${String(this.#nextLog++).padStart(10, '0')}-${name}`;
      this.#logs.set(name, log);
    }
    this.#unwritten.push({ log, bytes });
  }

  async #write(): Promise<void> {
    try {
      await this.#writeAhead();
      this.#writeError = undefined;
    } catch (error) {
      this.#writeError = error;
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
      if (hour.rest-- > 0) continue;
      try {
        await this.#options.seal(() => this.#contentOf(hour), hour.openId);
        this.sealed++;
        this.#waiting.splice(this.#waiting.indexOf(hour), 1);
        await this.#forgetSegments(toHex(hour.openId));
      } catch (error) {
        if (isWaystationError(error, 'no-key') || isWaystationError(error, 'store-full')) {
          if (isWaystationError(error, 'store-full')) this.#options.onTrouble(error);
          break;
        }
        hour.rest = Math.min(MAX_REST, 2 ** ++hour.failures);
        this.#options.onTrouble(error);
      }
    }
    const inMemoryOnly = new Set(this.#unwritten.map(({ log }) => log));
    for (const hour of this.#waiting) {
      const log = this.#logs.get(toHex(hour.openId));
      if (log !== undefined && !inMemoryOnly.has(log)) parked(hour);
    }
  }

  async #contentOf(hour: WaitingHour): Promise<HourContent> {
    if (hour.content !== null) return hour.content;
    const openId = toHex(hour.openId);
    const { recorder } = await readBack(this.#options, this.#logs.get(openId) ?? '', openId);
    const [read] = finish(recorder);
    if (read === undefined) throw new WaystationError('corrupt', 'the segments of an hour are gone');
    return read.content;
  }

  async #forgetSegments(openId: string): Promise<void> {
    const log = this.#logs.get(openId);
    if (log === undefined) return;
    this.#logs.delete(openId);
    this.#unwritten = this.#unwritten.filter((one) => one.log !== log);
    await this.#options.store.logs.remove(log);
  }

  /**
   * Ends the open hour and seals what can be sealed.
   * @param cause why it ends.
   * @throws WaystationError `store-full`, or what else the store threw, when readings are in memory alone: they are lost now.
   */
  async stop(cause: EndCause = 'stop'): Promise<void> {
    this.recorder.stop(cause);
    await this.flush();
    if (this.#unwritten.length === 0) return;
    if (!isWaystationError(this.#writeError, 'store-full')) throw this.#writeError;
    throw new WaystationError(
      'store-full',
      `the last ${this.#unwritten.length} seconds or so of readings could not be stored and are lost: free some space before recording on`,
    );
  }
}

function waitingHour({ openId, content }: FinishedHour): WaitingHour {
  const streams = content.streams.map(({ descriptor, rows }) => {
    const first = rows.offsetsNs[0];
    const firstMs = first === undefined ? null : rows.baseMs + first / 1e6;
    return { name: descriptor.name, device: descriptor.device, rows: rows.offsetsNs.length, firstMs };
  });
  return { openId, streams, content, failures: 0, rest: 0 };
}

/** The same hour, whose readings are in its segments. */
function parked(hour: WaitingHour): WaitingHour {
  hour.content = null;
  return hour;
}

/** Ends what was being recorded when the program ended; an hour that had ended by itself is as it was. */
function finish(recorder: Recorder): FinishedHour[] {
  recorder.stop('crash');
  return recorder.takeFinished();
}

/** Puts a recorder back to where its segments end. */
async function readBack(
  { store, recorder, newOpenId }: HourWriterOptions,
  log: string,
  openId: string,
): Promise<{ recorder: Recorder; damaged: number }> {
  const records: Bytes[] = [];
  for (;;) {
    const batch = await store.logs.read(log, records.length, READ_BATCH, READ_BATCH_BYTES);
    if (batch.length === 0) break;
    records.push(...batch);
  }
  return Recorder.resume({ ...recorder, newOpenId }, fromHex(openId), joinSegments(records));
}

function unreadable(log: string, segments: number): WaystationError {
  return new WaystationError(
    'corrupt',
    `${segments} stored seconds of an hour that was being recorded cannot be read (${log}); what came before them is kept`,
  );
}
