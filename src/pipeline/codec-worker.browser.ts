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

/**
 * Starts the worker at once, while the network that the page came from is there.
 * @throws WaystationError (the result does) `unavailable` when the worker died.
 */
export function codecWorker(start: () => Worker): (content: HourContent) => Promise<Bytes> {
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
  return (content) => {
    if (calls.ended !== undefined) calls = begin();
    return calls.call((remote) => remote.encode(content));
  };
}
