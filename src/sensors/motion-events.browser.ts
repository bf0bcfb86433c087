/** Acceleration and rotation from `devicemotion` events, for browsers without the Generic Sensor API (W3C Device Orientation). */
import { WaystationError } from '../core/errors.ts';
import type { StreamDescriptor } from '../hour/types.ts';
import { Batcher } from './batcher.ts';
import { PageClock } from './page-clock.browser.ts';
import { watchInterruptions } from './page-interruptions.browser.ts';
import type { Driver } from './port.ts';

/** Readings that never come are how a desktop without sensors answers. */
const FIRST_EVENT_MS = 3_000;
const RADIANS = Math.PI / 180;

const DESCRIPTOR: StreamDescriptor = {
  name: 'motion',
  columns: [
    { name: 'ax', unit: 'm/s2', step: null },
    { name: 'ay', unit: 'm/s2', step: null },
    { name: 'az', unit: 'm/s2', step: null },
    { name: 'gx', unit: 'rad/s', step: null },
    { name: 'gy', unit: 'rad/s', step: null },
    { name: 'gz', unit: 'rad/s', step: null },
  ],
  askedRateHz: null,
  tickNs: 1_000,
  driver: 'motion-events',
  device: '',
  replay: false,
};

interface AskingMotionEvent {
  requestPermission?: () => Promise<'granted' | 'denied'>;
}

function motionClass(): (typeof DeviceMotionEvent & AskingMotionEvent) | undefined {
  return (globalThis as { DeviceMotionEvent?: typeof DeviceMotionEvent & AskingMotionEvent })
    .DeviceMotionEvent;
}

export function motionEventsDriver(): Driver {
  /** What the person answered to the question that a tap brought up. */
  let asked: Promise<'granted' | 'denied'> | undefined;
  return {
    name: 'motion',
    replay: false,
    probe: async () => {
      const motion = motionClass();
      if (motion === undefined)
        return { state: 'unavailable', reason: 'this browser tells pages nothing of motion' };
      return motion.requestPermission === undefined
        ? { state: 'available' }
        : { state: 'needs-permission', ask: 'to record how this device moves' };
    },
    ask: async () => {
      const motion = motionClass();
      // Straight from the tap: Safari takes the question from nowhere else.
      asked = motion?.requestPermission?.().catch(() => 'denied');
      await asked;
    },
    run: async (sink, signal) => {
      const motion = motionClass();
      if (motion === undefined)
        throw new WaystationError('unavailable', 'motion: this browser tells pages nothing of it');
      // Safari refuses to ask, with this very error, when nobody has tapped anything yet.
      const denied = new DOMException('the person said no', 'NotAllowedError');
      const permission = await (asked ?? motion.requestPermission?.().catch(() => 'denied'));
      asked = undefined;
      if (permission === 'denied') {
        throw new WaystationError(
          'unavailable',
          'motion: not allowed: permit motion for this page in the browser’s settings, then record again',
          { cause: denied },
        );
      }
      await listen(sink, signal);
    },
  };
}

function listen(sink: Parameters<Driver['run']>[0], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    let stream: number | undefined;
    const clock = new PageClock();
    const batcher = new Batcher(DESCRIPTOR.columns.length, (batch) => {
      stream ??= sink.addStream(DESCRIPTOR);
      sink.batch(stream, batch);
    });
    const unwatch = watchInterruptions((fromMs, cause) => {
      batcher.flush();
      if (stream !== undefined) sink.gap(stream, fromMs, cause);
    });
    const onMotion = (event: DeviceMotionEvent) => {
      const { accelerationIncludingGravity: a, rotationRate: r } = event;
      if (a?.x == null && r?.alpha == null) return;
      clearTimeout(silence);
      const value = (part: number | null | undefined) => part ?? Number.NaN;
      batcher.add(clock.epochMs(event.timeStamp), [
        value(a?.x),
        value(a?.y),
        value(a?.z),
        // Around x, y and z, as w3c/deviceorientation says since #43 and all browsers do; some documentation says z, x, y.
        value(r?.alpha) * RADIANS,
        value(r?.beta) * RADIANS,
        value(r?.gamma) * RADIANS,
      ]);
    };
    const end = () => {
      clearTimeout(silence);
      unwatch();
      removeEventListener('devicemotion', onMotion);
      batcher.flush();
    };
    const silence = setTimeout(() => {
      end();
      reject(new WaystationError('unavailable', 'motion: this device has no motion sensor'));
    }, FIRST_EVENT_MS);
    addEventListener('devicemotion', onMotion);
    signal.addEventListener(
      'abort',
      () => {
        end();
        resolve();
      },
      { once: true },
    );
  });
}
