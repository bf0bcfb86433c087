/**
 * Writes an hour file while its rows come, stream by stream or in turns: a block is encoded as soon as it is full, and what is kept is
 * encoded blocks, their index, and of every stream the rows that do not fill a block yet.
 *
 * Invariant: the bytes depend on the rows and their order in each stream alone, not on the pieces in which they came.
 */
import type { Bytes } from '../core/bytes.ts';
import { crc32 } from '../core/crc32.ts';
import { statisticsOf } from './block-statistics.ts';
import { checkTimes, ticksOf } from './block-times.ts';
import { blockCodec } from './coding/profiles.ts';
import { type BlockIndex, extentOfBlocks, type StreamIndex } from './header.ts';
import { hourFile } from './hour-frame.ts';
import { type HourLedger, ledgerOf } from './hour-ledger.ts';
import { MAX_BLOCK_ROWS } from './limits.ts';
import { RowBuffer } from './row-buffer.ts';
import { columnExtent } from './summary.ts';
import type { HourContent, ReadingBatch, StreamDescriptor } from './types.ts';

/** A block as it stands in the file, but for its place there. */
export interface WrittenBlock {
  readonly bytes: Bytes;
  readonly index: Omit<BlockIndex, 'offset'>;
}

class StreamWriter {
  readonly blocks: WrittenBlock[] = [];
  readonly #descriptor: StreamDescriptor;
  readonly #startMs: number;
  readonly #rest: RowBuffer;

  constructor(descriptor: StreamDescriptor, startMs: number) {
    this.#descriptor = descriptor;
    this.#startMs = startMs;
    this.#rest = new RowBuffer(startMs, descriptor.columns.length);
  }

  add(rows: ReadingBatch): void {
    const count = rows.offsetsNs.length;
    const { name, columns } = this.#descriptor;
    if (rows.columns.length !== columns.length || rows.columns.some((column) => column.length !== count))
      throw new RangeError(`expected ${columns.length} columns of ${count} rows in stream ${name}`);
    checkTimes(rows, this.#startMs, 0, count);
    for (let from = 0; from < count; ) {
      const held = this.#rest.rows - this.#rest.letGo;
      const to = Math.min(count, from + MAX_BLOCK_ROWS - held);
      // A block that came whole is not copied.
      if (to - from === MAX_BLOCK_ROWS) this.#write(rows, from, to);
      else {
        this.#rest.append(rows, from, to);
        if (held + to - from === MAX_BLOCK_ROWS) this.end();
      }
      from = to;
    }
  }

  /** Writes the rows that do not fill a block. */
  end(): void {
    const rows = this.#rest.held();
    const count = rows.offsetsNs.length;
    if (count === 0) return;
    this.#write(rows, 0, count);
    this.#rest.letGoBefore(this.#rest.rows, 1);
  }

  #write(rows: ReadingBatch, from: number, to: number): void {
    const { profile = 'small', tickNs: declaredNs, columns: declared } = this.#descriptor;
    const { tickNs, ticks } = ticksOf(rows, this.#startMs, from, to, declaredNs);
    const columns = rows.columns.map((column) => column.subarray(from, to));
    const { bytes, steps } = blockCodec(profile).encode(
      ticks,
      columns,
      declared.map(({ step }) => step),
    );
    const times = columnExtent(ticks);
    this.blocks.push({
      bytes,
      index: {
        profile,
        rows: ticks.length,
        tickNs,
        length: bytes.length,
        crc: crc32(bytes),
        firstTick: times.min as number,
        lastTick: times.max as number,
        columns: columns.map((values, i) => statisticsOf(values, steps[i] ?? null)),
      },
    });
  }
}

export class HourFileWriter {
  readonly #startMs: number;
  readonly #streams = new Map<number, StreamWriter>();

  /** @param startMs start of the hour's slot. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /**
   * The next rows of a stream; of at most a block's rows at once no more than one block is encoded.
   * @param stream a number of the caller's choice, see {@link HourLedger}.
   * @throws RangeError when columns and times differ in length, or times are no whole nanoseconds.
   */
  add(stream: number, descriptor: StreamDescriptor, rows: ReadingBatch): void {
    let writer = this.#streams.get(stream);
    if (writer === undefined) {
      writer = new StreamWriter(descriptor, this.#startMs);
      this.#streams.set(stream, writer);
    }
    writer.add(rows);
  }

  /** The blocks of a stream, all of them: no rows of it come any more. */
  end(stream: number): readonly WrittenBlock[] {
    const writer = this.#streams.get(stream);
    writer?.end();
    return writer?.blocks ?? [];
  }

  /**
   * The file. Nothing comes any more.
   * @throws RangeError when rows came of a stream that the ledger does not list, or a limit of limits.ts is passed.
   */
  finish(ledger: HourLedger): Bytes {
    const listed = new Set(ledger.streams.map(({ number }) => number));
    for (const number of this.#streams.keys())
      if (!listed.has(number)) throw new RangeError(`expected stream ${number} in the ledger of its hour`);
    const parts: Bytes[] = [];
    let offset = 0;
    const streams = ledger.streams.map(({ number, descriptor }): StreamIndex => {
      const blocks = this.end(number).map(({ bytes, index }): BlockIndex => {
        const at = offset;
        parts.push(bytes);
        offset += bytes.length;
        return { ...index, offset: at };
      });
      return { descriptor, ...extentOfBlocks(blocks), blocks };
    });
    return hourFile({ ...ledger, streams }, parts);
  }
}

/**
 * The hour as bytes.
 * @throws RangeError when columns and times differ in length, times are no whole nanoseconds, or a limit of limits.ts is passed.
 */
export function encodeHour(content: HourContent): Bytes {
  const writer = new HourFileWriter(content.startMs);
  for (const [number, { descriptor, rows }] of content.streams.entries())
    writer.add(number, descriptor, rows);
  return writer.finish(ledgerOf(content));
}
