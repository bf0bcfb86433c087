/**
 * The hour recorder: takes readings, cuts them into UTC-aligned slots, keeps the open hour in memory and a ledger of gaps, and
 * hands out write-ahead segments and finished hours. A pure state machine: no timers, no I/O.
 *
 * Invariants: rows leave in the order in which they came and none is lost or made up; the readings' own times decide the slot; at any
 * moment the segments taken so far rebuild the open hour as it was when the last one was taken; so rows that these have may leave
 * memory once they are stored. A slot may be sealed in several
 * parts (the clock was set back, a stream changed, the hour grew too large); each part's ledger speaks of that part alone.
 *
 * One recorder serves one line of time: live sensors together, or one recording. Streams whose clocks differ by less than a
 * minute share hours; one that lags further is still recorded whole, in the hour that is open, outside its slot.
 */
import type { Bytes } from '../core/bytes.ts';
import type { StationId } from '../core/ids.ts';
import { type HourTally, OpenHour, type StreamTally } from './open-hour.ts';
import { addRecordedStream, type RecordedStream, timeMs } from './recorded-stream.ts';
import { Replay } from './replay.ts';
import type { GapCause, HourContent, ReadingBatch, StreamDescriptor } from './types.ts';

/** A live hour is sealed this long after its end when no reading came to end it. */
const SEAL_GRACE_MS = 2_000;
/** Readings this much older than expected are a delayed stream; further back the clock was set back. */
const LATE_MS = 60_000;
/** Readings further than this from the slot would not be exact nanoseconds in float64 (2^53 ns are 104 days). */
const FAR_MS = 100 * 86_400_000;

export interface RecorderOptions {
  readonly station: StationId;
  readonly stationName: string;
  /** Length of a slot; hours are {@link HOUR_MS}, tests and demonstrations use less. */
  readonly hourMs: number;
  /** 16 random bytes that name an open hour, so that it is sealed once. */
  readonly newOpenId: () => Bytes;
}

/** An hour that is to be sealed; its write-ahead segments may be forgotten once that is durable. */
export interface FinishedHour {
  readonly openId: Bytes;
  /** What it says, with the rows that are in memory. */
  readonly content: HourContent;
  /** The number in the recorder of each of its streams. */
  readonly numbers: readonly number[];
  /** All its rows are in `content`; otherwise they are in its segments, all of them. */
  readonly isWhole: boolean;
  readonly tally: HourTally;
  /** The last of its write-ahead segments, undefined when the ones taken before say it all. */
  readonly lastSegment: Bytes | undefined;
}

export interface ResumedRecorder {
  readonly recorder: Recorder;
  /** How many segments could not be read. Nothing may be recorded on then: numbers of streams may be taken. */
  readonly damaged: number;
  /** Readings that are known to have been in these. */
  readonly lostRows: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #stationName: string;
  readonly #streams: RecordedStream[] = [];
  #open: OpenHour | undefined;
  #finished: FinishedHour[] = [];
  /** Why the time before the first row of the next hour is empty. */
  #startCause: GapCause | null = 'start';
  /** End of the slot that was sealed last: what comes a little late belongs to the next one. */
  #sealedToMs: number | null = null;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#stationName = options.stationName;
  }

  /** Rebuilds the hour of a crashed recorder from its segments, in order. Streams keep their numbers. */
  static resume(options: RecorderOptions, openId: Bytes, segments: readonly Uint8Array[]): ResumedRecorder {
    const replay = new Replay(openId);
    for (const bytes of segments) replay.add(bytes);
    return Recorder.after(options, replay);
  }

  /**
   * Goes on where a replay of segments ended.
   * @param cause why nothing came after the last of them.
   */
  static after(options: RecorderOptions, replay: Replay, cause: GapCause = 'crash'): ResumedRecorder {
    const recorder = new Recorder(options);
    replay.end();
    recorder.#streams.push(...replay.streams);
    if (replay.open !== undefined) recorder.#goOn(replay.open, cause);
    return { recorder, damaged: replay.damaged, lostRows: replay.lostRows };
  }

  #goOn(open: OpenHour, cause: GapCause): void {
    this.#startCause = null;
    open.markWritten(this.#streams.length);
    if (open.isComplete) {
      this.#finished.push(this.#finishedOf(open, undefined));
      this.#sealedToMs = open.endMs;
    } else this.#open = open;
    for (const { silence } of this.#streams) {
      if (silence.lastMs !== null) silence.begin(silence.lastMs, cause, '');
    }
  }

  get openId(): Bytes | undefined {
    return this.#open?.openId;
  }

  /** How much the open hour has of a stream, in memory or in segments. */
  openTally(stream: number): StreamTally | undefined {
    return this.#open?.tallyOf(stream);
  }

  /** Rows of a stream in the open hour. */
  openRows(stream: number): number {
    return this.openTally(stream)?.rows ?? 0;
  }

  /** First reading of a stream in the open hour, ms, null when there is none. */
  openFirstMs(stream: number): number | null {
    return this.openTally(stream)?.firstMs ?? null;
  }

  get streams(): readonly StreamDescriptor[] {
    return this.#streams.map((stream) => stream.descriptor);
  }

  /** The open hour's ledger as it is now, for a look at it. Undefined when none is open. */
  snapshot(): Omit<HourContent, 'streams'> | undefined {
    if (this.#open === undefined) return undefined;
    const { streams: _, ...ledger } = this.#contentOf(this.#open);
    return ledger;
  }

  /**
   * Every segment that was taken of the open hour is stored: rows that these have may leave memory.
   * @param least rows of a stream that are worth a copy of what stays.
   */
  letGoWritten(least: number): void {
    this.#open?.letGoWritten(least);
  }

  /** The name that hours carry from the next one sealed on. */
  setStationName(name: string): void {
    this.#stationName = name;
  }

  /**
   * Registers a stream, or finds it again after a crash or stop; the number that batches name it by. A stream that comes back
   * changed begins a new part of the hour; a second stream of a name that is in use gets a number behind its name.
   * @throws WaystationError `limit`.
   */
  addStream(descriptor: StreamDescriptor): number {
    const key = JSON.stringify(descriptor);
    const known = this.#streams.findIndex((stream) => stream.key === key);
    const same = this.#streams[known];
    if (same !== undefined) {
      same.active = true;
      return known;
    }
    const holders = this.#streams.filter((stream) => stream.descriptor.name === descriptor.name);
    if (holders.some((stream) => stream.active)) {
      const taken = new Set(this.#streams.map((stream) => stream.descriptor.name));
      let number = 2;
      while (taken.has(`${descriptor.name}-${number}`)) number++;
      return addRecordedStream(
        this.#streams,
        { ...descriptor, name: `${descriptor.name}-${number}` },
        key,
        true,
      );
    }
    const changed = holders.some((_, i) =>
      this.#open?.has(this.#streams.indexOf(holders[i] as RecordedStream)),
    );
    if (changed) this.#finish(this.#open as OpenHour, null);
    for (const { silence } of holders) silence.forget();
    return addRecordedStream(this.#streams, descriptor, key, true);
  }

  #stateOf(stream: number): RecordedStream {
    const state = this.#streams[stream];
    if (state === undefined) throw new RangeError(`expected a stream that was added, got ${stream}`);
    return state;
  }

  /** Takes readings in. @throws RangeError when they do not have the stream's shape or their times are no whole nanoseconds. */
  batch(stream: number, batch: ReadingBatch): void {
    const state = this.#stateOf(stream);
    const count = batch.offsetsNs.length;
    checkBatch(state.descriptor, batch);
    for (let from = 0; from < count; ) {
      const open = this.#openFor(state, timeMs(batch, from));
      const room = open.roomFor(state.descriptor.columns.length);
      let to = from;
      while (to < count && to - from < room) {
        const atMs = timeMs(batch, to);
        if (to > from && !this.#staysIn(open, state, atMs)) break;
        this.#hear(open, stream, state, atMs);
        to++;
      }
      open.append(stream, state.descriptor, batch, from, to);
      from = to;
    }
  }

  /** A stream (or null: all of them) delivers nothing from `fromMs` on. Ends with its next reading. */
  gap(stream: number | null, fromMs: number, cause: GapCause, detail = ''): void {
    const states = stream === null ? this.#streams.filter((state) => state.active) : [this.#stateOf(stream)];
    for (const { silence } of states) silence.begin(fromMs, cause, detail);
  }

  /** The wall clock moved on: seals a live hour whose end has passed with nothing to end it. */
  tick(nowMs: number): void {
    const open = this.#open;
    if (this.#streams.every((stream) => stream.descriptor.replay)) return;
    this.#nowMs = nowMs;
    if (open !== undefined && nowMs >= open.endMs + SEAL_GRACE_MS) this.#finish(open, null);
  }

  /** Everything since the last call, undefined when there is nothing new. To be written ahead durably, in order. */
  takeSegment(): { openId: Bytes; bytes: Bytes } | undefined {
    const open = this.#open;
    const bytes = open?.takeSegment(this.#streams);
    return open === undefined || bytes === undefined ? undefined : { openId: open.openId, bytes };
  }

  /** Ends the open hour now: the person stopped, or a crashed one is sealed as it is. */
  stop(cause: GapCause): void {
    if (this.#open !== undefined) this.#finish(this.#open, cause);
    this.#startCause = 'start';
    this.#sealedToMs = null;
    for (const state of this.#streams) {
      state.silence.forget();
      state.active = false;
    }
  }

  /** Hours wait to be taken and sealed. */
  get hasFinished(): boolean {
    return this.#finished.length > 0;
  }

  /** Hours that are to be sealed, in order. */
  takeFinished(): FinishedHour[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  /** The hour that a reading belongs to, opening and ending hours as needed. */
  #openFor(state: RecordedStream, atMs: number): OpenHour {
    const open = this.#open;
    if (open !== undefined) {
      const stays = this.#staysIn(open, state, atMs);
      if (stays && open.roomFor(state.descriptor.columns.length) > 0) return open;
      const back = !stays && atMs < open.endMs;
      this.#finish(open, back ? 'clock' : null, { state, atMs });
      if (back) {
        this.#startCause = 'clock';
        this.#sealedToMs = null;
        for (const { silence } of this.#streams) silence.forget();
      }
    }
    const { hourMs, newOpenId } = this.#options;
    let startMs = Math.floor(atMs / hourMs) * hourMs;
    const sealedTo = this.#sealedToMs;
    if (sealedTo !== null && atMs < sealedTo && atMs >= sealedTo - Math.min(LATE_MS, hourMs))
      startMs = sealedTo;
    const begins = this.#startCause !== null;
    const next = new OpenHour(newOpenId(), startMs, hourMs, begins ? atMs : startMs);
    if (this.#startCause !== null && atMs > startMs) {
      next.addGap({ stream: null, fromMs: startMs, toMs: atMs, cause: this.#startCause, detail: '' });
    }
    this.#startCause = null;
    this.#open = next;
    return next;
  }

  /** Decides by the stream's own past, so that two streams whose clocks differ do not seal an hour at every batch. */
  #staysIn(open: OpenHour, { silence: { lastMs } }: RecordedStream, atMs: number): boolean {
    if (atMs >= open.endMs || Math.abs(atMs - open.startMs) > FAR_MS) return false;
    if (lastMs === null) return atMs >= open.startMs - LATE_MS;
    return atMs >= Math.min(lastMs, open.highMs ?? lastMs) - LATE_MS;
  }

  /** One reading's time, for the ledger. */
  #hear(open: OpenHour, stream: number, { silence }: RecordedStream, atMs: number): void {
    const first = silence.lastMs === null && silence.pending === null;
    const closed = silence.reading(atMs);
    if (closed !== undefined) open.addGap({ stream, ...closed });
    // A stream that begins after the others did: it is missing from where the station began.
    else if (first && atMs - open.beginMs > silence.lateStartMs) {
      open.addGap({ stream, fromMs: open.beginMs, toMs: atMs, cause: 'start', detail: '' });
    }
    open.hear(atMs);
  }

  /** @param next the reading that ends the hour, when one does. */
  #finish(
    open: OpenHour,
    cause: GapCause | null,
    next?: { readonly state: RecordedStream; readonly atMs: number },
  ): void {
    this.#open = undefined;
    const heardMs = Math.min(open.endMs, Math.max(open.highMs ?? open.startMs, open.startMs));
    const isLive = this.#streams.some((state) => state.active && !state.descriptor.replay);
    const stoppedMs =
      isLive && cause === 'stop' ? Math.min(open.endMs, Math.max(heardMs, Math.floor(this.#nowMs))) : heardMs;
    // A part that ends early because it is full or a stream changed goes on at once: no time is missing.
    const rolls =
      cause === null && (next === undefined ? this.#nowMs >= open.endMs : next.atMs >= open.endMs);
    if (rolls || cause !== null) {
      const endMs = rolls ? open.endMs : stoppedMs;
      this.#streams.forEach(({ silence, active }, stream) => {
        const nextMs = next !== undefined && next.state.silence === silence ? next.atMs : endMs;
        const closed = silence.cut(endMs, nextMs);
        if (closed !== undefined) open.addGap({ stream, ...closed });
        if (!active && rolls) silence.forget();
      });
    }
    if (cause !== null && stoppedMs < open.endMs) {
      open.addGap({ stream: null, fromMs: stoppedMs, toMs: open.endMs, cause, detail: '' });
    }
    this.#sealedToMs = rolls ? open.endMs : null;
    open.isComplete = true;
    const lastSegment = open.takeSegment(this.#streams);
    this.#finished.push(this.#finishedOf(open, lastSegment));
  }

  #finishedOf(open: OpenHour, lastSegment: Bytes | undefined): FinishedHour {
    const { openId, isWhole } = open;
    const tally = { descriptors: this.streams, streams: open.tally() };
    return {
      openId,
      content: this.#contentOf(open),
      numbers: open.streamNumbers(),
      isWhole,
      tally,
      lastSegment,
    };
  }

  #contentOf(open: OpenHour): HourContent {
    const { station } = this.#options;
    const descriptors = this.#streams.map((stream) => stream.descriptor);
    return { station, stationName: this.#stationName, ...open.content(descriptors) };
  }
}

function checkBatch({ name, columns }: StreamDescriptor, batch: ReadingBatch): void {
  const count = batch.offsetsNs.length;
  if (batch.columns.length !== columns.length || batch.columns.some((column) => column.length !== count)) {
    throw new RangeError(`expected ${columns.length} columns of ${count} rows for ${name}`);
  }
  if (!Number.isSafeInteger(batch.baseMs))
    throw new RangeError(`expected a whole base in ms, got ${batch.baseMs}`);
  for (let row = 0; row < count; row++) {
    if (!Number.isSafeInteger(batch.offsetsNs[row])) {
      throw new RangeError(`expected times in whole nanoseconds, got ${batch.offsetsNs[row]}`);
    }
  }
}
