/**
 * Rebuilds an hour from its write-ahead segments, one after the other: after a crash, and when an hour is sealed whose rows have left
 * memory. What can be read before and behind a damaged segment is used; the rows that are missing are counted, for each segment says
 * which row of its stream it begins with, and their time is a gap with cause `store`.
 *
 * Segments are not read back when they are written, although their rows leave memory then: what a system returns straight after a write
 * is its cache, so that would double the work and prove nothing of the disk an hour later. Instead no segment depends on those before
 * it, but for the descriptors of streams, which whoever recorded the hour still has in memory.
 *
 * After a crash the segments alone say which streams there are. Behind a damaged one the numbers of streams that were added later are
 * not known any more: rows of those are left out and counted. Rows of a replayed recording end before the damage then: how many there
 * are says where its replay goes on, and it reads the rest again.
 */
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { type HourTally, OpenHour } from './open-hour.ts';
import { addRecordedStream, type RecordedStream, timeMs } from './recorded-stream.ts';
import { decodeSegment, type Segment } from './segment.ts';
import type { ReadingBatch, StreamDescriptor } from './types.ts';

/** Detail of gaps that damaged segments leave. */
const DAMAGED = 'damaged';

export class Replay {
  readonly streams: RecordedStream[] = [];
  /** Undefined while no segment could be read. */
  open: OpenHour | undefined;
  /** How many segments could not be read. */
  damaged = 0;
  /** Rows that are known to be missing. */
  lostRows = 0;
  readonly #openId: Bytes;
  readonly #tally: HourTally | null;
  /** Index of the row that comes next, by stream. */
  readonly #next = new Map<number, number>();

  /** @param tally what is known of the hour besides, null after a crash. */
  constructor(openId: Bytes, tally: HourTally | null = null) {
    this.#openId = openId;
    this.#tally = tally;
    for (const descriptor of tally?.descriptors ?? []) this.#addStream(descriptor);
  }

  /** The next segment, null when the store could not read it. */
  add(bytes: Uint8Array | null): void {
    try {
      if (bytes === null) throw new WaystationError('corrupt', 'a write-ahead segment cannot be read');
      this.#take(decodeSegment(bytes));
    } catch (error) {
      if (!(error instanceof WaystationError || error instanceof RangeError)) throw error;
      this.damaged++;
    }
  }

  /** The rows that were read since the last call, which leave memory. */
  takeRows(): {
    readonly stream: number;
    readonly descriptor: StreamDescriptor;
    readonly rows: ReadingBatch;
  }[] {
    return (this.open?.takeRows() ?? []).map(({ stream, rows }) => {
      const { descriptor } = this.streams[stream] as RecordedStream;
      return { stream, descriptor, rows };
    });
  }

  /** Counts what is missing at the end, and writes into the ledger what only lost segments could say. */
  end(): void {
    const { open } = this;
    if (open === undefined) return;
    for (const { stream, rows, lastMs } of this.#tally?.streams ?? []) {
      const next = this.#next.get(stream) ?? 0;
      if (rows > next && lastMs !== null) this.#lose(open, stream, rows - next, Math.floor(lastMs));
    }
    const { beginMs, startMs, gaps } = open;
    const isBeginKnown = gaps.some(({ stream, fromMs }) => stream === null && fromMs === startMs);
    if (this.damaged > 0 && beginMs > startMs && !isBeginKnown)
      open.addGap({ stream: null, fromMs: startMs, toMs: beginMs, cause: 'unknown', detail: DAMAGED });
  }

  #addStream(descriptor: StreamDescriptor): void {
    addRecordedStream(this.streams, descriptor, JSON.stringify(descriptor), false);
  }

  #take(segment: Segment): void {
    // Everything is looked at before anything is taken, so that a damaged segment leaves no half of itself.
    const isWhole = this.damaged === 0;
    const added = this.#tally === null && isWhole ? segment.streams : [];
    const descriptors = [...this.streams.map((stream) => stream.descriptor), ...added];
    for (const { stream, batch } of segment.rows) {
      const descriptor = descriptors[stream];
      if (descriptor === undefined && !isWhole && descriptors.length > 0) continue;
      const rows = batch.offsetsNs.length;
      if (
        descriptor?.columns.length !== batch.columns.length ||
        batch.columns.some((column) => column.length !== rows)
      ) {
        throw new RangeError('a segment has rows of a stream that it does not describe');
      }
    }
    const isKnown = (stream: number | null) => stream === null || stream < descriptors.length;
    const named = [...segment.gaps, ...segment.pending];
    if (isWhole && !named.every(({ stream }) => isKnown(stream)))
      throw new RangeError('a segment has a gap of an unknown stream');
    this.open ??= new OpenHour(this.#openId, segment.startMs, segment.lengthMs, segment.beginMs);
    for (const descriptor of added) this.#addStream(descriptor);
    for (const rows of segment.rows) this.#takeRows(this.open, rows);
    for (const { silence } of this.streams) silence.pending = null;
    for (const { stream, fromMs, cause, detail } of segment.pending) {
      const known = this.streams[stream];
      if (known !== undefined) known.silence.pending = { fromMs, cause, detail };
    }
    for (const gap of segment.gaps) if (isKnown(gap.stream)) this.open.addGap(gap);
    this.open.isComplete ||= segment.isComplete;
  }

  #takeRows(open: OpenHour, { stream, from, batch }: Segment['rows'][number]): void {
    const count = batch.offsetsNs.length;
    const known = this.streams[stream];
    if (known === undefined) {
      this.lostRows += count;
      return;
    }
    if (known.descriptor.replay && this.#tally === null && this.damaged > 0) return;
    const next = this.#next.get(stream) ?? 0;
    if (from > next) this.#lose(open, stream, from - next, timeMs(batch, 0));
    // A segment that was written twice counts once.
    const begin = Math.min(count, Math.max(0, next - from));
    for (let row = begin; row < count; row++) known.silence.reading(timeMs(batch, row));
    open.append(stream, known.descriptor, batch, begin, count);
    this.#next.set(stream, Math.max(next, from + count));
  }

  /** Rows are missing before `toMs`, from the last one that is there. */
  #lose(open: OpenHour, stream: number, rows: number, toMs: number): void {
    this.lostRows += rows;
    const fromMs = this.streams[stream]?.silence.lastMs ?? open.beginMs;
    if (toMs > fromMs) open.addGap({ stream, fromMs, toMs, cause: 'store', detail: DAMAGED });
  }
}
