/**
 * What the installed app is opened with: a `.hour` file from the file manager, an invite link or a shortcut that the system hands to
 * the window that is open already (`launch_handler: focus-existing`), and what other apps shared (see shared-items.ts).
 *
 * Invariants: everything comes from outside, so it is bounded and typed here and checked where it is used; one launch is handed
 * out once, also when the browser repeats it after a reload.
 */
import { toUtf8 } from '../../core/bytes.ts';
import { crc32 } from '../../core/crc32.ts';
import {
  findInviteLink,
  plainFileName,
  type RefusedFile,
  refusal,
  type SharedStorage,
  takeShared as takeStored,
} from './shared-items.ts';

export type LaunchItem =
  /** An invite link, unchecked. */
  | { readonly kind: 'link'; readonly link: string }
  /** An hour file, unchecked; at most `MAX_SHARED_FILE_BYTES`. */
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly sizeBytes: number;
      /** The content. @throws DOMException when the file is gone. */
      bytes(): Promise<Uint8Array<ArrayBuffer>>;
    }
  /** A place of the app, such as `#/record`. */
  | { readonly kind: 'place'; readonly hash: string };

/** What came at once. */
export interface Launch {
  readonly items: readonly LaunchItem[];
  /** Files that were not taken, with the reason. */
  readonly refused: readonly RefusedFile[];
}

/** Chromium's `LaunchParams` (Web App Launch Handler); not in TypeScript's declarations. */
export interface LaunchParams {
  readonly targetURL?: string | null;
  readonly files?: readonly Pick<FileSystemFileHandle, 'kind' | 'name' | 'getFile'>[];
}

export interface LaunchQueue {
  setConsumer(consumer: (params: LaunchParams) => void): void;
}

export interface LaunchPorts {
  /** undefined: this browser hands nothing over. */
  readonly queue: LaunchQueue | undefined;
  /** Address that the page was opened with, taken before anything changes it. */
  readonly openedWith: string;
  /** How the page came to be. */
  readonly navigation: 'navigate' | 'reload' | 'back_forward' | 'prerender';
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  /** Outlives a reload of this tab: what was handed out last. */
  readonly memory: Pick<Storage, 'getItem' | 'setItem'>;
  readonly storage: SharedStorage | undefined;
  readonly locks: Pick<LockManager, 'request'> | undefined;
  /** Folder of the app, with a slash at its end. */
  readonly scope: string;
}

const MEMORY_KEY = 'waystation-launch';
/** What a browser repeats it repeats at once; the same file or shortcut later is somebody who means it. */
export const REPEAT_WINDOW_MS = 3_000;

/** The ports of a real page; call it before the address bar is changed. */
export function browserLaunchPorts(): LaunchPorts {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return {
    queue: (globalThis as { launchQueue?: LaunchQueue }).launchQueue,
    openedWith: location.href,
    navigation: entry?.type ?? 'navigate',
    monotonicMs: () => performance.now(),
    memory: sessionStorage,
    storage: globalThis.caches as CacheStorage | undefined,
    locks: navigator.locks as LockManager | undefined,
    scope: new URL('./', location.href).href,
  };
}

/**
 * Hands every launch to `onLaunch`, including those that waited while the page loaded. What the page was opened with is not told:
 * it stands in the address bar.
 */
export function listenForLaunches(ports: LaunchPorts, onLaunch: (launch: Launch) => void): void {
  const startMs = ports.monotonicMs();
  let isFirst = true;
  // One after the other, in the order in which the system sent them.
  let before: Promise<void> = Promise.resolve();
  ports.queue?.setConsumer((params) => {
    const mark = markOf(params);
    const hasFiles = (params.files?.length ?? 0) > 0;
    const isKnown =
      isFirst &&
      ports.monotonicMs() - startMs < REPEAT_WINDOW_MS &&
      (ports.navigation === 'navigate'
        ? !hasFiles && params.targetURL === ports.openedWith
        : ports.memory.getItem(MEMORY_KEY) === mark);
    isFirst = false;
    remember(ports.memory, mark);
    if (isKnown) return;
    before = before.then(async () => onLaunch(await readLaunch(params, ports.scope)));
  });
}

/** Tells one launch from another. A checksum, because the address may be an invite: a secret that is to be kept nowhere. */
function markOf({ targetURL, files = [] }: LaunchParams): string {
  return crc32(toUtf8(JSON.stringify([targetURL ?? '', files.map(({ name }) => name)]))).toString(16);
}

function remember(memory: LaunchPorts['memory'], mark: string): void {
  try {
    memory.setItem(MEMORY_KEY, mark);
  } catch {
    // No room: at worst the same is handed out once more after a reload.
  }
}

/** Takes out what other apps shared; each is handed out once, whichever of several tabs asks. Empty when there is nothing. */
export async function takeShared(ports: LaunchPorts): Promise<Launch> {
  const { storage, locks, scope } = ports;
  if (storage === undefined) return { items: [], refused: [] };
  const take = () => takeStored(storage, scope);
  const shares = await (locks?.request(`waystation-take-shared ${scope}`, take) ?? take());
  const items: LaunchItem[] = [];
  for (const { texts, files } of shares) {
    const link = findInviteLink(texts);
    if (link !== null) items.push({ kind: 'link', link });
    for (const file of files) items.push({ kind: 'file', ...file });
  }
  return { items, refused: shares.flatMap(({ refused }) => refused) };
}

async function readLaunch({ targetURL, files = [] }: LaunchParams, scope: string): Promise<Launch> {
  const items: LaunchItem[] = [];
  const refused: RefusedFile[] = [];
  let taken = 0;
  for (const handle of files) {
    if (handle.kind !== 'file') continue;
    const name = plainFileName(handle.name);
    const file = await handle.getFile().catch(() => undefined);
    const reason = file === undefined ? 'unreadable' : refusal({ name, size: file.size }, taken);
    if (file === undefined || reason !== null) {
      // The rest of a thousand files needs no thousand sentences.
      refused.push({ name, reason: reason ?? 'unreadable' });
      if (reason === 'too-many') break;
      continue;
    }
    taken++;
    const bytes = async () => new Uint8Array(await file.arrayBuffer());
    items.push({ kind: 'file', name, sizeBytes: file.size, bytes });
  }
  const target = targetOf(targetURL, scope);
  // A file launch goes to a place of its own, which has nothing to show but the files.
  if (target !== null && (target.kind === 'link' || files.length === 0)) items.push(target);
  return { items, refused };
}

function targetOf(address: string | null | undefined, scope: string): LaunchItem | null {
  if (!address?.startsWith(scope)) return null;
  const link = findInviteLink([address]);
  if (link !== null) return { kind: 'link', link };
  const { hash } = new URL(address);
  return hash.startsWith('#/') ? { kind: 'place', hash } : null;
}
