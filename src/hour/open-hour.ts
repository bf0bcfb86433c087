/**
 * The hour that is being recorded: its gaps, its rows as far as they are in memory, and how much of both the write-ahead segments have.
 * Rows may leave memory once their segments are stored; how many there were, and when, stays known.
 */
import type { Bytes } from '../core/bytes.ts';
import { MAX_DETAIL_CHARS, MAX_GAPS, MAX_HOUR_CELLS } from './limits.ts';
import { RowBuffer } from './row-buffer.ts';
import { encodeSegment, type PendingGap, type TakenRows } from './segment.ts';
import type { StreamSilence } from './silence.ts';
import type { Gap, HourContent, ReadingBatch, StreamDescriptor } from './types.ts';

const TOO_MANY = 'there were more gaps than an hour lists one by one';

/** A stream as the recorder knows it, by number. */
interface KnownStream {
  readonly descriptor: StreamDescriptor;
  readonly silence: StreamSilence;
}

/** How much an hour has of one stream. */
export interface StreamTally {
  /** Its number in the recorder. */
  readonly stream: number;
  readonly rows: number;
  /** Its first reading, and the one that came last, ms; null when there is none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

/** What a recorder still knows of an hour whose rows are in segments alone. */
export interface HourTally {
  /** All streams of the recorder, by number. */
  readonly descriptors: readonly StreamDescriptor[];
  readonly streams: readonly StreamTally[];
}

/** Rows of one stream, by its number in the recorder. */
export interface HeldRows {
  readonly stream: number;
  readonly rows: ReadingBatch;
}

export class OpenHour {
  readonly openId: Bytes;
  readonly startMs: number;
  readonly lengthMs: number;
  /** From when on the station recorded in this slot. */
  readonly beginMs: number;
  readonly #buffers = new Map<number, RowBuffer>();
  /** The newest reading, null while there is none. */
  highMs: number | null = null;
  /** Nothing more comes: its last segment says so, and a crash before it is sealed makes no gap. */
  isComplete = false;
  readonly #gaps: Gap[] = [];
  #cells = 0;
  #streamsWritten = 0;
  readonly #rowsWritten = new Map<number, number>();
  #gapsWritten = 0;
  #pendingWritten = '[]';
  #completeWritten = false;

  constructor(openId: Bytes, startMs: number, lengthMs: number, beginMs: number) {
    this.openId = openId;
    this.startMs = startMs;
    this.lengthMs = lengthMs;
    this.beginMs = beginMs;
  }

  get endMs(): number {
    return this.startMs + this.lengthMs;
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** All its rows are in memory. */
  get isWhole(): boolean {
    return [...this.#buffers.values()].every((buffer) => buffer.letGo === 0);
  }

  /** It has rows of the stream. */
  has(stream: number): boolean {
    return this.#buffers.has(stream);
  }

  tallyOf(stream: number): StreamTally {
    const buffer = this.#buffers.get(stream);
    const ms = (ns: number | null | undefined) =>
      buffer === undefined || ns === null || ns === undefined ? null : buffer.baseMs + ns / 1e6;
    return {
      stream,
      rows: buffer?.rows ?? 0,
      firstMs: ms(buffer?.firstNs),
      lastMs: ms(buffer?.lastNs),
    };
  }

  /** How much there is of each stream that delivered. */
  tally(): StreamTally[] {
    return [...this.#buffers.keys()].map((stream) => this.tallyOf(stream));
  }

  hear(atMs: number): void {
    if (this.highMs === null || atMs > this.highMs) this.highMs = atMs;
  }

  /** How many more rows of `columns` columns fit one hour file. */
  roomFor(columns: number): number {
    return Math.floor((MAX_HOUR_CELLS - this.#cells) / (columns + 1));
  }

  append(stream: number, { columns }: StreamDescriptor, batch: ReadingBatch, from: number, to: number): void {
    let buffer = this.#buffers.get(stream);
    if (buffer === undefined) {
      buffer = new RowBuffer(this.startMs, columns.length);
      this.#buffers.set(stream, buffer);
    }
    buffer.append(batch, from, to);
    this.#cells += (to - from) * (columns.length + 1);
    for (let row = from; row < to; row++)
      this.hear(batch.baseMs + Math.floor((batch.offsetsNs[row] as number) / 1e6));
  }

  addGap({ stream, fromMs, toMs, cause, detail }: Gap): void {
    const last = this.#gaps.at(-1);
    if (last !== undefined && this.#gaps.length >= MAX_GAPS) {
      this.#gaps[this.#gaps.length - 1] = {
        stream: null,
        fromMs: Math.min(last.fromMs, Math.floor(fromMs)),
        toMs: Math.max(last.toMs, Math.floor(toMs)),
        cause: 'unknown',
        detail: TOO_MANY,
      };
      // The segments have it as it was: they get it again, and a replay joins the two.
      this.#gapsWritten = Math.min(this.#gapsWritten, this.#gaps.length - 1);
      return;
    }
    this.#gaps.push({
      stream,
      fromMs: Math.floor(fromMs),
      toMs: Math.floor(toMs),
      cause,
      detail: detail.slice(0, MAX_DETAIL_CHARS),
    });
  }

  /** Takes note that the segments have everything up to now. */
  markWritten(streams: number): void {
    this.#streamsWritten = streams;
    for (const [stream, buffer] of this.#buffers) this.#rowsWritten.set(stream, buffer.rows);
    this.#gapsWritten = this.#gaps.length;
    this.#completeWritten = this.isComplete;
  }

  /** Lets all rows go, and returns what there was in memory: for whoever reads segments back, which have them. */
  takeRows(): HeldRows[] {
    return [...this.#buffers].flatMap(([stream, buffer]) => {
      const rows = buffer.held();
      buffer.letGoBefore(buffer.rows, 1);
      return rows.offsetsNs.length === 0 ? [] : [{ stream, rows }];
    });
  }

  /**
   * Lets rows go that segments have. Only while every segment that was taken is stored.
   * @param least rows of a stream that are worth a copy of what stays.
   */
  letGoWritten(least: number): void {
    for (const [stream, buffer] of this.#buffers)
      buffer.letGoBefore(this.#rowsWritten.get(stream) ?? 0, least);
  }

  /** What the segments do not have yet, undefined when that is nothing. */
  takeSegment(known: readonly KnownStream[]): Bytes | undefined {
    const rows: TakenRows[] = [];
    for (const [stream, buffer] of this.#buffers) {
      const from = this.#rowsWritten.get(stream) ?? 0;
      const { descriptor } = known[stream] as KnownStream;
      if (buffer.rows > from) rows.push({ stream, from, descriptor, batch: buffer.since(from) });
    }
    const gaps = this.#gaps.slice(this.#gapsWritten);
    const pending = known.flatMap(({ silence }, stream): PendingGap[] =>
      silence.pending === null ? [] : [{ stream, ...silence.pending }],
    );
    const pendingNow = JSON.stringify(pending);
    const isNew = rows.length > 0 || gaps.length > 0 || pendingNow !== this.#pendingWritten;
    if (!isNew && this.isComplete === this.#completeWritten) return undefined;
    const streams = known.slice(this.#streamsWritten).map((stream) => stream.descriptor);
    const { startMs, lengthMs, beginMs, isComplete } = this;
    const bytes = encodeSegment({ startMs, lengthMs, beginMs, streams, rows, gaps, pending, isComplete });
    this.#pendingWritten = pendingNow;
    this.markWritten(known.length);
    return bytes;
  }

  /** Numbers of the streams that delivered or were missed in it, in order. */
  streamNumbers(): number[] {
    const named = new Set([
      ...this.#buffers.keys(),
      ...this.#gaps.flatMap(({ stream }) => (stream === null ? [] : [stream])),
    ]);
    return [...named].sort((a, b) => a - b);
  }

  /** The slot, the streams that delivered or were missed in it with their rows that are in memory, and its gaps. */
  content(
    descriptors: readonly StreamDescriptor[],
  ): Pick<HourContent, 'startMs' | 'lengthMs' | 'streams' | 'gaps'> {
    const numbers = this.streamNumbers();
    const renumbered = new Map(numbers.map((stream, i) => [stream, i]));
    return {
      startMs: this.startMs,
      lengthMs: this.lengthMs,
      streams: numbers.map((stream) => {
        const descriptor = descriptors[stream] as StreamDescriptor;
        const buffer = this.#buffers.get(stream) ?? new RowBuffer(this.startMs, descriptor.columns.length);
        return { descriptor, rows: buffer.held() };
      }),
      gaps: this.#gaps.map((gap) => ({
        ...gap,
        stream: gap.stream === null ? null : (renumbered.get(gap.stream) ?? null),
      })),
    };
  }
}
