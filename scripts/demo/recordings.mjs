/** Reading the demonstration's recordings, and comparing what the van exports with them: times exactly, values as float64. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const TICK_NS = { t_s: 1_000_000_000n, t_ms: 1_000_000n, t_us: 1_000n, t_ns: 1n };

function textOf(path) {
  const bytes = readFileSync(path);
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** The file of a recording in a folder, packed or not. */
export function recordingFile(folder, name) {
  const found = [`${name}.csv.gz`, `${name}.csv`]
    .map((file) => join(folder, file))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`expected ${name}.csv or ${name}.csv.gz in ${folder}`);
  return found;
}

/** Columns, whole nanoseconds and numbers of a CSV, plain or gzipped; a blank is NaN. */
export function readTable(path) {
  const [head, ...lines] = textOf(path).trimEnd().split('\n');
  const [time, ...columns] = head.split(',');
  const tick = TICK_NS[time];
  if (tick === undefined) throw new Error(`expected a time column first in ${path}, got “${time}”`);
  const timesNs = [];
  const values = [];
  for (const line of lines) {
    const [at, ...cells] = line.split(',');
    timesNs.push(BigInt(at) * tick);
    for (const cell of cells) values.push(cell === '' ? Number.NaN : Number(cell));
  }
  return { columns, timesNs, values };
}

/** True when both tables say the same, value for value. */
export function sameTables(a, b) {
  return (
    a.columns.join() === b.columns.join() &&
    a.timesNs.length === b.timesNs.length &&
    a.timesNs.every((ns, row) => ns === b.timesNs[row]) &&
    a.values.every((value, i) => Object.is(value, b.values[i]))
  );
}

/** Milliseconds from the first to the last reading. */
export function durationMs({ timesNs }) {
  return Number((timesNs.at(-1) - timesNs[0]) / 1_000_000n);
}

/** Hours of `hourMs` that the readings touch: as many are sealed. */
export function hoursIn({ timesNs }, hourMs) {
  return new Set(timesNs.map((ns) => ns / (BigInt(hourMs) * 1_000_000n))).size;
}
