/**
 * Calls into a worker over comlink. Comlink alone waits for ever for a worker that died.
 *
 * Invariant: when the worker fails, or is ended here, everything pending rejects, and so does every later call.
 */
import { type Remote, releaseProxy, wrap } from 'comlink';
import type { WaystationError } from './errors.ts';

export class WorkerCalls<Api> {
  readonly #worker: Worker;
  readonly #remote: Remote<Api>;
  readonly #pending = new Set<(reason: WaystationError) => void>();
  readonly #died: (event: Event) => void;
  #ended: WaystationError | undefined;

  /** @param died the error when the worker fails; `detail` is what the browser says of it, with a colon before it, or empty. */
  constructor(worker: Worker, died: (detail: string) => WaystationError) {
    this.#worker = worker;
    this.#remote = wrap<Api>(worker);
    this.#died = (event) => {
      const { message } = event as Partial<ErrorEvent>;
      this.end(died(message === undefined || message === '' ? '' : `: ${message}`));
    };
    worker.addEventListener('error', this.#died);
    worker.addEventListener('messageerror', this.#died);
  }

  /** Why it ended, undefined while it works. */
  get ended(): WaystationError | undefined {
    return this.#ended;
  }

  /** The result of `request`; rejects with its error, or with the worker's end. */
  async call<T>(request: (remote: Remote<Api>) => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    let giveUp: (reason: WaystationError) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.#pending.add(giveUp);
    try {
      return await Promise.race([request(this.#remote), ended]);
    } finally {
      this.#pending.delete(giveUp);
    }
  }

  /** Ends the worker; everything pending and everything later rejects with `reason`. */
  end(reason: WaystationError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#worker.removeEventListener('error', this.#died);
    this.#worker.removeEventListener('messageerror', this.#died);
    for (const reject of this.#pending) reject(reason);
    this.#remote[releaseProxy]();
    this.#worker.terminate();
  }
}
