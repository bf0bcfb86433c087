/**
 * Encodes one hour whose rows come in pieces: its file, and what its entry tells. Holds encoded blocks and at most a block of rows of each
 * stream; where the entry's overview needs the rows a second time they are decoded from the blocks, one at a time.
 */
import type { Bytes } from '../core/bytes.ts';
import { setTimes } from './block-times.ts';
import { decodeHourBlock } from './container.ts';
import { HourFileWriter, type WrittenBlock } from './hour-file-writer.ts';
import type { HourLedger } from './hour-ledger.ts';
import { outlineWidth, type StreamOutline, StreamOutliner } from './outline.ts';
import type { ReadingBatch, StreamDescriptor } from './types.ts';

export interface EncodedHour {
  /** The file. */
  readonly bytes: Bytes;
  readonly ledger: HourLedger;
  /** Of each stream, in the order of the ledger. */
  readonly outlines: readonly StreamOutline[];
}

export class HourEncoder {
  readonly #startMs: number;
  readonly #writer: HourFileWriter;
  readonly #outliners = new Map<number, StreamOutliner>();

  /** @param startMs start of the hour's slot. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#writer = new HourFileWriter(startMs);
  }

  /** As {@link HourFileWriter.add}. */
  add(stream: number, descriptor: StreamDescriptor, rows: ReadingBatch): void {
    this.#writer.add(stream, descriptor, rows);
    this.#outlinerOf(stream, descriptor).add(rows);
  }

  #outlinerOf(stream: number, { columns }: StreamDescriptor): StreamOutliner {
    let outliner = this.#outliners.get(stream);
    if (outliner === undefined) {
      outliner = new StreamOutliner(this.#startMs, columns.length);
      this.#outliners.set(stream, outliner);
    }
    return outliner;
  }

  /**
   * Ends the hour, in steps of one block each, so that whoever has other work can do it in between.
   * @throws RangeError as {@link HourFileWriter.finish} does.
   */
  *finish(ledger: HourLedger): Generator<void, EncodedHour, void> {
    const width = outlineWidth(ledger.streams.map(({ descriptor }) => descriptor.columns.length));
    const outlines: StreamOutline[] = [];
    for (const { number, descriptor } of ledger.streams) {
      const blocks = this.#writer.end(number);
      if (blocks.length > 0) yield;
      const outliner = this.#outlinerOf(number, descriptor);
      if (outliner.begin(width)) {
        for (const block of blocks) {
          outliner.addAgain(this.#rowsOf(block));
          yield;
        }
      }
      outlines.push(outliner.outline(descriptor.name));
    }
    return { bytes: this.#writer.finish(ledger), ledger, outlines };
  }

  #rowsOf({ bytes, index }: WrittenBlock): ReadingBatch {
    const { ticks, columns } = decodeHourBlock(bytes, { ...index, offset: 0 });
    setTimes(ticks, index.tickNs, ticks, 0);
    return { baseMs: this.#startMs, offsetsNs: ticks, columns };
  }
}
