/** Encoding hours without a worker: in turns, so that whatever else waits is not held up for longer than a block takes. */
import { HourEncoder } from '../hour/hour-encoder.ts';
import type { EncodeHour } from './hour-encoding.ts';

/**
 * Encodes where it is called.
 * @param turn lets others have their turn: called between any two blocks.
 */
export function encodeHere(turn: () => Promise<void>): EncodeHour {
  return async ({ startMs, read }, signal) => {
    const encoder = new HourEncoder(startMs);
    const pause = async () => {
      await turn();
      signal.throwIfAborted();
    };
    const ledger = await read(async (stream, descriptor, rows) => {
      encoder.add(stream, descriptor, rows);
      await pause();
    });
    const steps = encoder.finish(ledger);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await pause();
    }
  };
}
