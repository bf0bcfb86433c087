/** stdout and stderr as pipes that may close at any time: recording and keeping must not die of a reader that went away. */
import type { Writable } from 'node:stream';

export interface Results {
  /** Aborts when whoever read the results closed the pipe: nobody wants more of them. */
  readonly readerGone: AbortSignal;
  /** Some results could not be written. */
  readonly lost: () => boolean;
}

/** Watches both streams; what cannot be written to `talk` is let go. */
export function watchStreams(results: Writable, talk: Writable): Results {
  const gone = new AbortController();
  let lost = false;
  results.on('error', (error: NodeJS.ErrnoException) => {
    lost = true;
    if (error.code === 'EPIPE') gone.abort();
  });
  talk.on('error', () => undefined);
  return { readerGone: gone.signal, lost: () => lost };
}
