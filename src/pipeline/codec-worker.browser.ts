/**
 * Encoding hours in a worker (`workers/codec.ts`), so that sealing does not hold up the page. A worker that dies takes the hour
 * it was at with it, nothing else: the hour is in its segments, and the next attempt starts a new worker.
 */
import type { Bytes } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { WorkerCalls } from '../core/worker-calls.browser.ts';
import type { HourContent } from '../hour/types.ts';

/** What the worker exposes. */
export interface CodecApi {
  encode(content: HourContent): Bytes;
}

/** Encodes an hour; ended by `signal`, the worker is ended with it. */
export type EncodeHour = (content: HourContent, signal?: AbortSignal) => Promise<Bytes>;

function hung(signal: AbortSignal | undefined): WaystationError {
  const { reason } = signal ?? {};
  return reason instanceof WaystationError
    ? reason
    : new WaystationError('unavailable', 'encoding a recording was given up; what was recorded is kept');
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
  return async (content, signal) => {
    signal?.throwIfAborted();
    if (calls.ended !== undefined) calls = begin();
    const current = calls;
    // A worker that hangs does nothing for anybody any more: it is ended, and another one started for the next hour.
    const end = () => current.end(hung(signal));
    signal?.addEventListener('abort', end);
    try {
      return await current.call((remote) => remote.encode(content));
    } finally {
      signal?.removeEventListener('abort', end);
    }
  };
}
