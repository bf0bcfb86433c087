/**
 * Blocks and hours in both profiles, of every kind of column, there and back, bit for bit, and the same blocks with their bits, rows and grids forged
 * under right checksums: a reader may refuse with an error of ours, and may do nothing else. WAYSTATION_SEED begins elsewhere;
 * WAYSTATION_FUZZ_SECONDS (default 3) makes longer runs.
 */
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/core/crc32.ts';
import { isWaystationError } from '../../src/core/errors.ts';
import { blockCodec } from '../../src/hour/coding/profiles.ts';
import { decodeHour, decodeHourBlock, encodeHour, readHourHeader } from '../../src/hour/container.ts';
import type { HourContent, Profile, Step } from '../../src/hour/types.ts';
import { SeededRandom } from '../sim/random.ts';
import { bits, descriptor, START_MS, STATION, spelled } from '../unit/hour/hour-samples.ts';
import { mutate } from './mutate.ts';

const SEED = Number(process.env['WAYSTATION_SEED'] ?? 1);
const SECONDS = Number(process.env['WAYSTATION_FUZZ_SECONDS'] ?? 3);
const MAX = Number.MAX_SAFE_INTEGER;
const EDGES = [0, -0, 1, -1, 0.1, 5e-324, -5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, MAX, -MAX];
const MORE_EDGES = [2 ** 53, 2 ** 52 + 0.5, 1e22, 1e-15, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const word = new DataView(new ArrayBuffer(8));

type Maker = (random: SeededRandom, rows: number) => (row: number) => number;

/** What columns may be made of. */
const MAKERS: readonly Maker[] = [
  (random) => {
    const value = random.pick([...EDGES, ...MORE_EDGES, 21.5, Number.NaN]);
    return () => value;
  },
  (random) => () => random.pick([...EDGES, ...MORE_EDGES, Number.NaN]),
  (random) => () => {
    word.setUint32(0, random.integer(0, 2 ** 32));
    word.setUint32(4, random.integer(0, 2 ** 32));
    return word.getFloat64(0);
  },
  // A walk on a grid, decimal, binary, declared or none at all, with or without an offset.
  (random) => {
    const step = random.pick([1, 0.1, 0.001, 1 / 16, 1 / 1024, 9.80665 / 16_384, Math.PI / 1800, 0.153]);
    const offset = random.pick([0, 0, 0.447, 1e6]);
    const pace = random.pick([2, 20, 3000, 1e6]);
    let k = random.integer(-1000, 1000);
    return () => {
      k += random.integer(-pace, pace + 1);
      return k * step + offset;
    };
  },
  (random) => {
    const digits = random.integer(0, 8);
    let value = random.integer(-100, 100);
    return () => {
      value += random.integer(-500, 500) / 1000;
      return Number(value.toFixed(digits));
    };
  },
  // float32, as it is and as text.
  (random) => {
    const isText = random.chance(0.5);
    const scale = random.pick([1, 9.81, 1e-9, 1e9]);
    return () => {
      const float = Math.fround((random.integer(-1_000_000, 1_000_000) / 123_457) * scale);
      return isText ? Number(float.toPrecision(7)) : float;
    };
  },
  // Ramps that end at the edge of exact numbers, up and down.
  (random, rows) => {
    const slope = random.pick([1, 3, Math.floor((MAX + random.integer(0, 2 ** 30)) / Math.max(1, rows - 1))]);
    const isDown = random.chance(0.5);
    return (row) => {
      const value = Math.max(-MAX, MAX - (rows - 1 - row) * slope - random.integer(0, 9));
      return isDown ? MAX - value : value;
    };
  },
  (random) => {
    const wrap = random.pick([256, 65_536, 360]);
    let value = 0;
    return () => {
      value = (value + random.integer(1, 40)) % wrap;
      return value;
    };
  },
  // Raw steps under a finer rounding.
  (random) => {
    const period = random.integer(30, 400) / 10;
    let j = 0;
    return () => {
      j += random.integer(-4, 5);
      return Math.round(j * period) / 65_536;
    };
  },
  (random) => {
    const levels = Array.from({ length: random.integer(1, 30) }, () => random.integer(0, 2 ** 31) / 7);
    return () => random.pick(levels);
  },
];

function columnOf(random: SeededRandom, rows: number): Float64Array {
  const make = random.pick(MAKERS)(random, rows);
  const column = Float64Array.from({ length: rows }, (_, row) => make(row));
  if (random.chance(0.3)) {
    const share = random.pick([0.001, 0.2, 0.9]);
    for (let row = 0; row < rows; row++) if (random.chance(share)) column[row] = Number.NaN;
  }
  if (random.chance(0.3)) {
    const odd = random.pick([...EDGES, ...MORE_EDGES, 0.1 + 0.2, -1e300]);
    for (let times = random.integer(1, 4); times > 0; times--) column[random.integer(0, rows)] = odd;
  }
  return column;
}

function ticksOf(random: SeededRandom, rows: number): Float64Array {
  const make = random.pick([
    () => (row: number) => row * 20,
    () => (row: number) => row * 16.6 * 1000 + random.integer(0, 900),
    () => () => random.integer(-100, 3_600_000),
    () => MAKERS[6]?.(random, rows) as (row: number) => number,
    () => () => random.pick([MAX, -MAX, 0, 1]),
  ])();
  return Float64Array.from({ length: rows }, (_, row) => Math.min(MAX, Math.round(make(row))) + 0);
}

function rowsOf(random: SeededRandom): number {
  const most = random.pick([3, 40, 40, 300, 300, 700, 2000]);
  return random.chance(0.003) ? random.pick([16_384, 9000]) : random.integer(1, most + 1);
}

const PROFILES = ['small', 'fast'] as const satisfies readonly Profile[];

const DECLARED: readonly (Step | null)[] = [
  null,
  null,
  { numerator: 1, denominator: 10 },
  { numerator: 9.80665, denominator: 16_384 },
  { numerator: 5e-324, denominator: 1e308 },
];

/** Runs `once` with a new seed each until the time is up. @returns how often. */
function forSeconds(seconds: number, once: (random: SeededRandom) => void): number {
  const end = performance.now() + seconds * 1000;
  let times = 0;
  for (let seed = SEED; times === 0 || performance.now() < end; seed++, times++) {
    try {
      once(new SeededRandom(seed));
    } catch (cause) {
      throw new Error(`WAYSTATION_SEED=${seed}: ${String(cause)}`, { cause });
    }
  }
  return times;
}

describe(`blocks and hours (from seed ${SEED}, ${SECONDS} s)`, () => {
  it('come back bit for bit, and forged ones are read or refused', {
    timeout: SECONDS * 1000 + 20_000,
  }, () => {
    const times = forSeconds(SECONDS * 0.8, (random) => {
      const rows = rowsOf(random);
      const ticks = ticksOf(random, rows);
      const columns = Array.from({ length: random.integer(0, 5) }, () => columnOf(random, rows));
      const declared = columns.map(() => random.pick(DECLARED));
      const codec = blockCodec(random.pick(PROFILES));
      const { bytes, steps } = codec.encode(ticks, columns, declared);
      const back = codec.decode(bytes, rows, steps, columns.length);
      expect(bits(back.ticks)).toEqual(bits(ticks));
      expect(back.columns.map(bits)).toEqual(columns.map(bits));
      for (let forged = 0; forged < 3; forged++) {
        const claimed = random.chance(0.5) ? rows : random.integer(1, 3000);
        const grids = steps.map((step) => (random.chance(0.8) ? step : random.pick(DECLARED)));
        try {
          codec.decode(mutate(random, bytes), claimed, grids, grids.length);
        } catch (error) {
          if (!isWaystationError(error)) throw error;
        }
      }
    });
    expect(times).toBeGreaterThan(0);
    if (process.env['WAYSTATION_FUZZ_SECONDS'] !== undefined) console.log(`${times} blocks`);
  });

  it('come back as files, whose blocks may be forged under right checksums', {
    timeout: SECONDS * 1000 + 20_000,
  }, () => {
    const times = forSeconds(SECONDS * 0.2, (random) => {
      const rows = random.integer(1, 120);
      const columns = Array.from({ length: random.integer(1, 4) }, () => columnOf(random, rows));
      const names = columns.map((_, i) => `c${i}`);
      const content: HourContent = {
        station: STATION,
        stationName: 'Ridge',
        startMs: START_MS,
        lengthMs: 3_600_000,
        streams: [
          {
            descriptor: descriptor('s', names, {
              tickNs: random.pick([1, 1_000_000]),
              ...(random.chance(0.5) ? { profile: 'fast' } : {}),
            }),
            rows: { baseMs: START_MS, offsetsNs: ticksOf(random, rows), columns },
          },
        ],
        gaps: [],
      };
      const bytes = encodeHour(content);
      expect(spelled(decodeHour(bytes))).toEqual(spelled(content));
      const header = readHourHeader(bytes);
      const block = header.streams[0]?.blocks[0];
      if (block === undefined) throw new Error('no block');
      const part = bytes.subarray(header.dataAt, header.dataAt + block.length);
      const forged = mutate(random, part);
      try {
        decodeHourBlock(forged, { ...block, length: forged.length, crc: crc32(forged) });
      } catch (error) {
        if (!isWaystationError(error)) throw error;
      }
    });
    expect(times).toBeGreaterThan(0);
    if (process.env['WAYSTATION_FUZZ_SECONDS'] !== undefined) console.log(`${times} files`);
  });
});
