/**
 * What the person chose to record of what this device has. It names what is switched off, so that a sensor that appears later (an
 * update of the browser, a cable) is recorded without anybody having to find its switch. Remembered by the node.
 */
import * as v from 'valibot';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import type { Store } from '../store/port.ts';

export interface CameraChoice {
  /** A picture so often, ms. */
  readonly everyMs: number;
  /** The browser's id of the camera; empty for whichever looks away from the screen. */
  readonly device: string;
}

export interface SensorChoice {
  /** Names of the drivers that are switched off. */
  readonly off: readonly string[];
  readonly camera: CameraChoice;
  /** Symbols a second on a USB cable; null tries the usual ones until lines come that can be read. */
  readonly baudRate: number | null;
}

/** Pictures are asked for: they need a permission, and most of the room. */
export const DEFAULT_CHOICE: SensorChoice = {
  off: ['camera'],
  camera: { everyMs: 5_000, device: '' },
  baudRate: null,
};

const KEY = 'sensors';
/** More names than a station may have streams (64), each of at most a driver's name. */
const MAX_OFF = 128;
const MAX_NAME_CHARS = 200;
/** Browsers' ids of cameras are 64 hexadecimal digits; others are longer, none as long as this. */
const MAX_DEVICE_CHARS = 500;
/** Once a second is as often as the camera driver manages on a slow phone; once a day is as rarely as anybody has asked. */
const MIN_EVERY_MS = 1_000;
const MAX_EVERY_MS = 86_400_000;
const MAX_BYTES = 64 * 1_024;
const MAX_BAUD = 4_000_000;

const schema = v.strictTuple([
  v.literal(1),
  v.pipe(v.array(v.pipe(v.string(), v.maxLength(MAX_NAME_CHARS))), v.maxLength(MAX_OFF)),
  v.pipe(v.number(), v.safeInteger(), v.minValue(MIN_EVERY_MS), v.maxValue(MAX_EVERY_MS)),
  v.pipe(v.string(), v.maxLength(MAX_DEVICE_CHARS)),
  v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_BAUD))),
]);

/** The choice that was remembered last; the default when there is none, or none that can be read. */
export async function rememberedChoice(store: Store): Promise<SensorChoice> {
  const bytes = await store.state.get(KEY);
  if (bytes === undefined) return DEFAULT_CHOICE;
  try {
    const [, off, everyMs, device, baudRate] = v.parse(schema, decodeCbor(bytes, MAX_BYTES));
    return { off, camera: { everyMs, device }, baudRate };
  } catch {
    return DEFAULT_CHOICE;
  }
}

/** @throws what the store throws; the choice holds all the same until the page is closed. */
export async function rememberChoice(store: Store, choice: SensorChoice): Promise<void> {
  const { off, camera, baudRate } = choice;
  const known = [...new Set(off)].slice(-MAX_OFF);
  const bytes = encodeCbor([1, known, camera.everyMs, camera.device, baudRate]);
  await store.state.put(KEY, bytes, 'relaxed');
}
