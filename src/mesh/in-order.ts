/**
 * Runs work that may be synchronous or not strictly one after the other, so that an offer is sealed and opened before
 * the candidates that follow it. With a synchronous crypto port everything stays in one turn, which keeps simulations
 * deterministic. Bounded: work that finds the queue full is refused.
 */
import type { MaybePromise } from '../core/ports.ts';

interface Job {
  start(): MaybePromise<() => void>;
}

export class InOrder {
  readonly #limit: number;
  readonly #jobs: Job[] = [];
  #busy = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Runs `work`, then `done` with its result, or `failed` if it threw or rejected.
   * @returns false, having done nothing, when as many jobs wait as the limit allows.
   */
  run<T>(work: () => MaybePromise<T>, done: (result: T) => void, failed: (error: unknown) => void): boolean {
    if (this.#jobs.length >= this.#limit) return false;
    this.#jobs.push({
      start() {
        const fail = (error: unknown) => () => failed(error);
        try {
          const result = work();
          if (result instanceof Promise) return result.then((value) => () => done(value), fail);
          return () => done(result);
        } catch (error) {
          return fail(error);
        }
      },
    });
    this.#pump();
    return true;
  }

  #pump(): void {
    while (!this.#busy) {
      const job = this.#jobs.shift();
      if (job === undefined) return;
      this.#busy = true;
      const outcome = job.start();
      if (outcome instanceof Promise) {
        // `start` turns every failure into an outcome, so this chain only rejects on a bug in a callback.
        void outcome.then((finish) => this.#finish(finish)).then(() => this.#pump());
        return;
      }
      this.#finish(outcome);
    }
  }

  #finish(finish: () => void): void {
    try {
      finish();
    } finally {
      this.#busy = false;
    }
  }
}
