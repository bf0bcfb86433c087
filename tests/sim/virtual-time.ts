/** The simulator's clock: a queue of events in virtual milliseconds, ties in the order they were set. */

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

export class VirtualTime {
  nowMs = 0;
  #order = 0;
  /** Binary heap, earliest first. */
  readonly #heap: Event[] = [];
  fired = 0;

  at(atMs: number, fire: () => void): void {
    this.#heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, fire });
    this.#up(this.#heap.length - 1);
  }

  after(delayMs: number, fire: () => void): void {
    this.at(this.nowMs + delayMs, fire);
  }

  /** Runs every event up to and including `untilMs`; the clock stands there afterwards. */
  runUntil(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      this.nowMs = next.atMs;
      this.fired++;
      next.fire();
    }
    this.nowMs = untilMs;
  }

  #before(a: Event, b: Event): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #up(start: number): void {
    const heap = this.#heap;
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#before(heap[i] as Event, heap[parent] as Event)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && this.#before(heap[left] as Event, heap[least] as Event)) least = left;
      if (right < heap.length && this.#before(heap[right] as Event, heap[least] as Event)) least = right;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #swap(i: number, j: number): void {
    const heap = this.#heap;
    const held = heap[i] as Event;
    heap[i] = heap[j] as Event;
    heap[j] = held;
  }
}
