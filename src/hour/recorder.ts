/**
 * The hour recorder: takes readings, cuts them into UTC-aligned slots, keeps the open hour in memory and a ledger of gaps, and
 * hands out write-ahead segments and finished hours. A pure state machine: no timers, no I/O.
 *
 * Invariants: rows leave in the order in which they came and none is lost or made up; the readings' own times decide the slot; at any
 * moment the segments taken so far rebuild the open hour as it was when the last one was taken.
 */
import type { Bytes } from '../core/bytes.ts';
import type { StationId } from '../core/ids.ts';
import { RowBuffer } from './row-buffer.ts';
import { decodeSegment, encodeSegment, type Segment } from './segment.ts';
import type { Gap, GapCause, HourContent, ReadingBatch, StreamDescriptor } from './types.ts';

export const HOUR_MS = 3_600_000;
/** A live hour is sealed this long after its end when no reading came to end it. */
const SEAL_GRACE_MS = 2_000;
/** Readings this much older than the open slot are a delayed stream; further back the clock was set back. */
const LATE_MS = 60_000;
/** A stream pauses when it is silent for longer than this and than three of its intervals. */
const PAUSE_MS = 2_000;

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
  readonly content: HourContent;
  /** The last of its write-ahead segments, undefined when the ones taken before say it all. */
  readonly lastSegment: Bytes | undefined;
}

interface OpenHour {
  readonly openId: Bytes;
  readonly startMs: number;
  readonly buffers: Map<number, RowBuffer>;
  readonly gaps: Gap[];
  /** How much of it the segments have: streams described, rows per stream, gaps. */
  readonly described: Set<number>;
  readonly written: Map<number, number>;
  gapsWritten: number;
}

interface StreamState {
  readonly descriptor: StreamDescriptor;
  lastMs: number | null;
  /** A gap that is open: since when and why. */
  pending: { readonly fromMs: number; readonly cause: GapCause; readonly detail: string } | null;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #streams: StreamState[] = [];
  #open: OpenHour | undefined;
  #finished: FinishedHour[] = [];
  /** Why the time before the first row of the next hour is empty. */
  #startCause: GapCause | null = 'start';

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /**
   * Rebuilds the open hour of a crashed recorder from its segments. Streams keep their numbers.
   * @returns the recorder and how many segments could not be read (with the first of those the rest is dropped).
   */
  static resume(options: RecorderOptions, openId: Bytes, segments: readonly Uint8Array[]): { recorder: Recorder; damaged: number } {
    const recorder = new Recorder(options);
    let used = 0;
    for (const bytes of segments) {
      let segment: Segment;
      try {
        segment = decodeSegment(bytes);
      } catch {
        break;
      }
      recorder.#replay(openId, segment);
      used++;
    }
    recorder.#markAllWritten();
    const now = recorder.#streams;
    for (const stream of now) {
      if (stream.lastMs !== null) stream.pending = { fromMs: stream.lastMs, cause: 'crash', detail: '' };
    }
    return { recorder, damaged: segments.length - used };
  }

  #replay(openId: Bytes, segment: Segment): void {
    this.#startCause = null;
    this.#open ??= this.#newHour(openId, segment.startMs);
    for (const descriptor of segment.streams) this.#streams.push({ descriptor, lastMs: null, pending: null });
    for (const { stream, batch } of segment.rows) this.#append(stream, batch, 0, batch.offsetsNs.length);
    this.#open.gaps.push(...segment.gaps);
  }

  #markAllWritten(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#streams.forEach((_, i) => open.described.add(i));
    for (const [stream, buffer] of open.buffers) open.written.set(stream, buffer.rows);
    open.gapsWritten = open.gaps.length;
  }

  get openId(): Bytes | undefined {
    return this.#open?.openId;
  }

  /** Rows of a stream in the open hour. */
  openRows(stream: number): number {
    return this.#open?.buffers.get(stream)?.rows ?? 0;
  }

  /** First reading of a stream in the open hour, ms, null when there is none. */
  openFirstMs(stream: number): number | null {
    const buffer = this.#open?.buffers.get(stream);
    const first = buffer?.since(0).offsetsNs[0];
    return buffer === undefined || first === undefined ? null : buffer.baseMs + first / 1e6;
  }

  get streams(): readonly StreamDescriptor[] {
    return this.#streams.map((stream) => stream.descriptor);
  }

  /** Registers a stream, or finds it again after a resume; the number that batches name it by. */
  addStream(descriptor: StreamDescriptor): number {
    const same = JSON.stringify(descriptor);
    const known = this.#streams.findIndex((stream) => JSON.stringify(stream.descriptor) === same);
    if (known >= 0) return known;
    this.#streams.push({ descriptor, lastMs: null, pending: null });
    return this.#streams.length - 1;
  }

  /** Takes readings in. */
  batch(stream: number, batch: ReadingBatch): void {
    const state = this.#streams[stream];
    if (state === undefined) throw new RangeError(`expected a stream that was added, got ${stream}`);
    for (let from = 0; from < batch.offsetsNs.length; ) {
      const slot = this.#slotFor(timeMs(batch, from));
      let to = from + 1;
      while (to < batch.offsetsNs.length && this.#staysIn(slot, timeMs(batch, to))) to++;
      this.#closeGap(stream, state, timeMs(batch, from));
      this.#append(stream, batch, from, to);
      from = to;
    }
  }

  /** A stream (or null: all of them) delivers nothing from `fromMs` on. Ends with its next reading. */
  gap(stream: number | null, fromMs: number, cause: GapCause, detail = ''): void {
    const states = stream === null ? this.#streams : this.#streams.slice(stream, stream + 1);
    for (const state of states) state.pending ??= { fromMs: Math.max(fromMs, state.lastMs ?? fromMs), cause, detail };
  }

  /** The wall clock moved on: seals a live hour whose end has passed with nothing to end it. */
  tick(nowMs: number): void {
    const open = this.#open;
    if (open === undefined || this.#streams.every((stream) => stream.descriptor.replay)) return;
    if (nowMs >= open.startMs + this.#options.hourMs + SEAL_GRACE_MS) this.#finish(null);
  }

  /** Everything since the last call, undefined when there is nothing new. To be written ahead durably, in order. */
  takeSegment(): { openId: Bytes; bytes: Bytes } | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    const streams = this.#streams.filter((_, i) => !open.described.has(i)).map((stream) => stream.descriptor);
    const rows: { stream: number; batch: ReadingBatch }[] = [];
    for (const [stream, buffer] of open.buffers) {
      const from = open.written.get(stream) ?? 0;
      if (buffer.rows > from) rows.push({ stream, batch: buffer.since(from) });
    }
    const gaps = open.gaps.slice(open.gapsWritten);
    if (rows.length === 0 && gaps.length === 0) return undefined;
    const bytes = encodeSegment({ startMs: open.startMs, lengthMs: this.#options.hourMs, streams, rows, gaps });
    this.#markAllWritten();
    return { openId: open.openId, bytes };
  }

  /** Ends the open hour now: the person stopped, or a crashed one is sealed as it is. */
  stop(cause: GapCause): void {
    if (this.#open !== undefined) this.#finish(cause);
    this.#startCause = 'start';
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

  /** The start of the slot that a reading belongs to, opening and ending hours as needed. */
  #slotFor(atMs: number): number {
    const { hourMs } = this.#options;
    const open = this.#open;
    if (open !== undefined && this.#staysIn(open.startMs, atMs)) return open.startMs;
    if (open !== undefined) {
      const back = atMs < open.startMs;
      this.#finish(back ? 'clock' : null);
      if (back) this.#startCause = 'clock';
    }
    const startMs = Math.floor(atMs / hourMs) * hourMs;
    this.#open = this.#newHour(this.#options.newOpenId(), startMs);
    if (this.#startCause !== null && atMs > startMs) {
      this.#open.gaps.push({ stream: null, fromMs: startMs, toMs: Math.floor(atMs), cause: this.#startCause, detail: '' });
    }
    this.#startCause = null;
    return startMs;
  }

  #staysIn(startMs: number, atMs: number): boolean {
    return atMs < startMs + this.#options.hourMs && atMs >= startMs - Math.min(LATE_MS, this.#options.hourMs);
  }

  #newHour(openId: Bytes, startMs: number): OpenHour {
    return {
      openId,
      startMs,
      buffers: new Map(),
      gaps: [],
      described: new Set(),
      written: new Map(),
      gapsWritten: 0,
    };
  }

  #append(stream: number, batch: ReadingBatch, from: number, to: number): void {
    const open = this.#open as OpenHour;
    const state = this.#streams[stream];
    if (state === undefined) throw new RangeError(`expected a stream that was added, got ${stream}`);
    let buffer = open.buffers.get(stream);
    if (buffer === undefined) {
      buffer = new RowBuffer(open.startMs, state.descriptor.columns.length);
      open.buffers.set(stream, buffer);
    }
    buffer.append(batch, from, to);
    state.lastMs = timeMs(batch, to - 1);
  }

  /** A reading after a silence: the silence becomes a gap, with the cause that was told or found out now. */
  #closeGap(stream: number, state: StreamState, atMs: number): void {
    const { lastMs, pending, descriptor } = state;
    const interval = descriptor.askedRateHz === null ? 0 : 1000 / descriptor.askedRateHz;
    const allowedMs = Math.max(PAUSE_MS, 3 * interval);
    state.pending = null;
    const open = this.#open as OpenHour;
    if (pending !== null && atMs > pending.fromMs) {
      const { fromMs, cause, detail } = pending;
      open.gaps.push({ stream, fromMs: Math.floor(fromMs), toMs: Math.floor(atMs), cause, detail });
    } else if (!descriptor.replay && lastMs !== null && descriptor.askedRateHz !== null && atMs - lastMs > allowedMs) {
      open.gaps.push({ stream, fromMs: Math.floor(lastMs), toMs: Math.floor(atMs), cause: 'unknown', detail: '' });
    }
  }

  #finish(cause: GapCause | null): void {
    const open = this.#open as OpenHour;
    const lastSegment = this.takeSegment()?.bytes;
    this.#open = undefined;
    const { station, stationName, hourMs } = this.#options;
    const lastMs = Math.max(...this.#streams.map((stream) => stream.lastMs ?? open.startMs));
    const endMs = open.startMs + hourMs;
    if (cause !== null && lastMs < endMs) {
      open.gaps.push({ stream: null, fromMs: Math.floor(lastMs), toMs: endMs, cause, detail: '' });
    }
    const numbers = [...open.buffers.keys()].sort((a, b) => a - b);
    const renumbered = new Map(numbers.map((stream, i) => [stream, i]));
    const content: HourContent = {
      station,
      stationName,
      startMs: open.startMs,
      lengthMs: hourMs,
      streams: numbers.map((stream) => ({
        descriptor: (this.#streams[stream] as StreamState).descriptor,
        rows: (open.buffers.get(stream) as RowBuffer).since(0),
      })),
      gaps: open.gaps.map((gap) => ({ ...gap, stream: gap.stream === null ? null : (renumbered.get(gap.stream) ?? null) })),
    };
    this.#finished.push({ openId: open.openId, content, lastSegment });
  }
}

function timeMs(batch: ReadingBatch, row: number): number {
  return batch.baseMs + (batch.offsetsNs[row] as number) / 1e6;
}
