/** Runs this device's drivers in a page and keeps what they deliver, for sensors.test.ts. */
import type { GapCause, ReadingBatch, StreamDescriptor } from '../../src/hour/types.ts';
import { cameraDriver } from '../../src/sensors/camera.browser.ts';
import { genericSensorDrivers } from '../../src/sensors/generic-sensor.browser.ts';
import { motionEventsDriver } from '../../src/sensors/motion-events.browser.ts';
import type { Driver, DriverSink } from '../../src/sensors/port.ts';
import { attachSerial, serialDrivers } from '../../src/sensors/serial.browser.ts';

export interface Delivered {
  readonly descriptors: StreamDescriptor[];
  readonly batches: {
    readonly stream: number;
    readonly rows: { readonly atMs: number; readonly values: number[] }[];
  }[];
  readonly gaps: {
    readonly stream: number;
    readonly fromMs: number;
    readonly cause: GapCause;
    readonly detail: string;
  }[];
  readonly pictures: { readonly atMs: number; readonly mediaType: string; readonly bytes: number[] }[];
  /** How each driver ended: `ok`, or its error. */
  readonly ends: Record<string, string>;
}

const delivered: Delivered = { descriptors: [], batches: [], gaps: [], pictures: [], ends: {} };
const stopping = new AbortController();

function rowsOf({ baseMs, offsetsNs, columns }: ReadingBatch) {
  return [...offsetsNs].map((ns, i) => ({
    atMs: baseMs + ns / 1e6,
    values: columns.map((column) => column[i] as number),
  }));
}

const sink: DriverSink = {
  addStream: (descriptor) => delivered.descriptors.push(descriptor) - 1,
  batch: (stream, batch) => {
    delivered.batches.push({ stream, rows: rowsOf(batch) });
  },
  gap: (stream, fromMs, cause, detail = '') => {
    delivered.gaps.push({ stream, fromMs, cause, detail });
  },
  picture: (atMs, mediaType, bytes) => {
    delivered.pictures.push({ atMs, mediaType, bytes: [...bytes] });
  },
};

async function drivers(kind: string): Promise<Driver[]> {
  if (kind === 'generic') return genericSensorDrivers();
  if (kind === 'motion') return [motionEventsDriver()];
  if (kind === 'serial') return serialDrivers(null);
  return [cameraDriver(100)];
}

export interface SensorsPage {
  readonly delivered: Delivered;
  probe(kind: string): Promise<Record<string, string>>;
  run(kind: string): Promise<void>;
  stop(): void;
  attach(): Promise<boolean>;
}

const page: SensorsPage = {
  delivered,
  probe: async (kind) => {
    const states: Record<string, string> = {};
    for (const driver of await drivers(kind)) states[driver.name] = (await driver.probe()).state;
    return states;
  },
  run: async (kind) => {
    const running = (await drivers(kind)).map(async (driver) => {
      delivered.ends[driver.name] = await driver.run(sink, stopping.signal).then(
        () => 'ok',
        (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
      );
    });
    await Promise.all(running);
  },
  stop: () => stopping.abort(),
  attach: attachSerial,
};

(globalThis as unknown as { sensorsPage: SensorsPage }).sensorsPage = page;
