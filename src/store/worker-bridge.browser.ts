/**
 * The store of a page whose work is done in a worker (`workers/store.ts`), over comlink.
 *
 * Invariants: when the worker fails, or is ended through `signal`, everything pending rejects with `unavailable`, and so does
 * every later call. Bytes are handed over, not cloned: results always, arguments as a copy cut to size, because a clone
 * would take along the whole buffer behind a view; with `giveAwayWrites` blob bytes that fill their buffer go without any copy.
 */
import { transfer } from 'comlink';
import { errorMessage, WaystationError } from '../core/errors.ts';
import { WorkerCalls } from '../core/worker-calls.browser.ts';
import type { Recovery, Store } from './port.ts';
import {
  type CallName,
  type CallResult,
  readReply,
  type StoreCalls,
  type StoreWorkerApi,
  transferables,
} from './store-wire.ts';

export interface StoreWorkerOptions {
  /** Ends the worker, at once and without flushing. */
  readonly signal?: AbortSignal;
  /** The caller does not touch bytes again that it gave to `blobs.write` or `blobs.put`: they may be detached. */
  readonly giveAwayWrites?: boolean;
}

/**
 * Opens the store `name` in `worker`, a fresh `new Worker(…/workers/store.ts)` that nobody else talks to and that ends with it.
 * @throws WaystationError as `openIndexedDbStore`, and `unavailable` when the worker does not start.
 */
export async function connectStoreWorker(
  worker: Worker,
  name: string,
  options: StoreWorkerOptions = {},
): Promise<Store> {
  options.signal?.throwIfAborted();
  const bridge = new StoreBridge(worker, options.signal);
  try {
    const recovered = await bridge.call('open', [name]);
    return bridgedStore(bridge, recovered, options.giveAwayWrites === true);
  } catch (error) {
    bridge.end(new WaystationError('closed', 'the store could not be opened'));
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** The store's calls, typed by name. */
class StoreBridge {
  readonly #calls: WorkerCalls<StoreWorkerApi>;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = () => {
    const why = errorMessage(this.#signal?.reason);
    this.end(new WaystationError('unavailable', `the store was ended: ${why}`));
  };

  constructor(worker: Worker, signal: AbortSignal | undefined) {
    this.#calls = new WorkerCalls(
      worker,
      (detail) =>
        new WaystationError('unavailable', `the worker that keeps the store died${detail}; reload the page`),
    );
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted);
  }

  /** Carries one call over; rejects with its error, or with the worker's end. */
  async call<N extends CallName>(name: N, args: Parameters<StoreCalls[N]>): Promise<CallResult<N>> {
    const reply = await this.#calls.call((remote) => {
      // Comlink's types cannot follow the generic through its proxy.
      const request = remote.request as unknown as StoreWorkerApi['request'];
      return request(name, transfer(args, transferables(args)));
    });
    return readReply(reply);
  }

  /** Ends the worker; everything pending and everything later rejects with `reason`. */
  end(reason: WaystationError): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#calls.end(reason);
  }
}

function bridgedStore(bridge: StoreBridge, recovered: readonly Recovery[], giveAwayWrites: boolean): Store {
  const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
  const fills = (bytes: Uint8Array) =>
    bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  const give = (bytes: Uint8Array) => (giveAwayWrites && fills(bytes) ? bytes : copy(bytes));
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    try {
      await bridge.call('close', []);
    } finally {
      bridge.end(new WaystationError('closed', 'the store was closed; open it again'));
    }
  }

  return {
    recovered,
    logs: {
      list: () => bridge.call('logs.list', []),
      append: (log, records, durability) => bridge.call('logs.append', [log, records.map(copy), durability]),
      read: (log, from, count, maxBytes) => bridge.call('logs.read', [log, from, count, maxBytes]),
      remove: (log) => bridge.call('logs.remove', [log]),
    },
    state: {
      get: (key) => bridge.call('state.get', [key]),
      put: (key, value, durability) => bridge.call('state.put', [key, copy(value), durability]),
      delete: (key) => bridge.call('state.delete', [key]),
      keys: (prefix) => bridge.call('state.keys', [prefix]),
    },
    blobs: {
      list: () => bridge.call('blobs.list', []),
      held: (ref) => bridge.call('blobs.held', [ref]),
      write: (ref, firstLeaf, bytes) => bridge.call('blobs.write', [ref, firstLeaf, give(bytes)]),
      put: (ref, bytes) => bridge.call('blobs.put', [ref, give(bytes)]),
      read: (ref, offset, length) => bridge.call('blobs.read', [ref, offset, length]),
      remove: (ref) => bridge.call('blobs.remove', [ref]),
    },
    usage: () => bridge.call('usage', []),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
