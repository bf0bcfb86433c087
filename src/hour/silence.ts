/**
 * When a stream is silent, since when and why: what one stream adds to the ledger of gaps. Pure bookkeeping over the readings'
 * own times; the recorder decides which hour a gap is written into.
 */
import type { GapCause, StreamDescriptor } from './types.ts';

/** A stream pauses when it is silent for longer than this and than three of its intervals. */
const PAUSE_MS = 2_000;
const PAUSE_INTERVALS = 3;
/** Weight of the newest interval in a replayed stream's typical one, and how many it takes to trust it. */
const LEARNING_RATE = 1 / 8;
const LEARNING_ROWS = 4;

export interface Silence {
  readonly fromMs: number;
  readonly cause: GapCause;
  readonly detail: string;
}

export interface ClosedSilence extends Silence {
  readonly toMs: number;
}

export class StreamSilence {
  readonly #descriptor: StreamDescriptor;
  /** The newest reading, null before the first. */
  lastMs: number | null = null;
  /** A gap that is open. */
  pending: Silence | null = null;
  #typicalMs = 0;
  #intervals = 0;

  constructor(descriptor: StreamDescriptor) {
    this.#descriptor = descriptor;
  }

  /** Longest silence that is no gap. A live stream that was asked for no rate (events) may be silent for ever. */
  get allowedMs(): number {
    const { askedRateHz, replay } = this.#descriptor;
    if (askedRateHz !== null && askedRateHz > 0)
      return Math.max(PAUSE_MS, (PAUSE_INTERVALS * 1000) / askedRateHz);
    if (!replay || this.#intervals < LEARNING_ROWS) return Number.POSITIVE_INFINITY;
    return Math.max(PAUSE_MS, PAUSE_INTERVALS * this.#typicalMs);
  }

  /** A first reading this long after the station's own first is a late start, not the order in which drivers came up. */
  get lateStartMs(): number {
    return Math.max(PAUSE_MS, Number.isFinite(this.allowedMs) ? this.allowedMs : 0);
  }

  /** The driver says that nothing comes from `fromMs` on. The first word stands until the next reading. */
  begin(fromMs: number, cause: GapCause, detail: string): void {
    this.pending ??= { fromMs: Math.max(fromMs, this.lastMs ?? fromMs), cause, detail };
  }

  /** A reading came: what silence it ended, if any. Late readings from before a gap do not end it. */
  reading(atMs: number): ClosedSilence | undefined {
    const before = this.lastMs;
    let closed: ClosedSilence | undefined;
    if (this.pending !== null) {
      if (atMs > this.pending.fromMs) {
        closed = { ...this.pending, toMs: atMs };
        this.pending = null;
      }
    } else if (before !== null && atMs - before > this.allowedMs) {
      closed = { fromMs: before, toMs: atMs, cause: 'unknown', detail: '' };
    }
    if (closed === undefined && before !== null && atMs > before) this.#learn(atMs - before);
    this.lastMs = atMs;
    return closed;
  }

  /** The typical interval is known beforehand: from a table that is all there. */
  expect(intervalMs: number): void {
    this.#typicalMs = intervalMs;
    this.#intervals = LEARNING_ROWS;
  }

  #learn(intervalMs: number): void {
    this.#intervals++;
    if (this.#intervals === 1) this.#typicalMs = intervalMs;
    // A pause is capped so that it does not make the next pause look normal.
    else this.#typicalMs += LEARNING_RATE * (Math.min(intervalMs, 4 * this.#typicalMs) - this.#typicalMs);
  }

  /**
   * The hour ends at `endMs`: the part of the silence that lies in it. The rest stays pending, from `endMs` on.
   * @param nextMs the next reading, when it is known to come; otherwise `endMs`.
   */
  cut(endMs: number, nextMs: number): ClosedSilence | undefined {
    const { pending, lastMs } = this;
    const silence: Silence | undefined =
      pending ??
      (lastMs !== null && nextMs - lastMs > this.allowedMs
        ? { fromMs: lastMs, cause: 'unknown', detail: '' }
        : undefined);
    if (silence === undefined || silence.fromMs >= endMs) return undefined;
    this.pending = { ...silence, fromMs: endMs };
    return { ...silence, toMs: endMs };
  }

  /** Starts over: the clock jumped, or recording ended. */
  forget(): void {
    this.lastMs = null;
    this.pending = null;
  }
}
