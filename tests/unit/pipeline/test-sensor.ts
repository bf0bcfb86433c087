import type { StreamDescriptor } from '../../../src/hour/types.ts';
import type { Driver, DriverSink } from '../../../src/sensors/port.ts';

const STREAM: StreamDescriptor = {
  name: 'pressure',
  columns: [{ name: 'p', unit: 'hPa', step: { numerator: 1, denominator: 1 } }],
  askedRateHz: 1,
  tickNs: 1_000_000,
  driver: 'test',
  device: '',
  replay: false,
};

/** A sensor that delivers when the test says so. */
export class TestSensor implements Driver {
  readonly name = 'test';
  readonly replay = false;
  #sink: DriverSink | undefined;
  #stream = 0;

  async probe() {
    return { state: 'available' } as const;
  }

  run(sink: DriverSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    this.#stream = sink.addStream(STREAM);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Reading number `i`, whose value is its number. */
  deliver(i: number, atMs: number): void {
    this.#sink?.batch(this.#stream, {
      baseMs: atMs,
      offsetsNs: Float64Array.of(0),
      columns: [Float64Array.of(i)],
    });
  }

  picture(atMs: number, bytes: Uint8Array): void {
    this.#sink?.picture?.(atMs, 'image/jpeg', bytes);
  }
}
