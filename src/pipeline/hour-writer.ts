/**
 * Writes a recorder's output so that nothing is lost: segments ahead of the hour, then the sealed hour, then the segments are
 * forgotten. What cannot be sealed yet (no key before admission, a full disk) stays in its segments and is sealed later.
 *
 * Crash at any point: before the entry, the segments rebuild the hour; after it, its open id tells that the hour is sealed and
 * its segments are left over.
 *
 * Rows that are safely in segments leave memory, so that an hour costs no more of it than a minute: the hour is sealed from its segments.
 *
 * While the store takes nothing, readings wait in memory, but never more than {@link MAX_UNSTORED_BYTES}: what comes then is dropped and
 * counted, the hours say so in a gap with cause `store`, and recording goes on when everything that waited has been written.
 */
import { type Bytes, toHex } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import type { HourLedger } from '../hour/hour-ledger.ts';
import type { HourTally } from '../hour/open-hour.ts';
import { type FinishedHour, Recorder, type RecorderOptions, type ResumedRecorder } from '../hour/recorder.ts';
import type { GapCause, HourContent, ReadingBatch } from '../hour/types.ts';
import type { Store } from '../store/port.ts';
import { giveHour, type HourSource, type TakeRows } from './hour-encoding.ts';
import { finishReadBack, readBack, unreadable } from './read-back.ts';
import { segmentRecords } from './segment-records.ts';
import { segmentLogs } from './unsealed-logs.ts';

/**
 * Makes an hour durable and known: blob first, then the entry.
 * @param source reads the hour back from its segments where it is not in memory any more.
 * @throws WaystationError `no-key` before admission.
 */
export type SealHour = (source: HourSource, openId: Bytes) => Promise<void>;

/** A finished hour that is not sealed yet. */
interface WaitingHour {
  readonly openId: Bytes;
  readonly startMs: number;
  readonly stationName: string;
  readonly tally: HourTally;
  /** Why its readings end, should the segment that says so be lost: `crash` for what an earlier run left, `store` otherwise. */
  readonly endCause: GapCause;
  /** Null once it is in its segments alone: a week before admission must fit into memory. */
  content: HourContent | null;
  /** What was missing when it was read back; null when nothing was, or when that has been told. */
  loss: ResumedRecorder | null;
  /** How often sealing it failed for another reason than that it must wait, and flushes until it is tried again. */
  failures: number;
  rest: number;
}

/**
 * Segments that wait in memory for a store that takes nothing: six hours or more of ten sensors at 60 Hz. The rows of the hour that is
 * open come on top, 25 MiB of such; a phone's browser ends pages that have some hundred MiB more.
 */
export const MAX_UNSTORED_BYTES = 64 * 2 ** 20;
/** What a segment takes in memory beside its bytes: a slow sensor's are small and many. */
const SEGMENT_OVERHEAD_BYTES = 512;
/** Written ahead at once, but at least one segment: where there is room again for some of what waits, that is stored. */
const MAX_APPEND_BYTES = 4 * 2 ** 20;

/** Rows of one stream that leave memory together when they are stored: a minute at 60 Hz, so that what stays is copied once a minute. */
const LET_GO_ROWS = 4_096;

/** An hour that cannot be sealed is tried again after 2, 4, 8, … flushes, at most so many. */
const MAX_REST = 600;
/** On a full disk nothing can be sealed: then all are tried again after 2, 4, 8, … flushes, at most so many. Encoding an hour takes a second. */
const MAX_REST_WHEN_FULL = 60;

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
  /** {@link MAX_UNSTORED_BYTES} unless a test has less patience. */
  readonly maxUnstoredBytes?: number;
  /** {@link LET_GO_ROWS} unless a test has fewer readings. */
  readonly letGoRows?: number;
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
  #unwrittenBytes = 0;
  /** Streams whose readings are dropped, since too many wait; null while all are taken. */
  #dropping: Set<number> | null = null;
  /** Readings that were dropped since this writer was opened. */
  #lostRows = 0;
  /** How often in a row the disk was too full to seal, and flushes until it is tried again. */
  #timesFull = 0;
  #restWhenFull = 0;
  /** Why writing ahead failed; undefined when it worked the last time. */
  #writeError: unknown;
  #nextLog: number;
  #tail: Promise<void> = Promise.resolve();
  /** Logs of the hours that are being sealed, which may take seconds: what is recorded meanwhile is written ahead beside that. */
  #sealing: ReadonlySet<string | undefined> | null = null;
  #beside: Promise<void> = Promise.resolve();

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
      const source = { log, openId, unwritten: [], tally: null, endCause: 'crash' as const };
      const back = await readBack(store.logs, recorderOptions(options), source, () => undefined);
      if (back.damaged > 0) options.onTrouble(unreadable(log, back));
      // Nothing is recorded on into an hour with a damaged segment: it may have numbered streams. That hour ends here.
      if (i === left.length - 1 && back.damaged === 0) recorders.push(back.recorder);
      else waiting.push(...finishReadBack(back, 'crash').map((hour) => parked(waitingHour(hour, 'crash'))));
    }
    const [open] = recorders;
    const recorder = open ?? new Recorder(recorderOptions(options));
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

  /** Too much waits for the store: what is measured now is not kept. */
  get isDropping(): boolean {
    return this.#dropping !== null;
  }

  /** Readings that were not kept since this writer was opened: rows of all streams together. */
  get lostRows(): number {
    return this.#lostRows;
  }

  /** Bytes of readings that are in memory alone. */
  get unstoredBytes(): number {
    return this.#unwrittenBytes;
  }

  /**
   * Takes readings in, unless too many wait in memory for a store that takes nothing.
   * @returns false when they were not kept.
   * @throws WaystationError `store-full`, or what else the store threw, in place of dropping what is replayed: it can be read again.
   */
  batch(stream: number, batch: ReadingBatch): boolean {
    const dropping = this.#dropping;
    if (dropping === null) {
      this.recorder.batch(stream, batch);
      return true;
    }
    if (this.recorder.streams[stream]?.replay === true) throw this.#writeError;
    const rows = batch.offsetsNs.length;
    if (rows > 0 && !dropping.has(stream)) {
      dropping.add(stream);
      const fromMs = Math.floor(batch.baseMs + (batch.offsetsNs[0] as number) / 1e6);
      this.recorder.gap(
        stream,
        fromMs,
        'store',
        isWaystationError(this.#writeError, 'store-full') ? 'full' : '',
      );
    }
    this.#lostRows += rows;
    return false;
  }

  /** Rows of a stream that are in no sealed hour yet, and its first reading among them. */
  unsealedRows(name: string, device: string): { rows: number; firstMs: number | null } {
    let rows = 0;
    let firstMs: number | null = null;
    for (const { tally } of this.#waiting) {
      for (const stream of tally.streams) {
        const descriptor = tally.descriptors[stream.stream];
        if (descriptor?.name !== name || descriptor.device !== device) continue;
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
      this.#waiting.push(waitingHour(hour, 'store'));
    }
    const segment = this.recorder.takeSegment();
    if (segment !== undefined) this.#ahead(segment.openId, segment.bytes);
    if (this.#sealing !== null) this.#beside = this.#beside.then(() => this.#writeBeside());
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
    this.#unwrittenBytes += bytes.length + SEGMENT_OVERHEAD_BYTES;
  }

  async #write(): Promise<void> {
    await this.#beside;
    await this.#writeOrTell(() => true);
    // Also when nothing could be written ahead: a sealed hour is smaller than its segments, and frees them.
    const hours = [...this.#waiting];
    this.#sealing = new Set(hours.map(({ openId }) => this.#logs.get(toHex(openId))));
    try {
      await this.#seal(hours);
    } finally {
      this.#sealing = null;
    }
  }

  /** The segments of hours that are being sealed are let alone: they are being read. Those of an hour that ended since then are not. */
  async #writeBeside(): Promise<void> {
    const sealing = this.#sealing;
    if (this.#writeError === undefined) await this.#writeOrTell((log) => sealing?.has(log) !== true);
  }

  async #writeOrTell(isMeant: (log: string) => boolean): Promise<void> {
    try {
      await this.#writeAhead(isMeant);
      this.#writeError = undefined;
      this.#dropping = null;
    } catch (error) {
      this.#writeError = error;
      this.#options.onTrouble(this.#dropIfTooMuch(error));
    }
  }

  async #writeAhead(isMeant: (log: string) => boolean): Promise<void> {
    // While nothing can be written one segment is enough to find that out, second after second.
    let maxBytes = this.#writeError === undefined ? MAX_APPEND_BYTES : 0;
    for (;;) {
      const log = this.#unwritten.find((one) => isMeant(one.log))?.log;
      if (log === undefined) return;
      let bytes = 0;
      const run = this.#unwritten.filter((one) => {
        if (one.log !== log || (bytes > 0 && bytes >= maxBytes)) return false;
        bytes += one.bytes.length;
        return true;
      });
      const records = run.flatMap((one) => segmentRecords(one.bytes));
      await this.#options.store.logs.append(log, records, 'relaxed');
      maxBytes = MAX_APPEND_BYTES;
      const written = new Set(run);
      this.#keepUnwritten((one) => !written.has(one));
      this.#letGoWritten();
    }
  }

  /** Rows leave memory when every segment of their hour is stored; on a full disk they stay. */
  #letGoWritten(): void {
    const { openId } = this.recorder;
    const log = openId === undefined ? undefined : this.#logs.get(toHex(openId));
    if (log === undefined || this.#unwritten.some((one) => one.log === log)) return;
    this.recorder.letGoWritten(this.#options.letGoRows ?? LET_GO_ROWS);
  }

  #keepUnwritten(isKept: (one: { readonly log: string; readonly bytes: Bytes }) => boolean): void {
    this.#unwritten = this.#unwritten.filter(isKept);
    this.#unwrittenBytes = this.#unwritten.reduce(
      (sum, { bytes }) => sum + bytes.length + SEGMENT_OVERHEAD_BYTES,
      0,
    );
  }

  /** What there is to tell of a write that failed. */
  #dropIfTooMuch(error: unknown): unknown {
    if (
      this.#dropping !== null ||
      this.#unwrittenBytes <= (this.#options.maxUnstoredBytes ?? MAX_UNSTORED_BYTES)
    )
      return error;
    this.#dropping = new Set();
    const waiting = `${Math.round(this.#unwrittenBytes / 2 ** 20)} MiB of readings wait in memory`;
    if (!isWaystationError(error, 'store-full'))
      return new WaystationError(
        'unavailable',
        `readings cannot be stored (${errorMessage(error)}): ${waiting}, and what is measured from now on is lost until they can`,
      );
    return new WaystationError(
      'store-full',
      `this device is full: ${waiting}, and what is measured from now on is lost until there is room. Free some space on it`,
    );
  }

  /** Seals these, in order. One hour that cannot be sealed does not hold up the others, a full disk or a missing key does. */
  async #seal(hours: readonly WaitingHour[]): Promise<void> {
    const isResting = this.#restWhenFull > 0;
    if (isResting) this.#restWhenFull--;
    for (const hour of isResting ? [] : hours) {
      if (hour.rest-- > 0) continue;
      try {
        await this.#options.seal(this.#sourceOf(hour), hour.openId);
        this.sealed++;
        this.#tellLoss(hour);
        this.#timesFull = 0;
        this.#waiting.splice(this.#waiting.indexOf(hour), 1);
        await this.#forgetSegments(toHex(hour.openId));
      } catch (error) {
        if (isWaystationError(error, 'no-key') || isWaystationError(error, 'store-full')) {
          if (isWaystationError(error, 'store-full')) {
            this.#restWhenFull = Math.min(MAX_REST_WHEN_FULL, 2 ** ++this.#timesFull);
            this.#options.onTrouble(error);
          }
          break;
        }
        hour.rest = Math.min(MAX_REST, 2 ** ++hour.failures);
        this.#options.onTrouble(error);
      }
    }
    for (const hour of this.#waiting) if (this.#logs.has(toHex(hour.openId))) parked(hour);
  }

  #sourceOf(hour: WaitingHour): HourSource {
    const { startMs, tally } = hour;
    const cells = tally.streams.reduce(
      (sum, { stream, rows }) => sum + rows * ((tally.descriptors[stream]?.columns.length ?? 0) + 1),
      0,
    );
    return { startMs, cells, read: (take) => this.#read(hour, take) };
  }

  async #read(hour: WaitingHour, take: TakeRows): Promise<HourLedger> {
    if (hour.content !== null) return giveHour(hour.content, take);
    const { tally, endCause, stationName } = hour;
    const openId = toHex(hour.openId);
    const log = this.#logs.get(openId) ?? '';
    const unwritten = this.#unwritten.flatMap((one) => (one.log === log ? [one.bytes] : []));
    const options = { ...recorderOptions(this.#options), stationName };
    const source = { log, openId, unwritten, tally, endCause };
    const back = await readBack(this.#options.store.logs, options, source, take);
    const [read] = finishReadBack(back, endCause);
    if (read === undefined) throw new WaystationError('corrupt', 'the segments of an hour are gone');
    // What an earlier run left was read once already, and told of.
    if (back.damaged > 0 && endCause === 'store') hour.loss = back;
    const { streams, ...ledger } = read.content;
    return {
      ...ledger,
      streams: streams.map(({ descriptor }, i) => ({ number: read.numbers[i] as number, descriptor })),
    };
  }

  #tellLoss({ openId, loss }: WaitingHour): void {
    if (loss === null) return;
    this.#lostRows += loss.lostRows;
    this.#options.onTrouble(unreadable(this.#logs.get(toHex(openId)) ?? '', loss));
  }

  async #forgetSegments(openId: string): Promise<void> {
    const log = this.#logs.get(openId);
    if (log === undefined) return;
    this.#logs.delete(openId);
    this.#keepUnwritten((one) => one.log !== log);
    await this.#options.store.logs.remove(log);
  }

  /**
   * Ends the open hour and seals what can be sealed.
   * @param cause why it ends.
   * @throws WaystationError `store-full`, or what else the store threw, when readings are in memory alone: they are lost now.
   */
  async stop(cause: EndCause = 'stop'): Promise<void> {
    this.recorder.stop(cause);
    this.#restWhenFull = 0;
    await this.flush();
    if (this.#unwritten.length === 0) return;
    if (!isWaystationError(this.#writeError, 'store-full')) throw this.#writeError;
    throw new WaystationError(
      'store-full',
      `the last ${this.#unwritten.length} seconds or so of readings could not be stored and are lost: free some space before recording on`,
    );
  }
}

function waitingHour({ openId, content, isWhole, tally }: FinishedHour, endCause: GapCause): WaitingHour {
  const { startMs, stationName } = content;
  return {
    openId,
    startMs,
    stationName,
    tally,
    endCause,
    content: isWhole ? content : null,
    loss: null,
    failures: 0,
    rest: 0,
  };
}

/** The same hour, whose readings are in its segments: in its log, or waiting for that in a fraction of the memory. */
function parked(hour: WaitingHour): WaitingHour {
  hour.content = null;
  return hour;
}

function recorderOptions({ recorder, newOpenId }: HourWriterOptions): RecorderOptions {
  return { ...recorder, newOpenId };
}
