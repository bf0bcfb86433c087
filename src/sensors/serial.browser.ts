/**
 * A sensor on a USB cable through Web Serial: lines of text, see `serial-lines.ts`. Each shape of line is a stream of its own, so that a
 * board that sends pressure and wind in turns leaves no holes. Readings get the time at which their line ended.
 *
 * When the cable is pulled out the driver says so and goes on when the same device comes back. Another way to the same lines (WebUSB on
 * Android) needs a `CablePort` of its own and nothing else.
 */
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { StreamDescriptor } from '../hour/types.ts';
import { Batcher } from './batcher.ts';
import { PageClock } from './page-clock.browser.ts';
import type { Driver, DriverSink } from './port.ts';
import { columnsOf, LineReader, type LineReading, LineSplitter, shapeOf } from './serial-lines.ts';

/** The part of a Web Serial port (WICG Serial) that is used. */
export interface CablePort extends EventTarget {
  readonly readable: ReadableStream<Uint8Array> | null;
  open(options: { baudRate: number; bufferSize: number }): Promise<void>;
  close(): Promise<void>;
  getInfo(): { readonly usbVendorId?: number; readonly usbProductId?: number };
}

interface Cables extends EventTarget {
  getPorts(): Promise<CablePort[]>;
  requestPort(): Promise<CablePort>;
}

/** Speeds that are tried, the usual one of boards first, then those of NMEA instruments. */
const SPEEDS = [115_200, 9_600, 4_800] as const;
/** A speed is tried so long: two lines of a sensor that speaks once a second. */
const TRY_MS = 3_000;
/** Rounds over all speeds before it is given up: a sensor that speaks every ten seconds is met by then. */
const ROUNDS = 4;
/** Several seconds of the fastest usual cable, should the page be busy. */
const BUFFER_BYTES = 64 * 1_024;
/** Shapes of line that one cable may have: more is text, not measurements. */
const MAX_SHAPES = 8;

function cables(): Cables | undefined {
  return (navigator as Navigator & { serial?: Cables }).serial;
}

/** This browser can be given a sensor on a cable. */
export function hasSerial(): boolean {
  return cables() !== undefined;
}

/**
 * Lets the person pick a cable in the browser's own list; straight from a tap.
 * @returns false when they picked none.
 */
export async function attachSerial(): Promise<boolean> {
  try {
    await cables()?.requestPort();
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return false;
    throw error;
  }
}

/** One driver for each cable that the person has picked, now or earlier, and that is plugged in. */
export async function serialDrivers(baudRate: number | null): Promise<Driver[]> {
  const ports = (await cables()?.getPorts()) ?? [];
  const seen = new Map<string, number>();
  return ports.map((port) => {
    const id = idOf(port);
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    const name = `usb-${id}${count > 1 ? `-${count}` : ''}`;
    return {
      name,
      device: `USB ${id}${count > 1 ? ` (${count})` : ''}`,
      replay: false,
      probe: async () => ({ state: 'available' as const }),
      run: (sink: DriverSink, signal: AbortSignal) => new CableRun(name, port, baudRate, sink, signal).run(),
    };
  });
}

/** Vendor and product as four hexadecimal digits each; ports that are no USB have none. */
function idOf(port: CablePort): string {
  const { usbVendorId, usbProductId } = port.getInfo();
  const hex = (value: number | undefined) => (value ?? 0).toString(16).padStart(4, '0');
  return usbVendorId === undefined ? 'serial' : `${hex(usbVendorId)}:${hex(usbProductId)}`;
}

class CableRun {
  readonly #name: string;
  #port: CablePort;
  readonly #baudRate: number | null;
  readonly #sink: DriverSink;
  readonly #signal: AbortSignal;
  readonly #clock = new PageClock();
  readonly #streams = new Map<string, { readonly stream: number; readonly batcher: Batcher }>();
  readonly #reader = new LineReader();
  /** The speed at which lines came that could be read. */
  #knownBaudRate: number | undefined;

  constructor(name: string, port: CablePort, baudRate: number | null, sink: DriverSink, signal: AbortSignal) {
    this.#name = name;
    this.#port = port;
    this.#baudRate = baudRate;
    this.#sink = sink;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const frozen = () => this.#gap('frozen', '');
    document.addEventListener('freeze', frozen);
    try {
      while (!this.#signal.aborted) {
        const back = this.#comesBack(); // before it is gone, so that nothing is missed
        try {
          await this.#listen();
        } catch (error) {
          back.stop();
          throw error;
        }
        if (this.#signal.aborted) break; // which has stopped `back` as well
        this.#gap('sensor', 'the cable was pulled out');
        await back.promise;
      }
    } finally {
      document.removeEventListener('freeze', frozen);
      for (const { batcher } of this.#streams.values()) batcher.flush();
    }
  }

  /** Reads until the cable is gone or recording stops. @throws WaystationError `unavailable`. */
  async #listen(): Promise<void> {
    if (this.#baudRate !== null || this.#knownBaudRate !== undefined) {
      const baudRate = this.#baudRate ?? this.#knownBaudRate ?? SPEEDS[0];
      await this.#listenAt(baudRate, null);
      return;
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const baudRate of SPEEDS) {
        const isOver = await this.#listenAt(baudRate, TRY_MS);
        if (isOver || this.#signal.aborted) return;
      }
    }
    const reasons = [...this.#reader.dropped].map(([reason, count]) => `${reason} ${count}`).join(', ');
    throw new WaystationError(
      'unavailable',
      `${this.#name}: nothing that can be read came over the cable (${reasons || 'no line at all'}): choose its speed, or see which text it sends`,
    );
  }

  /**
   * Reads at one speed; `tryMs` gives it up when no reading has come by then.
   * @returns false when it was given up.
   */
  async #listenAt(baudRate: number, tryMs: number | null): Promise<boolean> {
    const port = this.#port;
    try {
      await port.open({ baudRate, bufferSize: BUFFER_BYTES });
    } catch (cause) {
      const what = `${this.#name}: the cable could not be opened (${errorMessage(cause)}): close the program that uses it, or plug it in again`;
      throw new WaystationError('unavailable', what, { cause });
    }
    const splitter = new LineSplitter();
    let isUnderstood = false;
    let isGivenUp = false;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const cancel = () => void reader?.cancel().catch(() => undefined);
    const giveUp = () => {
      if (isUnderstood) return;
      isGivenUp = true;
      cancel();
    };
    const timer = tryMs === null ? undefined : setTimeout(giveUp, tryMs);
    this.#signal.addEventListener('abort', cancel);
    try {
      // After a framing error the port has a new stream; without one it is gone.
      while (port.readable !== null && !isGivenUp && !this.#signal.aborted) {
        reader = port.readable.getReader();
        try {
          for (;;) {
            const { value, done } = await reader.read();
            if (done) break;
            for (const line of splitter.take(value)) {
              if (this.#take(line)) {
                isUnderstood = true;
                this.#knownBaudRate = baudRate;
              }
            }
          }
          if (!isGivenUp && !this.#signal.aborted) break; // the device ended it
        } catch {
          // A framing error, or the end: the loop's condition tells which.
        } finally {
          reader.releaseLock();
        }
      }
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', cancel);
      await port.close().catch(() => undefined);
    }
    return !isGivenUp;
  }

  /** @returns whether the line was understood. */
  #take(line: Uint8Array | null): boolean {
    const atMs = this.#clock.epochMs(performance.now());
    const result = this.#reader.read(line, atMs);
    if ('dropped' in result) return false;
    if ('header' in result) return true;
    const shape = shapeOf(result);
    let stream = this.#streams.get(shape);
    if (stream === undefined) {
      if (this.#streams.size >= MAX_SHAPES) return false;
      stream = this.#addStream(result);
      this.#streams.set(shape, stream);
    }
    stream.batcher.add(
      atMs,
      result.values.map(({ value }) => value),
    );
    return true;
  }

  #addStream(reading: LineReading): { stream: number; batcher: Batcher } {
    const columns = columnsOf(reading);
    const number = this.#streams.size + 1;
    const descriptor: StreamDescriptor = {
      name: number === 1 ? this.#name : `${this.#name} ${number}`,
      columns,
      askedRateHz: null,
      tickNs: 1_000,
      driver: `serial ${reading.format}`,
      device: this.#name,
      replay: false,
    };
    const stream = this.#sink.addStream(descriptor);
    return { stream, batcher: new Batcher(columns.length, (batch) => this.#sink.batch(stream, batch)) };
  }

  #gap(cause: 'sensor' | 'frozen', detail: string): void {
    for (const { stream, batcher } of this.#streams.values()) {
      batcher.flush();
      this.#sink.gap(stream, Date.now(), cause, detail);
    }
  }

  /** Resolves when the same device is plugged in again, or recording stops. */
  #comesBack(): { readonly promise: Promise<void>; stop(): void } {
    const id = idOf(this.#port);
    const all = cables();
    let stop = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      const connected = (event: Event) => {
        const port = event.target as CablePort;
        if (typeof port.getInfo !== 'function' || idOf(port) !== id) return;
        this.#port = port;
        stop();
      };
      stop = () => {
        all?.removeEventListener('connect', connected);
        this.#signal.removeEventListener('abort', stop);
        resolve();
      };
      all?.addEventListener('connect', connected);
      this.#signal.addEventListener('abort', stop, { once: true });
    });
    return { promise, stop };
  }
}
