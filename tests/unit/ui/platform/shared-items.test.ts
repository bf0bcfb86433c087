import { beforeEach, expect, test } from 'vitest';
import {
  MAX_PENDING_SHARES,
  MAX_SHARE_BYTES,
  MAX_SHARED_FILE_BYTES,
  MAX_SHARED_FILES,
  MAX_SHARED_TEXT,
  type SharedStorage,
  storeShared,
  storeUnreadable,
  takeShared,
} from '../../../../src/ui/platform/shared-items.ts';

const SCOPE = 'https://relay.test/app/';

/** A cache in memory; `full` makes the next puts fail as a full device does. */
class MemoryCache {
  readonly entries = new Map<string, Blob>();
  full: (url: string) => boolean = () => false;

  async put(url: string, response: Response): Promise<void> {
    if (this.full(url)) throw new DOMException('no room', 'QuotaExceededError');
    this.entries.set(url, await response.blob());
  }

  async match(url: string): Promise<Response | undefined> {
    const blob = this.entries.get(url);
    return blob === undefined ? undefined : new Response(blob);
  }

  async keys(): Promise<{ url: string }[]> {
    return [...this.entries.keys()].map((url) => ({ url }));
  }

  async delete({ url }: { url: string }): Promise<boolean> {
    return this.entries.delete(url);
  }
}

let cache: MemoryCache;
let storage: SharedStorage;

beforeEach(() => {
  cache = new MemoryCache();
  storage = { open: async () => cache as unknown as Cache };
});

function form(texts: Record<string, string>, files: readonly File[] = []): FormData {
  const data = new FormData();
  for (const [name, text] of Object.entries(texts)) data.append(name, text);
  for (const file of files) data.append('files', file);
  return data;
}

const hour = (name: string, content = 'x') => new File([content], name);

test('what is shared is taken out once, oldest first, and leaves nothing behind', async () => {
  await storeShared(storage, SCOPE, form({ text: 'second' }, [hour('b.hour')]), 2_000);
  await storeShared(storage, SCOPE, form({ title: 'first' }, [hour('a.hour', 'abc')]), 1_000);
  const [first, second, ...more] = await takeShared(storage, SCOPE);
  expect([first?.texts, second?.texts, more]).toEqual([['first'], ['second'], []]);
  expect(cache.entries.size).toBe(0);
  expect(await takeShared(storage, SCOPE)).toEqual([]);
  expect([...(await first!.files[0]!.bytes())]).toEqual([97, 98, 99]);
});

test('more files than the bound are refused, not stored', async () => {
  const files = Array.from({ length: MAX_SHARED_FILES + 2 }, (_, n) => hour(`${n}.hour`));
  await storeShared(storage, SCOPE, form({}, files), 1_000);
  expect(cache.entries.size).toBe(MAX_SHARED_FILES + 1);
  const [share] = await takeShared(storage, SCOPE);
  expect(share?.files).toHaveLength(MAX_SHARED_FILES);
  expect(share?.refused).toEqual([
    { name: `${MAX_SHARED_FILES}.hour`, reason: 'too-many' },
    { name: `${MAX_SHARED_FILES + 1}.hour`, reason: 'too-many' },
  ]);
});

test('what does not fit into one share is refused, not stored: any page may be behind it', async () => {
  const large = (name: string) => {
    const file = hour(name);
    return Object.defineProperty(file, 'size', { value: MAX_SHARED_FILE_BYTES });
  };
  const fit = MAX_SHARE_BYTES / MAX_SHARED_FILE_BYTES;
  const data = form({});
  const files = Array.from({ length: fit + 1 }, (_, n) => large(`${n}.hour`));
  data.getAll = () => files;
  await storeShared(storage, SCOPE, data, 1_000);
  const [share] = await takeShared(storage, SCOPE);
  expect(share?.files).toHaveLength(fit);
  expect(share?.refused).toEqual([{ name: `${fit}.hour`, reason: 'too-large' }]);
});

test('refused files do not use up the places of good ones', async () => {
  await storeShared(storage, SCOPE, form({}, [hour('x.txt'), hour('y.txt'), hour('a.hour')]), 1_000);
  const [share] = await takeShared(storage, SCOPE);
  expect(share?.files.map(({ name }) => name)).toEqual(['a.hour']);
});

test('a device without room says so for the file, and keeps the rest', async () => {
  cache.full = (url) => url.endsWith('/0') && cache.entries.size === 0;
  await storeShared(storage, SCOPE, form({ url: 'https://relay.test/#join=a' }, [hour('a.hour')]), 1_000);
  const [share] = await takeShared(storage, SCOPE);
  expect(share).toEqual({
    texts: ['https://relay.test/#join=a'],
    files: [],
    refused: [{ name: 'a.hour', reason: 'no-room' }],
  });
});

test('shares that nobody takes out do not pile up: the oldest go', async () => {
  for (let n = 0; n < MAX_PENDING_SHARES + 3; n++) {
    await storeShared(storage, SCOPE, form({ text: `${n}` }, [hour('a.hour')]), n);
  }
  const shares = await takeShared(storage, SCOPE);
  expect(shares.map(({ texts }) => texts[0])).toEqual(['3', '4', '5', '6']);
});

test('a share that is still being put down is not seen, and text is cut at its bound', async () => {
  cache.full = (url) => url.endsWith('/items');
  await expect(storeShared(storage, SCOPE, form({}, [hour('a.hour')]), 1_000)).rejects.toThrow('no room');
  cache.full = () => false;
  await storeShared(storage, SCOPE, form({ text: 'x'.repeat(MAX_SHARED_TEXT + 1) }), 2_000);
  const shares = await takeShared(storage, SCOPE);
  expect(shares.map(({ texts, files }) => [texts[0]?.length, files.length])).toEqual([[MAX_SHARED_TEXT, 0]]);
});

test('something that could not be read is told', async () => {
  await storeUnreadable(storage, SCOPE, 1_000);
  const [share] = await takeShared(storage, SCOPE);
  expect(share).toEqual({ texts: [], files: [], refused: [{ name: '', reason: 'unreadable' }] });
});
