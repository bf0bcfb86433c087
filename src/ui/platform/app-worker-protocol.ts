/**
 * What a page and the service worker of the same build agree on: names of caches and locks, and the messages between them.
 *
 * Invariants: every name carries the worker's scope, because several copies of the app may live in folders of one origin; every build
 * has a cache of its own, so that a page of an older build keeps its files for as long as it is open.
 */

/** File of the service worker, beside index.html, so that its scope is the folder of the app. */
export const WORKER_FILE = 'service-worker.js';

/** Name of the `<meta>` in index.html that says which build a page is; a page that was not built has none. */
export const BUILD_META = 'waystation-build';

/** Every cache of a build of the app in this scope begins so. */
export function appCachePrefix(scope: string): string {
  return `waystation-app ${scope} `;
}

/** The cache with the files of one build. */
export function appCacheName(scope: string, build: string): string {
  return appCachePrefix(scope) + build;
}

/** Held by whoever fills or deletes caches of builds. */
export function cachesLockName(scope: string): string {
  return `waystation-caches ${scope}`;
}

/** Every page lock in this scope begins so. */
export function pageLockPrefix(scope: string): string {
  return `waystation-page ${scope} `;
}

/** Held, shared, by every open page of a build: its files stay for as long. */
export function pageLockName(scope: string, build: string): string {
  return pageLockPrefix(scope) + build;
}

/** What a page may ask of the worker. */
export type PageRequest =
  /** Answered with a `WorkerStatus` through the port that comes along; what is missing is fetched again first. */
  | { readonly type: 'status' }
  /** Serve pages that were opened before this worker was there. */
  | { readonly type: 'claim' }
  /** Take over from the running version. Only ever sent because a person asked for it. */
  | { readonly type: 'take-over' }
  /** Delete files of builds that no page uses any more. */
  | { readonly type: 'tidy' };

export interface WorkerStatus {
  /** The build that the worker belongs to. */
  readonly build: string;
  /** Files of the build. */
  readonly files: number;
  /** Files that are not in the cache: without a network they would be missed. */
  readonly missing: number;
}

/** Reads a message from a page; `null` for anything else. */
export function pageRequest(data: unknown): PageRequest['type'] | null {
  if (typeof data !== 'object' || data === null || !('type' in data)) return null;
  const { type } = data;
  return type === 'status' || type === 'claim' || type === 'take-over' || type === 'tidy' ? type : null;
}

/** Reads the worker's answer; `null` for anything else. */
export function workerStatus(data: unknown): WorkerStatus | null {
  if (typeof data !== 'object' || data === null) return null;
  const { build, files, missing } = data as Partial<Record<keyof WorkerStatus, unknown>>;
  if (typeof build !== 'string' || typeof files !== 'number' || typeof missing !== 'number') return null;
  return { build, files, missing };
}
