/**
 * Proof that a packed table comes back as it was printed: its text is read once more and compared, cell by cell, with what the finished
 * hour gives as CSV. Numbers must have the same digits, times be the same instants to the last digit. The same digits in another
 * notation (`-3.5E-4` as `-0.00035`, `nan` as a blank) are counted.
 */
import { WaystationError } from '../core/errors.ts';
import { csvLines } from '../hour/export-csv.ts';
import type { HourContent, TickNs } from '../hour/types.ts';
import type { Recording } from './recording-csv.ts';
import { decimalTime, isoTime } from './recording-times.ts';
import { parseRecording, type RecordingSource } from './replay.ts';

/** Of those that differ so many are shown. */
const SHOWN = 3;

export interface OtherNotation {
  readonly count: number;
  /** The first of them, `-3.5E-4 as -0.00035`; blank when there is none. */
  readonly example: string;
}

/** @throws WaystationError `conflict` that names the columns and lines that would not come back. */
export async function checkPrinted(
  source: RecordingSource,
  fileName: string,
  { unitNs }: Recording,
  hour: HourContent,
): Promise<OtherNotation> {
  const lines = csvLines(hour, { numbers: 'declared', times: [unitNs === null ? 'utc' : 'ticks'] })[
    Symbol.iterator
  ]();
  let names: readonly string[] | undefined;
  let count = 0;
  let zeros = 0;
  const other = { count: 0, example: '' };
  const shown: string[] = [];
  await parseRecording(source, fileName, (cells, line) => {
    const written = (lines.next().value ?? '').trimEnd().split(',');
    // The header may have been renamed on purpose.
    if (names === undefined) {
      names = cells;
      return;
    }
    cells.forEach((cell, c) => {
      const text = cell.trim();
      const back = written[c] ?? '';
      if (text === back) return;
      if (c === 0 ? isSameTime(text, back, unitNs) : spelled(text) === spelled(back)) {
        other.count++;
        if (other.example === '') other.example = `${text.slice(0, 40)} as ${told(back)}`;
        return;
      }
      count++;
      if (c > 0 && withoutZeros(text) === withoutZeros(back)) zeros++;
      if (shown.length < SHOWN)
        shown.push(`line ${line}, “${names?.[c] ?? ''}”: ${text.slice(0, 40)} as ${told(back)}`);
    });
  });
  if (count === 0) return other;
  const advice =
    zeros === count
      ? 'They are the same numbers with fewer or more zeros at their end: zeros come back when all numbers of a column are printed with ' +
        'the same number of decimals. Print them so, or leave out --exact'
      : 'Without --exact they are kept as numbers';
  throw new WaystationError(
    'conflict',
    `${count} ${count === 1 ? 'value' : 'values'} would not come back as printed (${shown.join('; ')}${count > SHOWN ? '; …' : ''}): nothing was written. ${advice}`,
  );
}

/** The same instant, no digit lost. */
function isSameTime(text: string, back: string, unitNs: TickNs | null): boolean {
  const timeOf = (one: string) => (unitNs === null ? isoTime(one) : decimalTime(one, unitNs));
  const [a, b] = [timeOf(text), timeOf(back)];
  if (a === undefined || b === undefined || a.ms !== b.ms || a.ns !== b.ns) return false;
  // Digits behind the nanosecond are not kept.
  const [, fraction = ''] = /[.,](\d+)/.exec(text) ?? [];
  const kept = unitNs === null ? 9 : String(unitNs).length - 1;
  return /e/i.test(text) || /^0*$/.test(fraction.slice(kept));
}

function told(text: string): string {
  return text === '' ? 'a blank' : text;
}

/** Sign, digits from the first that is not 0, and the power of ten of the last: what a number says, however it is written. */
function spelled(text: string): string {
  if (text === '' || /^nan$/i.test(text)) return '';
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite !== null) return `${infinite[1] === '-' ? '-' : ''}infinity`;
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  return `${sign === '-' ? '-' : ''}${digits}e${Number(power) - fraction.length}`;
}

/** {@link spelled}, as if no zero had been printed at the number's end. */
function withoutZeros(text: string): string {
  return spelled(text).replace(
    /(0*)e(-?\d+)$/,
    (_, zeros: string, power: string) => `e${Number(power) + zeros.length}`,
  );
}
