/** The worker that keeps the store of a page, so that storage and its checksums leave the page's thread. */
import { expose, transfer } from 'comlink';
import { WaystationError } from '../src/core/errors.ts';
import { openIndexedDbStore } from '../src/store/indexed-db.browser.ts';
import type { Store } from '../src/store/port.ts';
import {
  type CallName,
  failureReply,
  type StoreCalls,
  type StoreWorkerApi,
  transferables,
} from '../src/store/store-wire.ts';

let store: Store | undefined;

function opened(): Store {
  if (store === undefined)
    throw new WaystationError('closed', 'expected the store to be opened before it is used');
  return store;
}

const calls: StoreCalls = {
  async open(name) {
    if (store !== undefined)
      throw new WaystationError('store-locked', 'expected a store worker to be opened once');
    store = await openIndexedDbStore(name);
    return store.recovered;
  },
  usage: () => opened().usage(),
  close: () => opened().close(),
  'logs.list': () => opened().logs.list(),
  'logs.append': (...args) => opened().logs.append(...args),
  'logs.read': (...args) => opened().logs.read(...args),
  'logs.remove': (...args) => opened().logs.remove(...args),
  'state.get': (...args) => opened().state.get(...args),
  'state.put': (...args) => opened().state.put(...args),
  'state.delete': (...args) => opened().state.delete(...args),
  'state.keys': (...args) => opened().state.keys(...args),
  'blobs.list': () => opened().blobs.list(),
  'blobs.held': (...args) => opened().blobs.held(...args),
  'blobs.write': (...args) => opened().blobs.write(...args),
  'blobs.put': (...args) => opened().blobs.put(...args),
  'blobs.read': (...args) => opened().blobs.read(...args),
  'blobs.remove': (...args) => opened().blobs.remove(...args),
};

const api: StoreWorkerApi = {
  async request(name, args) {
    try {
      // The types of one name's arguments and result belong together, which TypeScript cannot see through the table.
      const run = calls[name as CallName] as (...args: readonly unknown[]) => Promise<never>;
      const reply = { ok: true, value: await run(...(args as readonly unknown[])) } as const;
      return transfer(reply, transferables(reply));
    } catch (error) {
      return failureReply(error);
    }
  },
};

expose(api);
