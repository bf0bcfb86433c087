/** A store whose process dies at a chosen operation, before or after it took effect; or whose operations fail for a while. */
import { WaystationError } from '../../../src/core/errors.ts';
import type { Store } from '../../../src/store/port.ts';

/** What an operation on a dead process says. Nobody reads it. */
export class Killed extends Error {}

export interface Fault {
  /** Number of the operation, from 1. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

export class FaultyStore {
  readonly store: Store;
  /** Operations begun so far. */
  operations = 0;
  isDead = false;
  /** Operations that write fail with this. */
  failure: WaystationError | null = null;
  readonly #fault: Fault | null;

  constructor(inner: Store, fault: Fault | null = null) {
    this.#fault = fault;
    const { logs, state, blobs } = inner;
    const reads = <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
      this.#guarded(operation, false);
    const writes = <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
      this.#guarded(operation, true);
    this.store = {
      recovered: inner.recovered,
      logs: {
        list: reads(logs.list),
        append: writes(logs.append),
        read: reads(logs.read),
        remove: writes(logs.remove),
      },
      state: {
        get: reads(state.get),
        put: writes(state.put),
        delete: writes(state.delete),
        keys: reads(state.keys),
      },
      blobs: {
        list: reads(blobs.list),
        held: reads(blobs.held),
        write: writes(blobs.write),
        put: writes(blobs.put),
        read: reads(blobs.read),
        remove: writes(blobs.remove),
      },
      usage: reads(inner.usage),
      close: () => inner.close(),
    };
  }

  #guarded<A extends unknown[], T>(
    operation: (...args: A) => Promise<T>,
    isWrite: boolean,
  ): (...args: A) => Promise<T> {
    return async (...args) => {
      if (this.isDead) throw new Killed('the process is dead');
      const isHit = ++this.operations === this.#fault?.at;
      if (isHit && this.#fault?.when === 'before') {
        this.isDead = true;
        throw new Killed('killed before');
      }
      if (isWrite && this.failure !== null) throw this.failure;
      const result = await operation(...args);
      // Dead already when an operation that began before the kill ends after it.
      if (isHit) this.isDead = true;
      if (this.isDead) throw new Killed('killed after');
      return result;
    };
  }
}

export const FULL = new WaystationError('store-full', 'no room left');
