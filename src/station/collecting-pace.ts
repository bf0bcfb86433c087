/**
 * How fast things come and how long the rest takes, from what was measured in the last seconds. Pure: time is handed in.
 *
 * Invariant: between two looks the time left moves by at most {@link MAX_CHANGE} of itself a second, or
 * {@link FREE_CHANGE_MS}, and the time that passed, however unevenly things come: nobody sees it jump.
 */

/** What is measured over: long enough to span the pauses of a Wi-Fi link, short enough to follow a van that drives off. */
const WINDOW_MS = 20_000;
/** Before this much was seen, a speed would be a guess. */
const MIN_SPAN_MS = 2_000;
/** Only when nothing came for so long does nothing come: another device may first have to fetch it itself. */
const QUIET_MS = 10_000;
/** A new estimate takes this long to be believed. */
const BELIEF_MS = 8_000;
/** The share by which the time left may change in a second, beside the second itself; and what it may always change by. */
const MAX_CHANGE = 0.2;
const FREE_CHANGE_MS = 2_000;

interface Sample {
  readonly atMs: number;
  readonly doneBytes: number;
  readonly isWaiting: boolean;
}

export class Pace {
  #samples: Sample[] = [];
  #leftMs: number | null = null;
  #bytesPerSecond: number | null = null;

  /** Bytes a second over the last 20 s; 0 when nothing came for 10 s or more, null before anything can be said. */
  get bytesPerSecond(): number | null {
    return this.#bytesPerSecond;
  }

  /** Time that the rest takes, ms; null while nothing comes or too little has come to say. */
  get leftMs(): number | null {
    return this.#leftMs;
  }

  /** @param nowMs monotonic. @param doneBytes all that came so far; never falls. @param missingBytes what has not come yet. */
  note(nowMs: number, doneBytes: number, missingBytes: number): void {
    const before = this.#samples.at(-1);
    if (before !== undefined && nowMs <= before.atMs) return;
    // While nothing was missing nothing could come: that is no slowness.
    if (before?.isWaiting === false && missingBytes > 0) this.#samples = [before];
    this.#samples.push({ atMs: nowMs, doneBytes, isWaiting: missingBytes > 0 });
    // The last sample before the window stays: the window is measured from there.
    while ((this.#samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0] as Sample;
    const spanMs = nowMs - first.atMs;
    const cameBytes = doneBytes - first.doneBytes;
    const isKnown = spanMs >= (cameBytes === 0 && missingBytes > 0 ? QUIET_MS : MIN_SPAN_MS);
    this.#bytesPerSecond = isKnown ? (cameBytes / spanMs) * 1000 : null;
    this.#leftMs = this.#leftAfter(missingBytes, before === undefined ? 0 : nowMs - before.atMs);
  }

  /** Something else begins: what was measured does not count for it. */
  reset(): void {
    this.#samples = [];
    this.#leftMs = null;
    this.#bytesPerSecond = null;
  }

  #leftAfter(missingBytes: number, elapsedMs: number): number | null {
    if (missingBytes <= 0) return 0;
    if (this.#bytesPerSecond === null || this.#bytesPerSecond <= 0) return null;
    const measuredMs = (missingBytes / this.#bytesPerSecond) * 1000;
    const shownMs = this.#leftMs;
    if (shownMs === null || shownMs <= 0) return measuredMs;
    const expectedMs = Math.max(1_000, shownMs - elapsedMs);
    const wish = (measuredMs - expectedMs) * Math.min(1, elapsedMs / BELIEF_MS);
    const most = Math.max(FREE_CHANGE_MS, expectedMs * MAX_CHANGE) * (elapsedMs / 1000);
    return Math.max(0, expectedMs + Math.max(-most, Math.min(most, wish)));
  }
}
