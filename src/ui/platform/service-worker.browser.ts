/**
 * The page's side of the service worker: whether the app works without a network from now on, and whether a newer version waits.
 *
 * Invariants
 * - Nothing here interrupts a person: a new version is downloaded in the background and waits; only `applyUpdate`, which somebody
 *   tapped, makes it take over and reloads the page.
 * - Looking for a new version: at the start, when the page becomes visible or a day passed (at most hourly), when the network is
 *   back, and after a failed download with growing pauses. Nothing waits for any of it.
 * - The files of the page's build are held by `page-lock.browser.ts`, from its first script on.
 * - A page whose worker was replaced from another tab goes on with its own files; a reload is offered, not done.
 */
import type { Clock } from '../../core/ports.ts';
import { type PageRequest, WORKER_FILE, type WorkerStatus, workerStatus } from './app-worker-protocol.ts';
import { pageBuild, pageScope } from './page-lock.browser.ts';

/** Asking costs a request of some kilobytes; nobody needs a version within the hour. */
export const CHECK_INTERVAL_MS = 3_600_000;
/** Stations show one page for weeks: they look once a day even when nobody touches them. */
export const IDLE_CHECK_INTERVAL_MS = 24 * 3_600_000;
/** First pause after a download that failed; doubles up to `CHECK_INTERVAL_MS`. */
export const RETRY_MS = 60_000;

export type OfflineState =
  /** This browser, or a page that was not built, has no service worker. */
  | 'unsupported'
  /** The address is not secure (http): browsers keep service workers for https and for this device itself. */
  | 'insecure'
  /** Being downloaded: do not leave the network yet. */
  | 'preparing'
  /** Works without any network from now on. */
  | 'ready'
  /** The download failed and is tried again. */
  | 'failed';

export type UpdateState =
  | 'none'
  /** A new version is being downloaded. */
  | 'downloading'
  /** A new version is there: `applyUpdate` when the person says so. */
  | 'waiting'
  /** `applyUpdate` was called: the page reloads in a moment. */
  | 'applying'
  /** The download failed; this version goes on, and it is tried again. */
  | 'failed';

export interface AppVersionState {
  readonly offline: OfflineState;
  readonly update: UpdateState;
  /** Name of the build that this page is; `null` when it was not built. */
  readonly build: string | null;
  /** What the browser said when something failed last; for a person who asks, not a sentence of ours. */
  readonly problem: string | null;
}

/** What is needed of the browser; tests hand in their own. */
export interface AppVersionPorts {
  /** undefined: no service workers here. */
  readonly container: ServiceWorkerContainer | undefined;
  readonly isSecure: boolean;
  /** Folder of the app, with a slash at its end. */
  readonly scope: string;
  readonly build: string | null;
  readonly clock: Clock;
  /** Calls back when the page becomes visible. */
  readonly onVisible: (listener: () => void) => void;
  /** Calls back when the network is back. */
  readonly onOnline: (listener: () => void) => void;
  readonly reload: () => void;
}

/** The ports of a real page. */
export function browserVersionPorts(clock: Clock): AppVersionPorts {
  return {
    container: navigator.serviceWorker as ServiceWorkerContainer | undefined,
    isSecure: isSecureContext,
    scope: pageScope(),
    build: pageBuild(),
    clock,
    onVisible: (listener) =>
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') listener();
      }),
    onOnline: (listener) => addEventListener('online', listener),
    reload: () => location.reload(),
  };
}

/** One per page. Lives as long as the page: nothing to close. */
export class AppVersion {
  readonly #ports: AppVersionPorts;
  readonly #listeners = new Set<() => void>();
  #state: AppVersionState;
  #registration: ServiceWorkerRegistration | undefined;
  #status: WorkerStatus | undefined;
  #asked: ServiceWorker | undefined;
  #followed = new WeakSet<ServiceWorker>();
  #controller: ServiceWorker | null = null;
  /** Another version took this page over: its files are still there, a reload shows the new one. */
  #isReplaced = false;
  #isApplying = false;
  #hasReloaded = false;
  #failures = 0;
  #isChecking = false;
  #lastCheckMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;

  constructor(ports: AppVersionPorts) {
    this.#ports = ports;
    const { container, isSecure, build } = ports;
    const offline = !isSecure
      ? 'insecure'
      : container === undefined || build === null
        ? 'unsupported'
        : 'preparing';
    this.#state = { offline, update: 'none', build, problem: null };
  }

  get state(): AppVersionState {
    return this.#state;
  }

  /** Calls `listener` after every change of `state`; the result ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Registers the worker and looks for a new version. Resolves when the first look is over; never rejects. */
  async start(): Promise<void> {
    const { container, build, onVisible, onOnline } = this.#ports;
    if (container === undefined || build === null || this.#state.offline === 'insecure') return;
    this.#controller = container.controller;
    container.addEventListener('controllerchange', () => this.#controllerChanged(container));
    onVisible(() => void this.#checkAfter(this.#failures > 0 ? RETRY_MS : CHECK_INTERVAL_MS));
    onOnline(() => void this.#checkAfter(RETRY_MS));
    await this.check();
  }

  /** Looks for a new version now. Never rejects: no network is nothing to tell. */
  async check(): Promise<void> {
    const { container, clock } = this.#ports;
    if (container === undefined || this.#ports.build === null || this.#isChecking) return;
    this.#isChecking = true;
    this.#lastCheckMs = clock.monotonicMs();
    this.#cancelTimer();
    this.#cancelTimer = clock.schedule(IDLE_CHECK_INTERVAL_MS, () => void this.check());
    try {
      const known = this.#registration;
      if (known === undefined || (known.active ?? known.waiting ?? known.installing) === null) {
        await this.#register(container);
      } else {
        await known.update();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isChecking = false;
      this.#evaluate();
    }
  }

  /**
   * Makes the waiting version take over and reloads this page. Call it only because a person asked, and not while recording.
   * Does nothing when no version waits.
   */
  applyUpdate(): void {
    if (this.#isReplaced) return this.#reload();
    const waiting = this.#registration?.waiting ?? null;
    if (waiting === null) return;
    this.#isApplying = true;
    waiting.addEventListener('statechange', () => {
      if (waiting.state === 'activated') this.#reload();
      // A still newer version took its place while it was asked: that one then.
      if (waiting.state === 'redundant' && this.#isApplying) {
        this.#isApplying = false;
        this.applyUpdate();
        this.#evaluate();
      }
    });
    send(waiting, { type: 'take-over' });
    this.#evaluate();
  }

  async #register(container: ServiceWorkerContainer): Promise<void> {
    const { scope } = this.#ports;
    const registration = await container.register(scope + WORKER_FILE, { scope, updateViaCache: 'none' });
    const isNew = registration !== this.#registration;
    this.#registration = registration;
    if (isNew) registration.addEventListener('updatefound', () => this.#evaluate());
    // Registering what is registered already does not look for a new version.
    if (registration.active !== null && registration.installing === null) await registration.update();
  }

  #follow(worker: ServiceWorker): void {
    if (this.#followed.has(worker)) return;
    this.#followed.add(worker);
    let last = worker.state;
    worker.addEventListener('statechange', () => {
      if (last === 'installing' && worker.state === 'redundant') this.#failed(null);
      if (worker.state === 'installed') this.#failures = 0;
      last = worker.state;
      this.#evaluate();
    });
  }

  /** A download failed, or the worker could not be registered: the next try comes by itself. */
  #failed(error: unknown): void {
    const registration = this.#registration;
    const problem = error instanceof Error ? error.message : null;
    const isRunning = registration !== undefined && registration.active !== null;
    // A look that found no network is the usual case of a station; only a failed download is worth a word.
    if (isRunning && error !== null) return;
    this.#failures++;
    const pauseMs = Math.min(RETRY_MS * 2 ** (this.#failures - 1), CHECK_INTERVAL_MS);
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.clock.schedule(pauseMs, () => void this.check());
    this.#set({ ...this.#state, problem });
  }

  async #checkAfter(intervalMs: number): Promise<void> {
    if (this.#ports.clock.monotonicMs() - this.#lastCheckMs >= intervalMs) await this.check();
  }

  #controllerChanged(container: ServiceWorkerContainer): void {
    const before = this.#controller;
    this.#controller = container.controller;
    // From nobody to somebody is the first visit; from one to another is a new version, which another tab may have let in.
    if (before !== null && container.controller !== before) this.#isReplaced = true;
    if (this.#isReplaced && this.#isApplying) this.#reload();
    else this.#evaluate();
  }

  #reload(): void {
    if (this.#hasReloaded) return;
    this.#hasReloaded = true;
    this.#isApplying = true;
    this.#evaluate();
    this.#ports.reload();
  }

  /** Asks a newly active worker once which build it is and whether all its files are there. */
  #ask(active: ServiceWorker): void {
    if (this.#asked === active || active.state !== 'activated') return;
    this.#asked = active;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      port1.close();
      const status = workerStatus(data);
      if (status === null || this.#asked !== active) return;
      this.#status = status;
      const { container, build } = this.#ports;
      if (container?.controller === null && status.build === build) send(active, { type: 'claim' });
      // The page came from the older version in the moment when the newer one took over.
      if (container?.controller === active && status.build !== build) this.#isReplaced = true;
      send(active, { type: 'tidy' });
      this.#evaluate();
    };
    send(active, { type: 'status' }, [port2]);
  }

  /** Reads the state off the workers: whatever event came, the answer is the same. */
  #evaluate(): void {
    const registration = this.#registration;
    if (registration === undefined) {
      if (this.#failures > 0) this.#set({ ...this.#state, offline: 'failed' });
      return;
    }
    const { installing, waiting, active } = registration;
    for (const worker of [installing, waiting, active]) if (worker !== null) this.#follow(worker);
    if (active !== null) this.#ask(active);
    const isRetrying = this.#failures > 0 && installing === null;
    const isWhole = active !== null && this.#asked === active && this.#status?.missing === 0;
    const update: UpdateState = this.#isApplying
      ? 'applying'
      : this.#isReplaced || (waiting !== null && active !== null)
        ? 'waiting'
        : active === null
          ? 'none'
          : installing !== null
            ? 'downloading'
            : isRetrying
              ? 'failed'
              : 'none';
    const offline: OfflineState =
      isWhole || (active !== null && this.#state.offline === 'ready')
        ? 'ready'
        : active === null && isRetrying
          ? 'failed'
          : 'preparing';
    const { build, problem } = this.#state;
    this.#set({ offline, update, build, problem: this.#failures > 0 ? problem : null });
  }

  #set(state: AppVersionState): void {
    const old = this.#state;
    this.#state = state;
    const isSame =
      old.offline === state.offline && old.update === state.update && old.problem === state.problem;
    if (!isSame) for (const listener of this.#listeners) listener();
  }
}

function send(worker: ServiceWorker, request: PageRequest, ports: Transferable[] = []): void {
  worker.postMessage(request, ports);
}
