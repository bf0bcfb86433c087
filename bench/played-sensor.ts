/** Nine channels at 60 Hz for the benches of memory, in Node and in a page: sensors whose readings a virtual clock makes. */
import type { StreamDescriptor } from '../src/hour/types.ts';
import type { Driver, DriverSink } from '../src/sensors/port.ts';

export const PLAYED = ['accelerometer', 'gyroscope', 'magnetometer'] as const;
/** Readings come in batches of so long, as the page's drivers make them. */
export const BATCH_MS = 250;
const ROWS = 15;

function streamOf(name: string): StreamDescriptor {
  const columns = ['x', 'y', 'z'].map((axis) => ({ name: axis, unit: 'm/s2', step: null }));
  return { name, columns, askedRateHz: 60, tickNs: 1_000, driver: 'bench', device: '', replay: false };
}

/** Sixty readings a second, in batches as the page's drivers make them. */
export class PlayedSensor {
  readonly driver: Driver;
  #sink: DriverSink | undefined;
  #stream = 0;

  constructor(name: string) {
    this.driver = {
      name,
      replay: false,
      probe: async () => ({ state: 'available' }),
      run: (sink, signal) => {
        this.#sink = sink;
        this.#stream = sink.addStream(streamOf(name));
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    };
  }

  tell(nowMs: number): void {
    const offsetsNs = Float64Array.from({ length: ROWS }, (_, i) => Math.round((i * 1e9) / 60));
    const column = (axis: number) =>
      Float64Array.from(
        offsetsNs,
        (ns) => Math.round(98 * Math.sin((nowMs + ns / 1e6) / (500 + 100 * axis))) / 10,
      );
    this.#sink?.batch(this.#stream, { baseMs: nowMs, offsetsNs, columns: [0, 1, 2].map(column) });
  }
}
