/**
 * Encoding hours in a worker (`workers/codec.ts`), so that sealing does not hold up the page. Rows go there piece by piece, the next one
 * when the one before is encoded. A worker that dies takes the hour it was at with it, nothing else: the hour is in its segments, and
 * the next attempt starts a new worker.
 */
import { transfer } from 'comlink';
import { WaystationError } from '../core/errors.ts';
import { WorkerCalls } from '../core/worker-calls.browser.ts';
import type { ReadingBatch } from '../hour/types.ts';
import type { CodecApi } from './codec-api.ts';
import type { EncodeHour } from './hour-encoding.ts';

function hung({ reason }: AbortSignal): WaystationError {
  return reason instanceof WaystationError
    ? reason
    : new WaystationError('unavailable', 'encoding a recording was given up; what was recorded is kept');
}

/** A copy of its own, which can be given away. */
function copyOf({ baseMs, offsetsNs, columns }: ReadingBatch): ReadingBatch {
  const copy: ReadingBatch = {
    baseMs,
    offsetsNs: offsetsNs.slice(),
    columns: columns.map((column) => column.slice()),
  };
  return transfer(copy, [copy.offsetsNs.buffer, ...copy.columns.map(({ buffer }) => buffer)]);
}

/**
 * Starts the worker at once, while the network that the page came from is there.
 * @throws WaystationError (the result does) `unavailable` when the worker died, the reason of the signal when it was ended.
 */
export function codecWorker(start: () => Worker): EncodeHour {
  const begin = () =>
    new WorkerCalls<CodecApi>(
      start(),
      (detail) =>
        new WaystationError(
          'unavailable',
          `the worker that encodes recordings died${detail}; what was recorded is kept and tried again`,
        ),
    );
  let calls = begin();
  let hours = 0;
  return async ({ startMs, read }, signal) => {
    signal.throwIfAborted();
    if (calls.ended !== undefined) calls = begin();
    const current = calls;
    const hour = hours++;
    // A worker that hangs does nothing for anybody any more: it is ended, and another one started for the next hour.
    const end = () => current.end(hung(signal));
    signal.addEventListener('abort', end);
    try {
      await current.call((remote) => remote.begin(hour, startMs));
      const ledger = await read((stream, descriptor, rows) =>
        current.call((remote) => remote.add(hour, stream, descriptor, copyOf(rows))),
      );
      return await current.call((remote) => remote.finish(hour, ledger));
    } catch (error) {
      // It may be the store that failed: then the worker goes on, without the rows that it has.
      current.call((remote) => remote.forget(hour)).catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
  };
}
