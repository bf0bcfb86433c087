/** Builds the C library of examples/esp32 with the harness beside this file, and speaks with it: many cases to one process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bytes, concatBytes, fromHex, toUtf8 } from '../../src/core/bytes.ts';
import type { StationId } from '../../src/core/ids.ts';
import type { Gap, Step, StreamDescriptor } from '../../src/hour/types.ts';

export const LIBRARY = fileURLToPath(new URL('../../examples/esp32', import.meta.url));
const HARNESS = fileURLToPath(new URL('harness.c', import.meta.url));

/** What the library's `wh_status` says. */
export const STATUS = [
  'ok',
  'end',
  'malformed',
  'limit',
  'corrupt',
  'small-profile',
  'room',
  'usage',
] as const;
export type Status = (typeof STATUS)[number];

/** The library's sources, without the program that shows it. */
export function sources(): string[] {
  return readdirSync(LIBRARY)
    .filter((name) => name.endsWith('.c') && name !== 'example.c')
    .map((name) => join(LIBRARY, name));
}

/** Runs a command and gives what it said. @throws Error with all that it said when it fails. */
export function run(command: string, args: readonly string[], input?: Uint8Array): string {
  const done = spawnSync(command, args, { maxBuffer: 2 ** 30, ...(input === undefined ? {} : { input }) });
  if (done.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${done.status ?? done.signal}: ${done.error ?? ''}\n${done.stderr?.toString().slice(0, 5000)}`,
    );
  }
  return done.stdout.toString();
}

/** A folder that is gone after the tests. */
export function workFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'waystation-native-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const SANITIZED = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Builds the harness with sanitizers. @returns the program. */
export function buildHarness(folder: string): string {
  const program = join(folder, 'harness');
  run('gcc', ['-std=c99', '-Wall', '-Wextra', '-Werror', ...SANITIZED, ...sources(), HARNESS, '-o', program]);
  return program;
}

// ---- Cases ----

class Payload {
  readonly parts: Uint8Array[] = [];
  number(value: number | bigint, bytes: 1 | 2 | 4 | 8): this {
    const word = new DataView(new ArrayBuffer(8));
    word.setBigInt64(0, BigInt(value), true);
    this.parts.push(new Uint8Array(word.buffer, 0, bytes));
    return this;
  }
  text(text: string): this {
    const bytes = toUtf8(text);
    this.number(bytes.length, 2).parts.push(bytes);
    return this;
  }
  step({ numerator, denominator }: Step): this {
    return this.number(patternOf(numerator), 8).number(patternOf(denominator), 8);
  }
}

const word = new DataView(new ArrayBuffer(8));

/** The bits of a float64. */
export function patternOf(value: number): bigint {
  word.setFloat64(0, value);
  return word.getBigUint64(0);
}

export function valueOfPattern(pattern: bigint): number {
  word.setBigUint64(0, pattern);
  return word.getFloat64(0);
}

export function readCase(file: Uint8Array): Bytes {
  return concatBytes(Uint8Array.of(0), file);
}

/** A block alone, with the grid of each column. */
export function blockCase(part: Uint8Array, rows: number, grids: readonly (Step | null)[]): Bytes {
  const payload = new Payload().number(2, 1).number(rows, 4).number(grids.length, 2);
  for (const grid of grids) {
    payload.number(grid === null ? 0 : 1, 1);
    if (grid !== null) payload.step(grid);
  }
  payload.parts.push(part);
  return concatBytes(...payload.parts);
}

/** Pairs of float64 to be calculated with. */
export function pairsCase(pairs: readonly (readonly [number, number])[]): Bytes {
  const payload = new Payload().number(3, 1);
  for (const [a, b] of pairs)
    payload.number(BigInt.asIntN(64, patternOf(a)), 8).number(BigInt.asIntN(64, patternOf(b)), 8);
  return concatBytes(...payload.parts);
}

/** What a row of a column is: a number on the grid, a value apart, or nothing. */
export type Cell = { readonly k: number } | { readonly apart: number } | null;

export interface NativeColumn {
  readonly cells: readonly Cell[];
  /** The declared grid, another one, or (null) none. */
  readonly grid: 'declared' | Step | null;
  /** As int32. */
  readonly isSmall?: boolean;
}

export interface NativeBlock {
  readonly ticks: readonly number[];
  readonly columns: readonly NativeColumn[];
}

export interface NativeHour {
  readonly station: StationId;
  readonly name: string;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly gaps: readonly Gap[];
  readonly streams: readonly {
    readonly descriptor: StreamDescriptor;
    readonly blocks: readonly NativeBlock[];
  }[];
}

function bitmap(flags: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(flags.length / 8));
  flags.forEach((flag, i) => {
    if (flag) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
  });
  return bytes;
}

function putColumn(payload: Payload, { cells, grid, isSmall = false }: NativeColumn): void {
  payload.number(grid === 'declared' ? 0 : grid === null ? 2 : 1, 1).number(isSmall ? 1 : 0, 1);
  if (grid !== null && grid !== 'declared') payload.step(grid);
  for (const cell of cells)
    payload.number(cell === null ? 0 : 'k' in cell ? cell.k : BigInt.asIntN(64, patternOf(cell.apart)), 8);
  payload.parts.push(
    bitmap(cells.map((cell) => cell === null)),
    bitmap(cells.map((cell) => cell !== null && 'apart' in cell && grid !== null)),
  );
}

export function writeCase(hour: NativeHour): Bytes {
  const payload = new Payload().number(1, 1);
  payload.parts.push(fromHex(hour.station));
  payload.text(hour.name).number(hour.startMs, 8).number(hour.lengthMs, 8).number(hour.gaps.length, 2);
  for (const { stream, fromMs, toMs, cause, detail } of hour.gaps)
    payload
      .number(stream ?? -1, 4)
      .number(fromMs, 8)
      .number(toMs, 8)
      .text(cause)
      .text(detail);
  payload.number(hour.streams.length, 1);
  for (const { descriptor, blocks } of hour.streams) {
    const { name, driver, device, calibration = '', askedRateHz, tickNs, replay, columns } = descriptor;
    payload.text(name).text(driver).text(device).text(calibration);
    payload.number(askedRateHz === null ? 0 : BigInt.asIntN(64, patternOf(askedRateHz)), 8);
    payload
      .number(tickNs, 4)
      .number(replay ? 1 : 0, 1)
      .number(columns.length, 2);
    for (const column of columns) {
      payload
        .text(column.name)
        .text(column.unit)
        .number(column.step === null ? 0 : 1, 1);
      if (column.step !== null) payload.step(column.step);
    }
    payload.number(blocks.length, 4);
    for (const { ticks, columns: values } of blocks) {
      payload.number(ticks.length, 4);
      for (const tick of ticks) payload.number(tick, 8);
      for (const column of values) putColumn(payload, column);
    }
  }
  return concatBytes(...payload.parts);
}

/** Every case to one process. @returns the lines of each, without its last, and its status. */
export function runCases(
  harness: string,
  cases: readonly Uint8Array[],
): { status: Status; lines: string[] }[] {
  const input = concatBytes(
    ...cases.flatMap((one) => [new Uint8Array(Uint32Array.of(one.length).buffer), one]),
  );
  const answers: { status: Status; lines: string[] }[] = [];
  let lines: string[] = [];
  for (const line of run(harness, [], input).split('\n')) {
    if (!line.startsWith('= ')) {
      lines.push(line);
      continue;
    }
    answers.push({ status: STATUS[Number(line.slice(2))] as Status, lines });
    lines = [];
  }
  if (answers.length !== cases.length)
    throw new Error(`expected ${cases.length} answers, got ${answers.length}`);
  return answers;
}

// ---- Answers ----

export interface NativeStream {
  readonly offsetsNs: number[];
  readonly columns: number[][];
}

/** The rows of each stream as the library read them; the steps are applied here. */
export function streamsOf(lines: readonly string[]): Map<number, NativeStream> {
  const streams = new Map<number, NativeStream>();
  let stream: NativeStream = { offsetsNs: [], columns: [] };
  let tickNs = 1;
  let column = 0;
  for (const line of lines) {
    const [kind, ...rest] = line.split(' ');
    if (kind === 'b') {
      const index = Number(rest[0]);
      stream = streams.get(index) ?? { offsetsNs: [], columns: [] };
      streams.set(index, stream);
      tickNs = Number(rest[2]);
      column = 0;
    } else if (kind === 't') {
      for (const tick of rest) stream.offsetsNs.push(Number(tick) * tickNs);
    } else if (kind === 'c') {
      const numerator = valueOfPattern(BigInt(`0x${rest[1]}`));
      const denominator = valueOfPattern(BigInt(`0x${rest[2]}`));
      stream.columns[column] ??= [];
      const values = stream.columns[column++] as number[];
      for (const text of rest.slice(3)) {
        if (text === '-') values.push(Number.NaN);
        else if (text.startsWith('x')) values.push(valueOfPattern(BigInt(`0x${text.slice(1)}`)));
        else values.push((Number(text.slice(1)) * numerator) / denominator);
      }
    }
  }
  return streams;
}

/** The blocks that the library wrote, and what stands before them. */
export function writtenOf(lines: readonly string[]): { head: Bytes; blocks: Bytes[]; file: Bytes } {
  const bytes = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => fromHex(line.slice(2)));
  const blocks = bytes('d');
  const head = bytes('h')[0] ?? new Uint8Array(0);
  return { head, blocks, file: concatBytes(head, ...blocks) };
}
