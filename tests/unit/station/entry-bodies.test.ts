/** Bodies of entries always fit an entry, and can be read by whoever gets them. */
import { expect, test } from 'vitest';
import { encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { stationIdFrom } from '../../../src/core/ids.ts';
import { MAX_ENTRY_BYTES } from '../../../src/feed/entry.ts';
import { MAX_TEXT_CHARS } from '../../../src/hour/limits.ts';
import {
  decodeHourBody,
  decodePicture,
  decodeProfile,
  encodePicture,
  encodeProfile,
  type HourBody,
  MAX_NAME_CHARS,
} from '../../../src/station/entry-bodies.ts';
import { encodeHourBody } from '../../../src/station/hour-body-writing.ts';

const STATION = stationIdFrom(new Uint8Array(16).fill(7));

function hour(streams: number, columns: number, gaps: number, text: string): HourBody {
  return {
    station: STATION,
    stationName: 'Ridge',
    startMs: 0,
    lengthMs: 3_600_000,
    openId: new Uint8Array(16),
    streams: Array.from({ length: streams }, () => ({
      name: text,
      driver: text,
      device: text,
      replay: false,
      rows: 180_000,
      firstMs: 0,
      lastMs: 3_599_980,
      achievedRateHz: 179_999 / 3_599.98,
      width: columns,
      columns: Array.from({ length: columns }, (_, i) => ({
        name: text,
        unit: ['m/s2', 'furlong', ''][i % 3] ?? '',
        step: i % 2 === 0 ? { numerator: 9.80665, denominator: 16_384 } : null,
        count: 180_000 - i,
        min: -0.1,
        max: 0.1,
        mean: 0.1,
      })),
      bands: new Uint8Array(columns * (columns <= 16 ? 8 : 2)).fill(0x2d),
    })),
    gaps: Array.from({ length: gaps }, () => ({
      stream: 0,
      fromMs: 1_000,
      toMs: 2_000,
      cause: 'sensor' as const,
      detail: 'é'.repeat(160),
    })),
  };
}

test('an ordinary hour’s summary is told whole', () => {
  const body = hour(8, 9, 20, 'accelerometer');
  expect(decodeHourBody(encodeHourBody(body))).toEqual(body);
});

test.each([
  ['the most streams and columns', hour(64, 64, 64, 'x')],
  ['the longest texts', hour(64, 1, 0, 'é'.repeat(MAX_TEXT_CHARS))],
])('%s still fit an entry: the summary is cut, the slot is not', (_, body) => {
  const bytes = encodeHourBody(body);
  expect(bytes.length).toBeLessThan(MAX_ENTRY_BYTES - 1_024);
  const { station, openId, startMs, lengthMs } = body;
  expect(decodeHourBody(bytes)).toMatchObject({ station, openId, startMs, lengthMs });
});

test.each<[string, Partial<HourBody>]>([
  ['begins', { startMs: 8.64e15 + 1 }],
  ['begins long ago', { startMs: -8.64e15 - 1 }],
  ['ends', { startMs: 8.64e15 }],
  ['ends before it begins', { lengthMs: -1 }],
  ['has no length', { lengthMs: 0 }],
  ['has a gap', { gaps: [{ stream: 0, fromMs: 0, toMs: 9e15, cause: 'sensor', detail: '' }] }],
  [
    'has a first reading',
    { streams: [{ ...(hour(1, 0, 0, 'x').streams[0] as HourBody['streams'][0]), firstMs: 9e15 }] },
  ],
])('an hour that %s when no date can tell is refused: whoever shows it would be stopped', (_, change) => {
  const bytes = encodeHourBody({ ...hour(1, 1, 0, 'x'), ...change });
  expect(() => decodeHourBody(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('a picture at a time that no date can tell is refused', () => {
  const picture = { station: STATION, atMs: 9e15, mediaType: 'image/jpeg', replay: false };
  expect(() => decodePicture(encodePicture(picture))).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('a name that others could not read is refused before it is written', () => {
  const named = (name: string) => ({ name, station: STATION, spaceName: null });
  const longest = named('n'.repeat(MAX_NAME_CHARS));
  expect(decodeProfile(encodeProfile(longest))).toEqual(longest);
  try {
    encodeProfile(named('n'.repeat(MAX_NAME_CHARS + 1)));
    expect.unreachable();
  } catch (error) {
    expect(isWaystationError(error, 'limit')).toBe(true);
  }
});

test('a profile says that it is a relay’s; one that says nothing is as short as before, and one of another kind is read', () => {
  const profile = { name: 'Relay attic', station: null, spaceName: null };
  expect(decodeProfile(encodeProfile({ ...profile, isRelay: true }))).toEqual({ ...profile, isRelay: true });
  expect(decodeProfile(encodeProfile(profile))).toEqual(profile);
  expect(encodeProfile(profile)).toEqual(encodeCbor([1, 'Relay attic', null, null]));
  expect(decodeProfile(encodeCbor([1, 'Drone', null, null, 7]))).toEqual({ ...profile, name: 'Drone' });
  const overlong = encodeCbor([1, 'Drone', null, null, 1, 1]);
  expect(() => decodeProfile(overlong)).toThrow(expect.objectContaining({ code: 'malformed' }));
});
