/**
 * Opening, decoding and putting together hours in a worker (`workers/data.ts`), so that a plot does not hold up the page. A worker
 * that dies takes nothing with it but what it had opened; the next request starts another.
 */
import { transfer } from 'comlink';
import type { SealContext } from '../../blob/content-key.ts';
import { WaystationError } from '../../core/errors.ts';
import { WorkerCalls } from '../../core/worker-calls.browser.ts';
import type { HourContent, StreamSummary } from '../../hour/types.ts';
import type { HourFacts } from './data-shelf.ts';
import type { Tile, TileRequest } from './data-tiles.ts';

/** What the worker exposes; see `HourShelf`. */
export interface DataApi {
  open(key: string, stored: Uint8Array, seal: SealContext | null): Promise<HourFacts>;
  tiles(key: string, request: TileRequest): Promise<Tile[] | undefined>;
  content(key: string): Promise<HourContent | undefined>;
  summary(key: string): Promise<readonly StreamSummary[] | undefined>;
  file(key: string): Promise<Uint8Array | undefined>;
}

/** Starts the worker when something is first asked of it. @throws WaystationError (results do) `unavailable` when it died. */
export function dataWorker(start: () => Worker): DataApi {
  let calls: WorkerCalls<DataApi> | undefined;
  const running = () => {
    if (calls === undefined || calls.ended !== undefined) {
      calls = new WorkerCalls<DataApi>(
        start(),
        (detail) =>
          new WaystationError(
            'unavailable',
            `the part of this page that opens recordings stopped${detail}; the recordings are safe, try again`,
          ),
      );
    }
    return calls;
  };
  return {
    open: (key, stored, seal) =>
      running().call((remote) => remote.open(key, transfer(stored, [stored.buffer as ArrayBuffer]), seal)),
    tiles: (key, request) => running().call((remote) => remote.tiles(key, request)),
    content: (key) => running().call((remote) => remote.content(key)),
    summary: (key) => running().call((remote) => remote.summary(key)),
    file: (key) => running().call((remote) => remote.file(key)),
  };
}
