/** The page behind `store.test.ts`: runs contract cases, and what a crash or a full quota needs, in a real browser. */
import { errorMessage, isWaystationError } from '../../src/core/errors.ts';
import { openIndexedDbStore } from '../../src/store/indexed-db.browser.ts';
import type { Store } from '../../src/store/port.ts';
import { connectStoreWorker } from '../../src/store/worker-bridge.browser.ts';
import { pattern, refOf, STORE_CONTRACT, type StorePlace } from '../contract/store-contract.ts';

/** `page`: IndexedDB alone, in the page; `worker`: IndexedDB and OPFS, in a worker behind the bridge. */
export type Where = 'page' | 'worker';

function storeWorker(): Worker {
  return new Worker(new URL('../../workers/store.ts', import.meta.url), { type: 'module' });
}

async function open(where: Where, name: string): Promise<Store> {
  return where === 'page' ? await openIndexedDbStore(name) : await connectStoreWorker(storeWorker(), name);
}

async function destroy(name: string): Promise<void> {
  const request = indexedDB.deleteDatabase(name);
  await new Promise<void>((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(`${name}-blobs`, { recursive: true }).catch(() => undefined);
}

let places = 0;

/** Runs one case of the contract; the empty string when it holds, else what did not. */
async function runCase(where: Where, caseName: string): Promise<string> {
  const name = `contract-${where}-${places++}`;
  const place: StorePlace = { open: () => open(where, name), destroy: () => destroy(name) };
  try {
    const promise = STORE_CONTRACT.find((item) => item.name === caseName);
    if (promise === undefined) return `no case “${caseName}”`;
    await promise.run(place);
    return '';
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  } finally {
    await place.destroy();
  }
}

/** The code an attempt was rejected with, or `resolved`. */
async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'resolved';
  } catch (error) {
    return isWaystationError(error) ? error.code : `other: ${errorMessage(error)}`;
  }
}

/** Writes records, values and blobs without end, telling `acknowledge` of each when it is durable. */
async function writeForever(
  where: Where,
  name: string,
  round: number,
  acknowledge: (what: string) => Promise<void>,
): Promise<void> {
  const store = await open(where, name);
  await acknowledge(`opened ${JSON.stringify(store.recovered)}`);
  const size = 300_000;
  for (let i = 0; ; i++) {
    const n = round * 1000 + i;
    await Promise.all([
      store.logs.append('log', [pattern(100, n), pattern(50, n)], 'strict'),
      store.state.put(`key/${n}`, pattern(64, n), 'strict'),
      store.blobs.put(refOf(size, n), pattern(size, n)),
    ]);
    await acknowledge(String(n));
  }
}

/** What of the acknowledged writes is missing or not whole, in words; and whether anything torn is visible. */
async function findLosses(where: Where, name: string, acknowledged: readonly number[]): Promise<string[]> {
  const store = await open(where, name);
  const losses: string[] = [];
  const same = (a: Uint8Array | undefined, b: Uint8Array) =>
    a?.length === b.length && b.every((byte, i) => a[i] === byte);
  const records = await store.logs.read('log', 0, 1e6, 1e9);
  if (records.length % 2 !== 0) losses.push('half a batch is visible');
  for (const n of acknowledged) {
    if (!records.some((record) => same(record, pattern(100, n)))) losses.push(`record ${n}`);
    if (!same(await store.state.get(`key/${n}`), pattern(64, n))) losses.push(`value ${n}`);
    const ref = refOf(300_000, n);
    if ((await outcome(store.blobs.read(ref, 0, ref.size))) !== 'resolved') losses.push(`blob ${n}`);
    else if (!same(await store.blobs.read(ref, 0, ref.size), pattern(ref.size, n)))
      losses.push(`blob ${n} is not whole`);
  }
  for (const { ref, complete } of await store.blobs.list()) {
    if (complete && (await outcome(store.blobs.read(ref, 0, ref.size))) !== 'resolved')
      losses.push('a torn blob is visible');
  }
  await store.close();
  return losses;
}

/** Fills the quota; says how writes beyond it end, and whether what was kept before is still whole. */
async function fillQuota(
  where: Where,
  name: string,
): Promise<{ code: string; kept: number; whole: number; rest: string[] }> {
  const store = await open(where, name);
  const size = 1_000_000;
  let kept = 0;
  let code = 'resolved';
  for (; code === 'resolved' && kept < 200; kept++)
    code = await outcome(store.blobs.put(refOf(size, kept), pattern(size, kept)));
  kept--;
  let whole = 0;
  for (let i = 0; i < kept; i++) {
    const bytes = await store.blobs.read(refOf(size, i), 0, size);
    if (pattern(size, i).every((byte, at) => byte === bytes[at])) whole++;
  }
  const rest = [
    await outcome(store.logs.append('log', [pattern(8_000_000)], 'strict')),
    await outcome(store.state.put('key', pattern(8_000_000), 'strict')),
    String((await store.logs.list()).size),
    String((await store.state.get('key'))?.length),
    String((await store.blobs.list()).filter((item) => item.complete).length),
  ];
  await store.close();
  return { code, kept, whole, rest };
}

/** After the quota was lifted: the same blobs can be written again. */
async function afterQuota(where: Where, name: string, kept: number): Promise<string> {
  const store = await open(where, name);
  const size = 1_000_000;
  const result = await outcome(store.blobs.put(refOf(size, kept), pattern(size, kept)));
  await store.close();
  await destroy(name);
  return result;
}

/** How calls end when the worker dies or is ended. */
async function workerDeaths(): Promise<Record<string, string>> {
  const broken = URL.createObjectURL(new Blob(['onmessage = () => { throw new Error("out of memory"); };']));
  const missing = () => new Worker(new URL('/no-such-worker.js', location.href), { type: 'module' });
  const abort = new AbortController();
  const store = await connectStoreWorker(storeWorker(), 'deaths', { signal: abort.signal });
  const pending = outcome(store.blobs.put(refOf(5_000_000), pattern(5_000_000)));
  abort.abort(new Error('no longer wanted'));
  const results = {
    broken: await outcome(connectStoreWorker(new Worker(broken), 'broken')),
    missing: await outcome(connectStoreWorker(missing(), 'missing')),
    pendingAtAbort: await pending,
    afterAbort: await outcome(store.state.get('k')),
    closeAfterAbort: await outcome(store.close()),
    reopened: await outcome(connectStoreWorker(storeWorker(), 'deaths').then((again) => again.close())),
  };
  await destroy('deaths');
  return results;
}

/** Whether bytes given to a write are still the caller's, by default and when given away. */
async function ownership(): Promise<{ readonly byDefault: number; readonly givenAway: number }> {
  const lengths: number[] = [];
  for (const giveAwayWrites of [false, true]) {
    const store = await connectStoreWorker(storeWorker(), 'ownership', { giveAwayWrites });
    const bytes = pattern(200_000);
    await store.blobs.put(refOf(200_000, giveAwayWrites ? 1 : 2), bytes);
    lengths.push(bytes.length);
    await store.close();
  }
  await destroy('ownership');
  return { byDefault: lengths[0] ?? -1, givenAway: lengths[1] ?? -1 };
}

const storePage = {
  runCase,
  writeForever,
  findLosses,
  fillQuota,
  afterQuota,
  workerDeaths,
  ownership,
  destroy,
};
export type StorePage = typeof storePage;
Object.assign(globalThis, { storePage });
