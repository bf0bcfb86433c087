/**
 * The part of a service worker's global scope that ours uses. TypeScript's own declarations (`lib.webworker`) contradict those of a
 * page, and both are checked in one program.
 */

export interface LifetimeEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}

export interface WorkerMessageEvent extends LifetimeEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

export interface RequestEvent extends LifetimeEvent {
  readonly request: Request;
  /** The window that asks; empty when there is none. */
  readonly clientId: string;
  respondWith(response: Promise<Response>): void;
}

interface ScopeEvents {
  install: LifetimeEvent;
  activate: LifetimeEvent;
  message: WorkerMessageEvent;
  fetch: RequestEvent;
}

export interface ServiceWorkerScope {
  readonly registration: {
    readonly scope: string;
    readonly installing: object | null;
    readonly waiting: object | null;
  };
  readonly clients: { claim(): Promise<void>; get(id: string): Promise<object | undefined> };
  readonly caches: CacheStorage;
  readonly navigator: { readonly locks: LockManager };
  skipWaiting(): Promise<void>;
  addEventListener<K extends keyof ScopeEvents>(type: K, listener: (event: ScopeEvents[K]) => void): void;
}
