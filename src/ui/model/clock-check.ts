/**
 * Is this device's clock wrong? The signed times of others say so, within what is certain: a time that lies ahead of ours when it
 * arrives proves a difference of at least that much, for nothing arrives before it was said; a time that lies behind may simply have
 * taken long, so only a device that is heard of again and again, minute by minute, counts there. The median of the devices is
 * taken, so that one other device's wrong clock is not ours.
 */

/** Less is what networks and people's watches do. */
export const CLOCK_DIFFERENCE_MS = 120_000;
/** Devices say that they are alive once a minute: signs that come so far apart, and were said as far apart, were not stored in between. */
const MIN_PAUSE_MS = 20_000;
const MAX_PAUSE_MS = 150_000;
/** The pause in which signs come may differ by so much from the one in which they were said. */
const PAUSE_JITTER_MS = 15_000;
/** Signs of a device that count, the newest; the quickest of them is nearest to the truth. */
const SIGNS = 5;
/** Devices remembered: a group has some hundreds at most. */
const MAX_DEVICES = 512;

interface Heard {
  theirMs: number;
  ourMs: number;
  /** Their time minus ours, of signs that count. */
  readonly live: number[];
  /** Set once their time was ahead of ours: proven, however it came. */
  aheadMs: number | null;
}

export interface ClockDifference {
  /** How much this device's clock is behind the others' (negative: ahead), ms, give or take what networks delay. */
  readonly behindMs: number;
  /** Devices that say so. */
  readonly devices: number;
}

export class ClockCheck {
  readonly #devices = new Map<string, Heard>();

  /**
   * The newest sign of life of a device, whenever it may have arrived; the same one again says nothing.
   * @param device any name that tells devices apart.
   */
  note(device: string, theirMs: number, ourMs: number): void {
    const known = this.#devices.get(device);
    if (known === undefined) {
      if (this.#devices.size >= MAX_DEVICES) return;
      this.#devices.set(device, { theirMs, ourMs, live: [], aheadMs: aheadOrNull(theirMs, ourMs) });
      return;
    }
    if (known.theirMs === theirMs) return;
    const theirPauseMs = theirMs - known.theirMs;
    const ourPauseMs = ourMs - known.ourMs;
    const isSteady = Math.abs(ourPauseMs - theirPauseMs) < PAUSE_JITTER_MS;
    const isLive = isSteady && theirPauseMs > MIN_PAUSE_MS && theirPauseMs < MAX_PAUSE_MS;
    // Our clock was set, or theirs: what was compared before compares with another clock.
    if (!isSteady && Math.abs(ourPauseMs) > MAX_PAUSE_MS) known.live.length = 0;
    if (isLive) known.live.push(theirMs - ourMs);
    if (known.live.length > SIGNS) known.live.shift();
    known.theirMs = theirMs;
    known.ourMs = ourMs;
    known.aheadMs = aheadOrNull(theirMs, ourMs);
  }

  /** What a device answered just now. */
  noteExact(device: string, theirMs: number, ourMs: number): void {
    this.#devices.set(device, { theirMs, ourMs, live: [theirMs - ourMs], aheadMs: null });
  }

  /** A time that a device has signed and that may have been stored for long: only what lies ahead of ours says something. */
  noteStored(device: string, theirMs: number, ourMs: number): void {
    const aheadMs = aheadOrNull(theirMs, ourMs);
    if (aheadMs === null) return;
    const known = this.#devices.get(device);
    if (known === undefined) this.note(device, theirMs, ourMs);
    else known.aheadMs = Math.max(aheadMs, known.aheadMs ?? aheadMs);
  }

  /** This device's clock was set: what was heard before is compared with a clock that is no more. */
  forget(): void {
    this.#devices.clear();
  }

  /** Null while the clocks agree, or nothing can be said. */
  difference(): ClockDifference | null {
    const differences: number[] = [];
    for (const { live, aheadMs } of this.#devices.values()) {
      if (live.length > 0) differences.push(Math.max(...live));
      else if (aheadMs !== null) differences.push(aheadMs);
    }
    if (differences.length === 0) return null;
    differences.sort((a, b) => a - b);
    // Of an even number the one nearer to no difference at all.
    const low = differences[Math.floor((differences.length - 1) / 2)] ?? 0;
    const high = differences[Math.floor(differences.length / 2)] ?? 0;
    const behindMs = Math.abs(low) < Math.abs(high) ? low : high;
    if (Math.abs(behindMs) <= CLOCK_DIFFERENCE_MS) return null;
    const agreeing = differences.filter((one) => Math.sign(one) === Math.sign(behindMs));
    const far = agreeing.filter((one) => Math.abs(one) > CLOCK_DIFFERENCE_MS);
    return { behindMs, devices: far.length };
  }
}

function aheadOrNull(theirMs: number, ourMs: number): number | null {
  return theirMs - ourMs > CLOCK_DIFFERENCE_MS ? theirMs - ourMs : null;
}
