/**
 * What other apps share with the installed app (Web Share Target, level 2): the service worker puts it down, the page takes it out
 * once. Kept in a cache of its own, because a cache streams files to disk and both sides can reach it.
 *
 * Invariants: what is shared comes from anywhere, so count, size and length are bounded and every refusal is told with its reason;
 * the list of a share is written after its files, so that a share that was cut off is never seen.
 */

/** One tap shares a handful of hours; more than this goes through "import". */
export const MAX_SHARED_FILES = 8;
/** An hour of nine channels at 60 Hz is under 4 MiB; one with clips stays under this. The page reads a file in one piece. */
export const MAX_SHARED_FILE_BYTES = 64 * 1024 * 1024;
/** All files of one share: any page may be behind it, and what nobody took out yet must not fill the device. */
export const MAX_SHARE_BYTES = 128 * 1024 * 1024;
/** Shares that nobody took out yet; the oldest goes. */
export const MAX_PENDING_SHARES = 4;
/** An invite link has at most 8,192 characters; text around it may be longer. */
export const MAX_SHARED_TEXT = 65_536;
/** Names are shown and used for downloads, never as paths. */
export const MAX_FILE_NAME = 200;
export const HOUR_FILE_ENDING = '.hour';

export type RefusalReason =
  /** More than `MAX_SHARED_FILES` at once. */
  | 'too-many'
  /** Over `MAX_SHARED_FILE_BYTES`, or over `MAX_SHARE_BYTES` with those before it. */
  | 'too-large'
  /** Its name does not end in `.hour`. */
  | 'not-hours'
  /** The device has no room to put it down. */
  | 'no-room'
  /** It could not be read at all. */
  | 'unreadable';

export interface RefusedFile {
  readonly name: string;
  readonly reason: RefusalReason;
}

export interface SharedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** The content. @throws DOMException when the browser lost it. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** One act of sharing. */
export interface SharedItems {
  /** What was said with it: title, text and address, each at most `MAX_SHARED_TEXT` characters. */
  readonly texts: readonly string[];
  readonly files: readonly SharedFile[];
  readonly refused: readonly RefusedFile[];
}

interface StoredShare {
  readonly texts: readonly string[];
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly refused: readonly RefusedFile[];
}

/** The part of `CacheStorage` that is needed. */
export type SharedStorage = Pick<CacheStorage, 'open'>;

/** Name of the cache with what was shared in this scope. */
export function sharedCacheName(scope: string): string {
  return `waystation-shared ${scope}`;
}

/** Why a file is not taken, or `null` when it is. `taken`: how many were before it, and their bytes. */
export function refusal(
  file: { name: string; size: number },
  taken: number,
  takenBytes = 0,
): RefusalReason | null {
  if (taken >= MAX_SHARED_FILES) return 'too-many';
  if (!file.name.toLowerCase().endsWith(HOUR_FILE_ENDING)) return 'not-hours';
  if (file.size > MAX_SHARED_FILE_BYTES || takenBytes + file.size > MAX_SHARE_BYTES) return 'too-large';
  return null;
}

/** The last part of a name, without control characters, short enough to show; the ending stays. */
export function plainFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const shown = last.replaceAll(/\p{C}/gu, '').trim();
  return shown.length <= MAX_FILE_NAME ? shown : shown.slice(-MAX_FILE_NAME);
}

/**
 * The invite link in a text that somebody wrote around it, or `null`. A link that a messenger broke over lines is put together
 * again: a following line of nothing but link characters belongs to it.
 */
export function findInviteLink(texts: readonly string[]): string | null {
  for (const text of texts) {
    const [link] =
      /[^\s#]*#join=[\w-]+(?:\r?\n[\w-]{16,}(?=\s|$))*/.exec(text.slice(0, MAX_SHARED_TEXT)) ?? [];
    if (link !== undefined) return link.replaceAll(/\s/g, '');
  }
  return null;
}

/**
 * Puts down what was shared.
 * @param form fields `title`, `text`, `url` and `files`, as the manifest names them.
 * @param nowMs orders shares; they are told apart by chance as well.
 */
export async function storeShared(
  storage: SharedStorage,
  scope: string,
  form: FormData,
  nowMs: number,
): Promise<void> {
  const cache = await storage.open(sharedCacheName(scope));
  const base = shareAddress(scope, nowMs);
  const texts = ['url', 'text', 'title']
    .map((name) => form.get(name))
    .filter((text): text is string => typeof text === 'string' && text !== '')
    .map((text) => text.slice(0, MAX_SHARED_TEXT));
  const files: { name: string; sizeBytes: number }[] = [];
  const refused: RefusedFile[] = [];
  // Refusals are bounded too: of a thousand files the first few are named.
  for (const file of form.getAll('files').slice(0, 2 * MAX_SHARED_FILES)) {
    if (typeof file === 'string' || (file.name === '' && file.size === 0)) continue;
    const name = plainFileName(file.name);
    const takenBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const reason = refusal({ name, size: file.size }, files.length, takenBytes);
    if (reason !== null) {
      refused.push({ name, reason });
      continue;
    }
    try {
      await cache.put(`${base}${files.length}`, new Response(file));
      files.push({ name, sizeBytes: file.size });
    } catch (error) {
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
      refused.push({ name, reason: isFull ? 'no-room' : 'unreadable' });
    }
  }
  const share: StoredShare = { texts, files, refused };
  await cache.put(`${base}items`, Response.json(share));
  await forgetOldest(cache);
}

/** Puts down that something was shared that could not be read. */
export async function storeUnreadable(storage: SharedStorage, scope: string, nowMs: number): Promise<void> {
  const cache = await storage.open(sharedCacheName(scope));
  const share: StoredShare = { texts: [], files: [], refused: [{ name: '', reason: 'unreadable' }] };
  await cache.put(`${shareAddress(scope, nowMs)}items`, Response.json(share));
  await forgetOldest(cache);
}

/**
 * Takes out everything that waits, oldest first: what was taken is gone from the cache and is not handed out again. Call it under a
 * lock when several pages may.
 */
export async function takeShared(storage: SharedStorage, scope: string): Promise<SharedItems[]> {
  const cache = await storage.open(sharedCacheName(scope));
  const taken: SharedItems[] = [];
  for (const [base, keys] of sharesOf(await cache.keys())) {
    const list = await cache.match(`${base}items`);
    // A share that is being put down has no list yet: it is left where it is.
    if (list === undefined) continue;
    const stored = (await list.json()) as StoredShare;
    const files: SharedFile[] = [];
    for (const [index, { name, sizeBytes }] of stored.files.entries()) {
      const blob = await (await cache.match(`${base}${index}`))?.blob();
      if (blob === undefined) continue;
      files.push({ name, sizeBytes, bytes: async () => new Uint8Array(await blob.arrayBuffer()) });
    }
    for (const key of keys) await cache.delete(key);
    taken.push({ texts: stored.texts, files, refused: stored.refused });
  }
  return taken;
}

/** Where a share is kept: addresses sort by time. */
function shareAddress(scope: string, nowMs: number): string {
  return `${scope}shared/${String(Math.max(0, nowMs)).padStart(15, '0')}-${crypto.randomUUID()}/`;
}

async function forgetOldest(cache: Cache): Promise<void> {
  const shares = [...sharesOf(await cache.keys()).values()];
  for (const keys of shares.slice(0, Math.max(0, shares.length - MAX_PENDING_SHARES))) {
    for (const key of keys) await cache.delete(key);
  }
}

/** Cached requests by share, oldest first. */
function sharesOf(keys: readonly Request[]): Map<string, Request[]> {
  const shares = new Map<string, Request[]>();
  for (const key of keys.toSorted((a, b) => (a.url < b.url ? -1 : 1))) {
    const base = key.url.slice(0, key.url.lastIndexOf('/') + 1);
    shares.set(base, [...(shares.get(base) ?? []), key]);
  }
  return shares;
}
