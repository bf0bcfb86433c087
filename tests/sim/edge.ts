/** A path between two nodes: dialled by one of them whenever both are up, with backoff; it breaks now and then. */
import { Backoff, HEALTHY_MS } from '../../src/mesh/backoff.ts';
import { type LinkQuality, SimLink } from './network.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A peer that sent wrong data is left alone for a while. */
const WRONG_DATA_PAUSE_MS = 3_600_000;

export class Edge {
  readonly dialler: SimNode;
  readonly answerer: SimNode;
  readonly quality: LinkQuality;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #backoff: Backoff;
  /** Mean time between breaks, ms; infinite for a cable. */
  #breakMeanMs: number;
  link: SimLink | null = null;
  /** Nothing passes: a partition. */
  #blocked = 0;
  #waiting = false;
  #pausedUntilMs = 0;

  constructor(
    time: VirtualTime,
    random: SeededRandom,
    [dialler, answerer]: readonly [SimNode, SimNode],
    quality: LinkQuality,
    breakMeanMs: number,
  ) {
    this.#time = time;
    this.#random = random;
    this.#backoff = new Backoff(random);
    this.dialler = dialler;
    this.answerer = answerer;
    this.quality = quality;
    this.#breakMeanMs = breakMeanMs;
  }

  /** Dials, now or after the waiting time, unless there is a link or no use in it. */
  consider(): void {
    if (this.link !== null || this.#waiting || this.#blocked > 0) return;
    if (!this.dialler.isUp || !this.answerer.isUp) return;
    this.#waiting = true;
    const pauseMs = Math.max(0, this.#pausedUntilMs - this.#time.nowMs);
    this.#time.after(pauseMs + this.#backoff.next(), () => {
      this.#waiting = false;
      if (this.link !== null || this.#blocked > 0 || !this.dialler.isUp || !this.answerer.isUp) return;
      // Signaling and ICE take a few round trips, each of which may fail.
      if (this.#random.chance(2 * this.quality.loss)) return this.consider();
      this.#open();
    });
  }

  #open(): void {
    const dialler = this.dialler.running;
    const answerer = this.answerer.running;
    if (dialler === null || answerer === null) return;
    const [mine, theirs] = [this.#random.bytes(32), this.#random.bytes(32)];
    const near = dialler.attach(this.answerer, 0, [mine, theirs]);
    const far = answerer.attach(this.dialler, 1, [theirs, mine]);
    const openedMs = this.#time.nowMs;
    const link = new SimLink(this.#time, this.#random, this.quality, [near.end, far.end], () => {
      this.link = null;
      if (this.#time.nowMs - openedMs >= HEALTHY_MS) this.#backoff.reset();
      this.consider();
    });
    this.link = link;
    near.open(link);
    far.open(link);
    if (!Number.isFinite(this.#breakMeanMs)) return;
    const livesMs = -Math.log(1 - this.#random.unit()) * this.#breakMeanMs;
    this.#time.after(livesMs, () => {
      if (Number.isFinite(this.#breakMeanMs)) link.cut();
    });
  }

  /** One side found out that the other sends wrong data. */
  pause(): void {
    this.#pausedUntilMs = this.#time.nowMs + WRONG_DATA_PAUSE_MS;
  }

  block(): void {
    this.#blocked++;
    this.link?.cut();
  }

  unblock(): void {
    this.#blocked--;
    this.consider();
  }

  /** From now on nothing breaks by itself. */
  steady(): void {
    this.#breakMeanMs = Number.POSITIVE_INFINITY;
  }
}
