/**
 * The simulator's network: links between nodes with delay, bandwidth, loss (a lost packet costs a retransmission, as in
 * SCTP), back pressure on the bulk channel, and two ways to end: closed, which the other side hears of, and cut (a crash, a
 * partition), which both sides find out by silence. Control and bulk are streams of their own: neither waits for the other.
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

/** One side of a link as the network sees it. Nothing is called after `down`. */
export interface LinkEnd {
  deliver(channel: Channel, bytes: Bytes): void;
  drained(): void;
  down(reason: string): void;
}

const PACKET_BYTES = 1_200;
/** Watermarks as in the WebRTC adapters: 4 MiB queued at most, told again below 1 MiB. */
const HIGH_WATER_BYTES = 4 * 2 ** 20;
const LOW_WATER_BYTES = 2 ** 20;
/** ICE consent (RFC 7675) notices a dead path after 15 to 30 seconds. */
const SILENCE_MIN_MS = 15_000;
const SILENCE_MAX_MS = 30_000;

/** One direction of one channel. */
class Pipe {
  freeAtMs = 0;
  lastArrivalMs = 0;
  waitsForDrain = false;

  queuedBytes(nowMs: number, quality: LinkQuality): number {
    return Math.max(0, this.freeAtMs - nowMs) * quality.bytesPerMs;
  }

  arrival(nowMs: number, random: SeededRandom, quality: LinkQuality, size: number): number {
    const start = Math.max(nowMs, this.freeAtMs);
    this.freeAtMs = start + size / quality.bytesPerMs;
    let at = this.freeAtMs + quality.delayMs;
    // Each round trip repairs what was lost in the last: packets × loss on average, rounded by chance.
    for (let left = Math.ceil(size / PACKET_BYTES); left > 0; ) {
      left = Math.floor(left * quality.loss + random.unit());
      if (left > 0) at += 2 * quality.delayMs + 20;
    }
    // Reliable and ordered: nothing overtakes.
    this.lastArrivalMs = Math.max(at, this.lastArrivalMs);
    return this.lastArrivalMs;
  }
}

export type Side = 0 | 1;

function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0;
}

export class SimLink {
  readonly quality: LinkQuality;
  /** Bytes still get through. */
  up = true;
  bytes = 0;
  messages = 0;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #ends: readonly [LinkEnd, LinkEnd];
  readonly #pipes: Readonly<Record<Channel, readonly [Pipe, Pipe]>> = {
    control: [new Pipe(), new Pipe()],
    bulk: [new Pipe(), new Pipe()],
  };
  readonly #told: [boolean, boolean] = [false, false];
  readonly #onEnded: () => void;

  /** @param onEnded both sides know by now that the link is gone. */
  constructor(
    time: VirtualTime,
    random: SeededRandom,
    quality: LinkQuality,
    ends: readonly [LinkEnd, LinkEnd],
    onEnded: () => void,
  ) {
    this.#time = time;
    this.#random = random;
    this.quality = quality;
    this.#ends = ends;
    this.#onEnded = onEnded;
  }

  send(from: Side, channel: Channel, bytes: Bytes): void {
    if (!this.up) return;
    this.bytes += bytes.length;
    this.messages++;
    const to = otherSide(from);
    const at = this.#pipes[channel][from].arrival(this.#time.nowMs, this.#random, this.quality, bytes.length);
    this.#time.at(at, () => {
      if (this.up) this.#ends[to].deliver(channel, bytes);
    });
  }

  /** Bytes that the bulk channel still takes; 0 or less means: wait for `drained`. */
  credit(side: Side): number {
    const pipe = this.#pipes.bulk[side];
    const left = HIGH_WATER_BYTES - pipe.queuedBytes(this.#time.nowMs, this.quality);
    if (left <= 0 && !pipe.waitsForDrain) {
      pipe.waitsForDrain = true;
      const tell = () => {
        const waitMs =
          (pipe.queuedBytes(this.#time.nowMs, this.quality) - LOW_WATER_BYTES) / this.quality.bytesPerMs;
        if (waitMs > 0) return this.#time.after(waitMs, tell);
        pipe.waitsForDrain = false;
        if (this.up) this.#ends[side].drained();
      };
      tell();
    }
    return left;
  }

  /** One side closes: it hears at once, the other after the link's delay. */
  close(side: Side, reason: string): void {
    if (!this.up) return;
    this.up = false;
    this.#tell(side, reason);
    this.#time.after(this.quality.delayMs, () => this.#tell(otherSide(side), 'closed by the other side'));
  }

  /** Nothing gets through any more; each side notices when it has heard nothing for a while. */
  cut(): void {
    if (!this.up) return;
    this.up = false;
    for (const side of [0, 1] as const) {
      const silenceMs = this.#random.integer(SILENCE_MIN_MS, SILENCE_MAX_MS);
      this.#time.after(silenceMs, () => this.#tell(side, 'nothing heard'));
    }
  }

  #tell(side: Side, reason: string): void {
    if (this.#told[side]) return;
    this.#told[side] = true;
    this.#ends[side].down(reason);
    if (this.#told[0] && this.#told[1]) this.#onEnded();
  }
}
