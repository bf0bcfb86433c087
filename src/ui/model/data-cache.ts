/** Keeps what was used last within a budget of bytes. */
export class ByteBudget<T> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  /** In the order of use: a Map keeps the order of insertion. */
  readonly #kept = new Map<string, T>();
  #bytes = 0;

  constructor(maxBytes: number, sizeOf: (value: T) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  get(key: string): T | undefined {
    const value = this.#kept.get(key);
    if (value === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, value);
    return value;
  }

  /** The newest is kept even when it alone is over the budget: it is wanted now. */
  put(key: string, value: T): void {
    this.delete(key);
    this.#kept.set(key, value);
    this.#bytes += this.#sizeOf(value);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || this.#kept.size === 1) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const value = this.#kept.get(key);
    if (value === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= this.#sizeOf(value);
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}
