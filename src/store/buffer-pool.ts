/**
 * Memory in which small blobs are collected, bounded in all. Buffers of the full size are used again, because fresh megabytes
 * cost more in page faults and garbage collection than the bytes copied into them.
 *
 * Buffers come back dirty: whoever takes one must not show what it did not write.
 */
import type { Bytes } from '../core/bytes.ts';

export class BufferPool {
  readonly #bufferBytes: number;
  readonly #maxBytes: number;
  readonly #spare: ArrayBuffer[] = [];
  #usedBytes = 0;

  /** @param bufferBytes largest buffer. @param maxBytes of all that are out. */
  constructor(bufferBytes: number, maxBytes: number) {
    this.#bufferBytes = bufferBytes;
    this.#maxBytes = maxBytes;
  }

  /** True when {@link take} of `size` bytes would find room. */
  hasRoom(size: number): boolean {
    return this.#usedBytes + this.#charge(size) <= this.#maxBytes;
  }

  /** A buffer of `size` bytes with any content; undefined when it is larger than the pool's or there is no room. */
  take(size: number): Bytes | undefined {
    if (size > this.#bufferBytes || !this.hasRoom(size)) return undefined;
    this.#usedBytes += this.#charge(size);
    if (this.#charge(size) < this.#bufferBytes) return new Uint8Array(size);
    return new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(this.#bufferBytes), 0, size);
  }

  /** Gives a buffer back; nobody may touch it any more. */
  release(buffer: Bytes): void {
    this.#usedBytes -= this.#charge(buffer.length);
    if (buffer.buffer.byteLength === this.#bufferBytes) this.#spare.push(buffer.buffer);
  }

  /** Small ones are made to measure; from a quarter of the full size on, a whole buffer is used. */
  #charge(size: number): number {
    return size < this.#bufferBytes / 4 ? size : this.#bufferBytes;
  }
}
