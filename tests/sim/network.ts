/**
 * The simulator's network: links between nodes with delay, bandwidth, loss (a lost packet costs a retransmission, as in SCTP),
 * partitions that break links, and liars that change what they send.
 */
import type { Bytes } from '../../src/core/bytes.ts';
import type { Channel } from '../../src/mesh/port.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface LinkQuality {
  readonly delayMs: number;
  readonly bytesPerMs: number;
  /** Probability that a packet of 1,200 bytes is lost and sent again a round trip later. */
  readonly loss: number;
}

export interface LinkEnd {
  deliver(channel: Channel, bytes: Bytes): void;
  down(): void;
}

const PACKET_BYTES = 1_200;

/** One direction's queue. */
class Pipe {
  #freeAtMs = 0;
  #lastArrivalMs = 0;

  arrival(time: VirtualTime, random: SeededRandom, quality: LinkQuality, size: number): number {
    const start = Math.max(time.nowMs, this.#freeAtMs);
    this.#freeAtMs = start + size / quality.bytesPerMs;
    let at = this.#freeAtMs + quality.delayMs;
    // Each round trip repairs what was lost in the last: packets × loss on average, rounded by chance.
    for (let left = Math.ceil(size / PACKET_BYTES); left > 0; ) {
      left = Math.floor(left * quality.loss + random.unit());
      if (left > 0) at += 2 * quality.delayMs + 20;
    }
    // Reliable and ordered: nothing overtakes.
    this.#lastArrivalMs = Math.max(at, this.#lastArrivalMs);
    return this.#lastArrivalMs;
  }
}

export class SimLink {
  readonly quality: LinkQuality;
  up = true;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #ends: readonly [LinkEnd, LinkEnd];
  readonly #pipes: readonly [Pipe, Pipe] = [new Pipe(), new Pipe()];
  bytes = 0;
  messages = 0;

  constructor(
    time: VirtualTime,
    random: SeededRandom,
    quality: LinkQuality,
    ends: readonly [LinkEnd, LinkEnd],
  ) {
    this.#time = time;
    this.#random = random;
    this.quality = quality;
    this.#ends = ends;
  }

  /** Sends from end 0 or 1 to the other. */
  send(from: 0 | 1, channel: Channel, bytes: Bytes): void {
    if (!this.up) return;
    this.bytes += bytes.length;
    this.messages++;
    const at = this.#pipes[from].arrival(this.#time, this.#random, this.quality, bytes.length);
    this.#time.at(at, () => {
      if (this.up) this.#ends[from === 0 ? 1 : 0].deliver(channel, bytes);
    });
  }

  /** Breaks the link; both ends hear of it. */
  break(): void {
    if (!this.up) return;
    this.up = false;
    for (const end of this.#ends) this.#time.after(0, () => end.down());
  }
}
