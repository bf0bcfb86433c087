/**
 * What the sensors say before anything is recorded: their last values and the rate they really reach. Only sensors that may be read
 * without asking anybody are looked at, and nothing of it is kept.
 */

import { errorMessage } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import type { StreamDescriptor } from '../../hour/types.ts';
import type { Driver, DriverSink } from '../../sensors/port.ts';

/** Over so long a rate is taken. */
const RATE_WINDOW_MS = 3_000;
/** Motion sensors say something within a tenth of a second; a busy phone may take a second or two. */
const MUTE_AFTER_MS = 4_000;

export interface LiveView {
  readonly rateHz: number | null;
  readonly columns: readonly { readonly name: string; readonly unit: string; readonly last: number | null }[];
}

interface Live {
  descriptor: StreamDescriptor;
  last: readonly number[];
  rows: number;
  recent: { atMs: number; rows: number }[];
}

export class SensorPreview {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #live = new Map<string, Live>();
  readonly #troubles = new Map<string, string>();
  readonly #names: ReadonlySet<string>;
  readonly #sinceMs: number;

  /** Starts looking. */
  constructor(clock: Clock, drivers: readonly Driver[]) {
    this.#clock = clock;
    this.#names = new Set(drivers.map(({ name }) => name));
    this.#sinceMs = clock.monotonicMs();
    for (const driver of drivers) {
      driver.run(this.#sinkOf(driver.name), this.#stop.signal).catch((error: unknown) => {
        this.#live.delete(driver.name);
        this.#troubles.set(driver.name, errorMessage(error));
      });
    }
  }

  #sinkOf(name: string): DriverSink {
    return {
      addStream: (descriptor) => {
        this.#live.set(name, { descriptor, last: [], rows: 0, recent: [] });
        return 0;
      },
      batch: (_, { columns, offsetsNs }) => {
        const live = this.#live.get(name);
        const count = offsetsNs.length;
        if (live === undefined || count === 0) return;
        const atMs = this.#clock.monotonicMs();
        live.rows += count;
        live.last = columns.map((column) => column[count - 1] ?? Number.NaN);
        live.recent.push({ atMs, rows: live.rows });
        while (live.recent.length > 2 && atMs - (live.recent[0]?.atMs ?? atMs) > RATE_WINDOW_MS)
          live.recent.shift();
      },
      gap: () => undefined,
    };
  }

  /** Stops looking; sensors that are recorded next are free. */
  end(): void {
    this.#stop.abort();
  }

  /** Why a sensor could not be looked at; undefined when it could. */
  trouble(name: string): string | undefined {
    return this.#troubles.get(name);
  }

  /** It is looked at for a while, and neither says anything nor fails: browsers tell so of sensors that are not built in. */
  isMute(name: string): boolean {
    const isNew = this.#clock.monotonicMs() - this.#sinceMs < MUTE_AFTER_MS;
    return this.#names.has(name) && !isNew && !this.#live.has(name) && !this.#troubles.has(name);
  }

  /** What a sensor says now; null before its first reading. */
  live(name: string): LiveView | null {
    const live = this.#live.get(name);
    if (live === undefined) return null;
    const first = live.recent[0];
    const latest = live.recent.at(-1);
    const spanMs = (latest?.atMs ?? 0) - (first?.atMs ?? 0);
    const isOld = latest === undefined || this.#clock.monotonicMs() - latest.atMs > RATE_WINDOW_MS;
    return {
      rateHz: spanMs > 0 && !isOld ? ((latest?.rows ?? 0) - (first?.rows ?? 0)) / (spanMs / 1_000) : null,
      columns: live.descriptor.columns.map(({ name: column, unit }, i) => {
        const value = live.last[i] ?? Number.NaN;
        return { name: column, unit, last: Number.isNaN(value) ? null : value };
      }),
    };
  }
}
