/** Service workers without a browser: registrations and workers whose states a test sets. */
import { vi } from 'vitest';
import type { WorkerStatus } from '../../../../src/ui/platform/app-worker-protocol.ts';

export class FakeWorker extends EventTarget {
  state: ServiceWorkerState = 'installing';
  /** Types of the messages that it got. */
  readonly heard: string[] = [];
  status: WorkerStatus = { build: 'one', files: 3, missing: 0 };

  postMessage(message: { type: string }, [port]: MessagePort[] = []): void {
    this.heard.push(message.type);
    port?.postMessage(this.status);
    port?.close();
  }

  become(state: ServiceWorkerState): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

export class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  active: FakeWorker | null = null;
  readonly update = vi.fn(async () => undefined);

  /** A version begins to be downloaded. */
  find(): FakeWorker {
    this.installing = new FakeWorker();
    this.dispatchEvent(new Event('updatefound'));
    return this.installing;
  }

  /** What was being downloaded is complete, and waits when something runs already. */
  finish(): FakeWorker {
    const worker = this.installing as FakeWorker;
    this.installing = null;
    const replaced = this.waiting;
    this.waiting = worker;
    worker.become('installed');
    replaced?.become('redundant');
    if (this.active === null) this.activate();
    return worker;
  }

  /** What was being downloaded failed. */
  fail(): void {
    const worker = this.installing as FakeWorker;
    this.installing = null;
    worker.become('redundant');
  }

  /** What waits runs from now on. */
  activate(): void {
    const [worker, before] = [this.waiting as FakeWorker, this.active];
    this.waiting = null;
    this.active = worker;
    before?.become('redundant');
    worker.become('activating');
    worker.become('activated');
  }
}

export class FakeContainer extends EventTarget {
  controller: FakeWorker | null = null;
  readonly registration = new FakeRegistration();
  /** What the browser says to the next registration instead of registering. */
  refusal: Error | null = null;
  registered = 0;

  async register(): Promise<FakeRegistration> {
    this.registered++;
    if (this.refusal !== null) throw this.refusal;
    const { registration } = this;
    if ((registration.active ?? registration.waiting ?? registration.installing) === null) {
      registration.installing = new FakeWorker();
    }
    return registration;
  }

  control(worker: FakeWorker): void {
    this.controller = worker;
    this.dispatchEvent(new Event('controllerchange'));
  }
}
