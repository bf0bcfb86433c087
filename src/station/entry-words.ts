/**
 * Words that entries say again and again, told by their number: units in UCUM style, names of quantities and sensors, drivers, causes of gaps.
 * Any other word is told as text. The list is part of the format (docs/PROTOCOL.md §10): words are added at its end, and never moved.
 */
import * as v from 'valibot';
import { MAX_TEXT_CHARS } from '../hour/limits.ts';

/** The first 24 take one byte, the others two. */
const WORDS: readonly string[] = [
  ...['Cel', 'hPa', 'm/s', 'm/s2', 'rad/s', 'uT', 'W/m2', 'mm', 'deg', 'Pa', 'lx'],
  ...[
    'temperature',
    'humidity',
    'pressure',
    'wind',
    'rain',
    'radiation',
    'accelerometer',
    'gyroscope',
    'magnetometer',
  ],
  ...['generic-sensor', 'serial', 'replay', 'motion-events'],
  ...['start', 'stop', 'hidden', 'frozen', 'permission', 'sensor', 'crash', 'clock', 'store', 'unknown'],
  ...[
    'linear-acceleration',
    'gravity',
    'orientation',
    'ambient-light',
    'altitude',
    'latitude',
    'longitude',
    'speed',
  ],
  ...['wind_speed', 'wind_direction', 'wind_gust', 'weather', 'air', 'voltage', 'battery', 'soil_moisture'],
];
const NUMBER_OF = new Map(WORDS.map((word, number) => [word, number]));

export const wordSchema = v.union([
  v.pipe(v.string(), v.maxLength(MAX_TEXT_CHARS)),
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(WORDS.length - 1)),
]);

/** Texts that were read and are kept once: a station says the same names in each of its thousands of hours. */
const known = new Map<string, string>();
const MAX_KNOWN = 4_096;

export function wordToWire(word: string): string | number {
  return NUMBER_OF.get(word) ?? word;
}

/** @param wire what {@link wordSchema} let through. */
export function wordFrom(wire: string | number): string {
  if (typeof wire === 'number') return WORDS[wire] ?? '';
  const same = known.get(wire);
  if (same !== undefined) return same;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(wire, wire);
  return wire;
}
