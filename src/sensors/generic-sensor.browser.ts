/**
 * Accelerometer, gyroscope and magnetometer through the Generic Sensor API (W3C). Chromium rounds what it tells a page (0.1 m/s²,
 * 0.1 °/s, 0.01 µT); the rate asked for is kept beside the one achieved.
 */
import { WaystationError } from '../core/errors.ts';
import type { ColumnDescriptor, StreamDescriptor } from '../hour/types.ts';
import { Batcher } from './batcher.ts';
import { PageClock } from './page-clock.browser.ts';
import { watchInterruptions } from './page-interruptions.browser.ts';
import type { Driver } from './port.ts';

/** The part of the API that TypeScript's DOM library does not have. */
interface Sensor extends EventTarget {
  readonly x: number | null;
  readonly y: number | null;
  readonly z: number | null;
  /** DOMHighResTimeStamp of the reading. */
  readonly timestamp: number | null;
  start(): void;
  stop(): void;
}
type SensorClass = new (options: { frequency: number }) => Sensor;

interface Kind {
  readonly name: string;
  readonly className: string;
  readonly permission: string;
  readonly unit: string;
  readonly rateHz: number;
}

const KINDS: readonly Kind[] = [
  {
    name: 'accelerometer',
    className: 'Accelerometer',
    permission: 'accelerometer',
    unit: 'm/s2',
    rateHz: 60,
  },
  { name: 'gyroscope', className: 'Gyroscope', permission: 'gyroscope', unit: 'rad/s', rateHz: 60 },
  { name: 'magnetometer', className: 'Magnetometer', permission: 'magnetometer', unit: 'uT', rateHz: 10 },
];

function classOf(kind: Kind): SensorClass | undefined {
  return (globalThis as unknown as Record<string, SensorClass | undefined>)[kind.className];
}

function descriptorOf({ name, unit, rateHz }: Kind): StreamDescriptor {
  const column = (axis: string): ColumnDescriptor => ({ name: axis, unit, step: null });
  return {
    name,
    columns: ['x', 'y', 'z'].map(column),
    askedRateHz: rateHz,
    tickNs: 1_000,
    driver: 'generic-sensor',
    device: '',
    replay: false,
  };
}

const TROUBLE: Readonly<Record<string, string>> = {
  NotAllowedError:
    'not allowed: permit motion sensors for this page in the browser’s site settings, then record again',
  NotReadableError: 'this device does not have it, or another program holds it',
  SecurityError: 'the page may not use it: open it over HTTPS or from localhost',
};

/** One driver for each of these sensors that the browser knows. */
export function genericSensorDrivers(): Driver[] {
  return KINDS.filter((kind) => classOf(kind) !== undefined).map(
    (kind): Driver => ({
      name: kind.name,
      replay: false,
      probe: async () => {
        const name = kind.permission as PermissionName;
        const state = await navigator.permissions.query({ name }).then(
          (status) => status.state,
          () => 'prompt',
        );
        if (state === 'denied') return { state: 'refused', reason: TROUBLE['NotAllowedError'] ?? '' };
        return state === 'granted'
          ? { state: 'available' }
          : { state: 'needs-permission', ask: `to record the ${kind.name}` };
      },
      run: (sink, signal) => runSensor(kind, sink, signal),
    }),
  );
}

function runSensor(kind: Kind, sink: Parameters<Driver['run']>[0], signal: AbortSignal): Promise<void> {
  const Class = classOf(kind);
  if (Class === undefined) {
    return Promise.reject(new WaystationError('unavailable', `this browser has no ${kind.name}`));
  }
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    let stream: number | undefined;
    let sensor: Sensor;
    try {
      sensor = new Class({ frequency: kind.rateHz });
    } catch (error) {
      return reject(troubleWith(kind, error));
    }
    const clock = new PageClock();
    const batcher = new Batcher(3, (batch) => {
      stream ??= sink.addStream(descriptorOf(kind));
      sink.batch(stream, batch);
    });
    const unwatch = watchInterruptions((fromMs, cause) => {
      batcher.flush();
      if (stream !== undefined) sink.gap(stream, fromMs, cause);
    });
    const end = () => {
      unwatch();
      sensor.stop();
      batcher.flush();
      signal.removeEventListener('abort', stop);
    };
    const stop = () => {
      end();
      resolve();
    };
    sensor.addEventListener('reading', () => {
      const { x, y, z, timestamp } = sensor;
      const values = [x, y, z].map((value) => value ?? Number.NaN);
      batcher.add(clock.epochMs(timestamp ?? performance.now()), values);
    });
    sensor.addEventListener('error', (event) => {
      end();
      const { error } = event as Event & { error: unknown };
      if (stream !== undefined) sink.gap(stream, Date.now(), 'sensor');
      reject(troubleWith(kind, error));
    });
    signal.addEventListener('abort', stop, { once: true });
    sensor.start();
  });
}

function troubleWith(kind: Kind, error: unknown): WaystationError {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const why = TROUBLE[name] ?? (error instanceof Error ? error.message : 'it did not start');
  return new WaystationError('unavailable', `${kind.name}: ${why}`, { cause: error });
}
