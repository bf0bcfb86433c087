/** What the codec's worker does, wherever it runs: encodes hours whose rows come piece by piece. */
import { transfer } from 'comlink';
import { type EncodedHour, HourEncoder } from '../hour/hour-encoder.ts';
import type { HourLedger } from '../hour/hour-ledger.ts';
import type { ReadingBatch, StreamDescriptor } from '../hour/types.ts';

/** What the worker exposes. Hours are told apart by a number of the caller's choice. */
export interface CodecApi {
  begin(hour: number, startMs: number): void;
  add(hour: number, stream: number, descriptor: StreamDescriptor, rows: ReadingBatch): void;
  finish(hour: number, ledger: HourLedger): EncodedHour;
  /** Nothing more comes of it. */
  forget(hour: number): void;
}

export function createCodecApi(): CodecApi {
  const hours = new Map<number, HourEncoder>();
  const encoderOf = (hour: number): HourEncoder => {
    const encoder = hours.get(hour);
    if (encoder === undefined) throw new RangeError(`expected an hour that was begun, got ${hour}`);
    return encoder;
  };
  return {
    begin(hour, startMs) {
      hours.set(hour, new HourEncoder(startMs));
    },
    add(hour, stream, descriptor, rows) {
      encoderOf(hour).add(stream, descriptor, rows);
    },
    finish(hour, ledger) {
      const steps = encoderOf(hour).finish(ledger);
      hours.delete(hour);
      for (;;) {
        const step = steps.next();
        if (step.done === true) return transfer(step.value, [step.value.bytes.buffer]);
      }
    },
    forget(hour) {
      hours.delete(hour);
    },
  };
}
