/**
 * The C library of examples/esp32 and the project's own reader over files that are damaged, forged under right checksums, or no files at all, the
 * library under AddressSanitizer and UndefinedBehaviorSanitizer: neither may do anything but read or refuse, and what one takes the
 * other takes with the same values. WAYSTATION_SEED begins elsewhere; WAYSTATION_FUZZ_SECONDS (default 4) makes longer runs.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, concatBytes, fromHex, toHex } from '../../src/core/bytes.ts';
import { encodeCbor } from '../../src/core/cbor.ts';
import { crc32 } from '../../src/core/crc32.ts';
import { isWaystationError } from '../../src/core/errors.ts';
import { decodeFastBlock } from '../../src/hour/coding/fast/block.ts';
import { decodeHour, encodeHour, PREAMBLE_BYTES, readHourHeader } from '../../src/hour/container.ts';
import { type BlockIndex, headerToWire } from '../../src/hour/header.ts';
import { deflateHeader, inflateHeader } from '../../src/hour/header-dictionary.ts';
import type { HourContent, HourStream } from '../../src/hour/types.ts';
import { mutate } from '../fuzz/mutate.ts';
import { SeededRandom } from '../sim/random.ts';
import { anyHour, bits } from '../unit/hour/hour-samples.ts';
import { craftedBlock } from './crafted-block.ts';
import { blockCase, buildHarness, readCase, runCases, type Status, streamsOf, workFolder } from './native.ts';

const SEED = Number(process.env['WAYSTATION_SEED'] ?? 1);
const SECONDS = Number(process.env['WAYSTATION_FUZZ_SECONDS'] ?? 4);
/** Files to one process. */
const BATCH = 250;
const CORPUS = fileURLToPath(new URL('../fuzz/corpus', import.meta.url));

const folder = workFolder();
let harness = '';
beforeAll(() => {
  harness = buildHarness(folder.path);
});
afterAll(folder.remove);

function inFastProfile(content: HourContent): HourContent {
  const streams = content.streams.map(
    (stream): HourStream => ({ ...stream, descriptor: { ...stream.descriptor, profile: 'fast' } }),
  );
  return { ...content, streams };
}

/** Whole files: the vectors, and hours of every kind of column. */
function wholeFiles(): Bytes[] {
  const { vectors } = JSON.parse(
    readFileSync(new URL('../vectors/hour-fast.json', import.meta.url), 'utf8'),
  ) as { vectors: { hex: string }[] };
  const hours = fc.sample(anyHour, { numRuns: 60, seed: SEED }).map(inFastProfile);
  return [...vectors.map(({ hex }) => fromHex(hex)), ...hours.map(encodeHour)];
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A file of a header's CBOR and blocks, its sizes and checksum as they must be. */
function assembled(cbor: Uint8Array, blocks: Uint8Array): Bytes {
  const stored = deflateHeader(cbor);
  return concatBytes(
    Uint8Array.of(0x57, 0x53, 0x48, 0x52, 2),
    uint32(cbor.length),
    uint32(stored.length),
    stored,
    uint32(crc32(stored)),
    blocks,
  );
}

/** The file with its header's CBOR damaged, and right sizes and checksums around it. */
function withForgedHeader(random: SeededRandom, file: Bytes): Bytes {
  const { dataAt } = readHourHeader(file);
  const size = new DataView(file.buffer, file.byteOffset).getUint32(5);
  const cbor = inflateHeader(file.subarray(PREAMBLE_BYTES, dataAt - 4), size);
  return assembled(mutate(random, cbor), file.subarray(dataAt));
}

/** The file with blocks damaged, or their grids and rows changed, and an index that has their sizes and checksums. */
function withForgedBlocks(random: SeededRandom, file: Bytes): Bytes {
  const header = readHourHeader(file);
  const parts: Bytes[] = [];
  const forge = (block: BlockIndex): BlockIndex => {
    const from = header.dataAt + block.offset;
    const part = file.slice(from, from + block.length);
    const forged = random.chance(0.8) ? mutate(random, part) : part;
    parts.push(forged);
    const columns = random.chance(0.8)
      ? block.columns
      : block.columns.map((column) => ({
          ...column,
          step: random.pick([
            column.step,
            null,
            { numerator: 1, denominator: 1 },
            { numerator: 5e-324, denominator: 3 },
          ]),
        }));
    const rows = random.chance(0.9) ? block.rows : random.integer(block.rows, 16_385);
    return { ...block, rows, columns, length: forged.length, crc: crc32(forged) };
  };
  const streams = header.streams.map((stream) => ({ ...stream, blocks: stream.blocks.map(forge) }));
  return assembled(encodeCbor(headerToWire({ ...header, streams })), concatBytes(...parts));
}

const GRIDS = [
  null,
  { numerator: 1, denominator: 1 },
  { numerator: 1, denominator: 10 },
  { numerator: 9.80665, denominator: 16_384 },
  { numerator: 5e-324, denominator: 3 },
] as const;

/** Blocks of whole files, damaged, and crafted ones; nobody looks what an index says of them. */
function compareBlocks(seed: number, files: readonly Bytes[]): { read: number; refused: number } {
  const cases = Array.from({ length: BATCH }, (_, i) => {
    const random = new SeededRandom(seed + i);
    if (random.chance(0.6)) {
      const rows = random.pick([1, 2, 3, 9, 63, 64, 65, 130]);
      const grids = Array.from({ length: random.integer(0, 3) }, () => random.pick(GRIDS));
      return [{ part: craftedBlock(random, rows, grids.length), rows, grids }];
    }
    const file = random.pick(files);
    const header = readHourHeader(file);
    const { blocks } = random.pick(header.streams);
    if (blocks.length === 0) return [];
    const { offset, length, rows, columns } = random.pick(blocks);
    const part = file.slice(header.dataAt + offset, header.dataAt + offset + length);
    return [
      {
        part: random.chance(0.9) ? mutate(random, part) : random.bytes(random.integer(1, 60)),
        rows: random.chance(0.9) ? rows : random.integer(1, 300),
        grids: columns.slice(0, 8).map(({ step }) => (random.chance(0.9) ? step : random.pick(GRIDS))),
      },
    ];
  }).flat();
  let read = 0;
  const answers = runCases(
    harness,
    cases.map(({ part, rows, grids }) => blockCase(part, rows, grids)),
  );
  cases.forEach(({ part, rows, grids }, i) => {
    const { status, lines } = answers[i] as (typeof answers)[number];
    const what = () => `${rows} rows of ${JSON.stringify(grids)}: ${toHex(part).slice(0, 4000)}`;
    let here: ReturnType<typeof decodeFastBlock> | null = null;
    try {
      here = decodeFastBlock(part, rows, grids, grids.length);
    } catch (error) {
      if (!isWaystationError(error)) throw error;
    }
    expect(status === 'ok', what()).toBe(here !== null);
    if (here === null) return;
    read++;
    const there = streamsOf(lines).get(0);
    expect(there?.offsetsNs, what()).toEqual([...here.ticks]);
    expect(
      there?.columns.map((column) => bits(Float64Array.from(column))),
      what(),
    ).toEqual(here.columns.map(bits));
  });
  return { read, refused: cases.length - read };
}

function hostileFile(random: SeededRandom, files: readonly Bytes[]): Bytes {
  const file = random.pick(files);
  switch (random.integer(0, 10)) {
    case 0:
      return random.bytes(random.integer(0, 300));
    case 1:
      return concatBytes(file.subarray(0, random.integer(0, 14)), random.bytes(random.integer(0, 200)));
    case 2:
      return mutate(random, file);
    case 3:
    case 4:
    case 5:
      return withForgedHeader(random, file);
    default:
      return withForgedBlocks(random, file);
  }
}

/** Damage that changes no value, such as a bit of a header's name, must not hide that both read it. */
interface Read {
  readonly status: 'ok' | 'refused';
  readonly streams: readonly { readonly times: readonly number[]; readonly columns: readonly bigint[][] }[];
}

function readHere(file: Bytes): Read {
  try {
    const streams = decodeHour(file).streams.map(({ rows }) => ({
      times: Array.from(rows.offsetsNs, (ns) => ns + 0),
      columns: rows.offsetsNs.length === 0 ? [] : rows.columns.map(bits),
    }));
    return { status: 'ok', streams };
  } catch (error) {
    if (!isWaystationError(error)) throw error;
    return { status: 'refused', streams: [] };
  }
}

function readThere({ status, lines }: { status: Status; lines: string[] }, streams: number): Read {
  if (status !== 'ok') return { status: 'refused', streams: [] };
  const read = streamsOf(lines);
  return {
    status: 'ok',
    streams: Array.from({ length: streams }, (_, s) => ({
      times: read.get(s)?.offsetsNs ?? [],
      columns: read.get(s)?.columns.map((column) => bits(Float64Array.from(column))) ?? [],
    })),
  };
}

/** Runs all, and when the process died finds the one that killed it. */
function runAll(files: readonly Bytes[]): { status: Status; lines: string[] }[] {
  try {
    return runCases(harness, files.map(readCase));
  } catch (error) {
    for (const file of files) {
      try {
        runCases(harness, [readCase(file)]);
      } catch (cause) {
        keep(file, 'killed');
        throw new Error(`the library ended badly at ${toHex(file).slice(0, 4000)}`, { cause });
      }
    }
    throw error;
  }
}

/** Puts a file that found something where later runs read it, when somebody looks for such files. */
function keep(file: Bytes, why: string): void {
  if (process.env['WAYSTATION_FUZZ_SECONDS'] === undefined) return;
  writeFileSync(join(CORPUS, `${why}-${crc32(file).toString(16)}.hour`), file);
}

/** @returns how many were read, and how many refused. */
function compare(files: readonly Bytes[]): { read: number; refused: number } {
  const answers = runAll(files);
  let read = 0;
  let refused = 0;
  files.forEach((file, i) => {
    const answer = answers[i] as (typeof answers)[number];
    // The library does not read the small profile.
    if (answer.status === 'small-profile') return;
    const here = readHere(file);
    const there = readThere(answer, here.streams.length);
    try {
      expect(there).toEqual(here);
    } catch (cause) {
      keep(file, 'differs');
      throw new Error(`${answer.status} there, ${here.status} here: ${toHex(file).slice(0, 4000)}`, {
        cause,
      });
    }
    if (here.status === 'ok') read++;
    else refused++;
  });
  return { read, refused };
}

describe(`files of every kind (from seed ${SEED}, ${SECONDS} s)`, () => {
  it('are read alike when they are whole', () => {
    const files = wholeFiles();
    expect(compare(files)).toEqual({ read: files.length, refused: 0 });
  });

  it('are read or refused alike when they were cut off anywhere', () => {
    const file = wholeFiles()[3] as Bytes;
    const cut = Array.from({ length: file.length }, (_, length) => file.slice(0, length));
    expect(compare(cut)).toEqual({ read: 0, refused: file.length });
  });

  it.skipIf(!existsSync(CORPUS))('are read or refused alike when they once found something', () => {
    const names = readdirSync(CORPUS).filter((name) => name.endsWith('.hour'));
    compare(names.map((name) => Uint8Array.from(readFileSync(join(CORPUS, name)))));
  });

  it('have blocks that are read or refused alike, whatever their bits', {
    timeout: SECONDS * 1000 + 60_000,
  }, () => {
    const whole = wholeFiles().filter((file) => readHourHeader(file).streams.length > 0);
    const end = performance.now() + SECONDS * 500;
    let seed = SEED;
    let read = 0;
    let refused = 0;
    do {
      try {
        const found = compareBlocks(seed, whole);
        read += found.read;
        refused += found.refused;
      } catch (cause) {
        throw new Error(`WAYSTATION_SEED=${seed}: ${String(cause)}`, { cause });
      }
      seed += BATCH;
    } while (performance.now() < end);
    expect(read).toBeGreaterThan(BATCH / 10);
    expect(refused).toBeGreaterThan(BATCH / 10);
    if (process.env['WAYSTATION_FUZZ_SECONDS'] !== undefined)
      console.log(`${read} blocks read by both, ${refused} refused`);
  });

  it('are read or refused alike, and harm nobody, whatever is wrong with them', {
    timeout: SECONDS * 1000 + 60_000,
  }, () => {
    const whole = wholeFiles();
    const end = performance.now() + SECONDS * 500;
    let seed = SEED;
    let read = 0;
    let refused = 0;
    do {
      const files = Array.from({ length: BATCH }, (_, i) => hostileFile(new SeededRandom(seed + i), whole));
      try {
        const found = compare(files);
        read += found.read;
        refused += found.refused;
      } catch (cause) {
        throw new Error(`WAYSTATION_SEED=${seed}: ${String(cause)}`, { cause });
      }
      seed += BATCH;
    } while (performance.now() < end);
    expect(read).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(read);
    if (process.env['WAYSTATION_FUZZ_SECONDS'] !== undefined)
      console.log(`${seed - SEED} files, ${read} read by both, ${refused} refused by both`);
  });
});
