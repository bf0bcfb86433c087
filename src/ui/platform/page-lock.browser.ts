/**
 * Keeps the files of this page's build for as long as the page is open: the service worker of a newer build deletes those that nobody
 * holds. To be called by the page's first script, before anything is loaded lazily: what comes later would come too late.
 */
import { BUILD_META, pageLockName } from './app-worker-protocol.ts';

/** Name of the build that this page is; `null` when it was not built. */
export function pageBuild(): string | null {
  return document.querySelector<HTMLMetaElement>(`meta[name="${BUILD_META}"]`)?.content ?? null;
}

/** Folder of the app, with a slash at its end. */
export function pageScope(): string {
  return new URL('./', location.href).href;
}

export interface PageLockPorts {
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly scope: string;
  readonly build: string | null;
}

/** Held, shared, until the page is gone. Where there are no locks there is no service worker either. */
export function holdBuild(
  { locks, scope, build }: PageLockPorts = {
    locks: navigator.locks as LockManager | undefined,
    scope: pageScope(),
    build: pageBuild(),
  },
): void {
  if (build === null) return;
  const forever = () => new Promise<never>(() => undefined);
  void locks?.request(pageLockName(scope, build), { mode: 'shared' }, forever).catch(() => undefined);
}
