/** One owner per store among the tabs and workers of an origin, by Web Locks: the browser frees the lock of one that dies. */
import { WaystationError } from '../core/errors.ts';

/** Stands in where there are no Web Locks, which is in tests under Node only. */
const HERE = new Set<string>();

/** Takes the lock `name`; the result gives it back. @throws WaystationError `store-locked` while another tab holds it. */
export async function takeTabLock(name: string): Promise<() => Promise<void>> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
  if (locks === undefined) return takeHere(name);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let over: Promise<void> = Promise.resolve();
  const granted = await new Promise<boolean>((resolve, reject) => {
    over = locks
      .request(name, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
        resolve(lock !== null);
        if (lock !== null) await held;
      })
      .catch(reject);
  });
  if (!granted) throw lockedError();
  return async () => {
    release();
    await over;
  };
}

function takeHere(name: string): () => Promise<void> {
  if (HERE.has(name)) throw lockedError();
  HERE.add(name);
  return async () => {
    HERE.delete(name);
  };
}

function lockedError(): WaystationError {
  return new WaystationError(
    'store-locked',
    'Waystation is already open in another tab of this browser: go on there, or close that tab and reload this one',
  );
}
