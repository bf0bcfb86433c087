/** Work that is done one piece at a time, in the order in which it was asked for. */
export class Turns {
  readonly #onIdle: () => void;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  constructor(onIdle: () => void = () => {}) {
    this.#onIdle = onIdle;
  }

  /**
   * Runs `work` when all before it is done, at once when it is. @param work calls `done` when it is over; work that throws is over, and no
   * turn is kept by it.
   */
  next(work: (done: () => void) => void): void {
    const start = () => {
      let isOver = false;
      const done = () => {
        if (isOver) return;
        isOver = true;
        this.#done();
      };
      try {
        work(done);
      } catch (error) {
        done();
        throw error;
      }
    };
    if (this.#busy) {
      this.#waiting.push(start);
      return;
    }
    this.#busy = true;
    start();
  }

  #done(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.#busy = false;
    this.#onIdle();
  }
}
