/** `hour info`: what a lone hour file says, in words. */
import { resolve } from 'node:path';
import { toUtf8 } from '../../core/bytes.ts';
import { WaystationError } from '../../core/errors.ts';
import {
  type DescribedColumn,
  type DescribedHour,
  type DescribedLoss,
  type DescribedStream,
  describeHour,
} from '../../hour/describe.ts';
import { tidyNumber } from '../../hour/export-csv.ts';
import { MAX_HEADER_BYTES, MAX_HOUR_CELLS } from '../../hour/limits.ts';
import { type SalvagedHour, salvageHour } from '../../hour/salvage.ts';
import { stepText } from '../../sensors/column-plan.ts';
import { formatTable, type Output } from '../output.ts';
import { readWhole } from '../whole-file.ts';

/** The largest hour there can be: nine bytes a value when nothing could be packed, and the description. */
export const MAX_HOUR_FILE_BYTES = 9 * MAX_HOUR_CELLS + MAX_HEADER_BYTES;
const HOUR_BEGINNING = toUtf8('WSHR');
/** A dash for what is not known. */
const NONE = '–';
const MEAN_DIGITS = 7;
/** More gaps or lost blocks than this are counted on the screen; `--json` has them all. */
const SHOWN_ROWS = 40;

const TICK_WORDS: Readonly<Record<number, string>> = {
  1000000000: 'seconds',
  1000000: 'milliseconds',
  1000: 'microseconds',
  1: 'nanoseconds',
};

export async function hourInfo(path: string, cwd: string, output: Output): Promise<void> {
  const { salvaged, size } = await readHourFile(resolve(cwd, path));
  const described = describeHour(salvaged, size);
  output.result(described, hourText(described));
  if (!described.whole) throw new WaystationError('corrupt', damageText(described));
}

/** What can be read of an hour file. @throws WaystationError `not-found`, `malformed`, `limit`, `corrupt`. */
export async function readHourFile(path: string): Promise<{ salvaged: SalvagedHour; size: number }> {
  const bytes = await readWhole(path, MAX_HOUR_FILE_BYTES);
  if (HOUR_BEGINNING.some((byte, i) => bytes[i] !== byte))
    throw new WaystationError('malformed', 'this is not an hour file (`hour pack` makes one of a table)');
  return { salvaged: salvageHour(bytes), size: bytes.length };
}

export function hourText(hour: DescribedHour): string {
  const { clock } = hour;
  const facts = [
    ['station', hour.name === '' ? hour.station : `${hour.name} (${hour.station})`],
    ['slot', `${shortMoment(hour.start)} to ${shortMoment(hour.end)} UTC`],
    ...(hour.responsible === null ? [] : [['responsible', hour.responsible]]),
    [
      'clock',
      clock === null
        ? 'not compared with another'
        : `true time is these times ${clock.offsetMs < 0 ? '−' : '+'} ${tidyNumber(Math.abs(clock.offsetMs))} ms, give or take ${tidyNumber(clock.errorMs)} ms (${clock.source})`,
    ],
    [
      'size',
      `${hour.bytes} bytes, ${hour.descriptionBytes} of them description; ${counted(hour.rows, 'row')}${perRow(hour.bytesPerRow)}`,
    ],
  ];
  return [...damageFirst(hour), formatTable(facts), ...hour.streams.map(streamText), gapsText(hour)].join(
    '\n\n',
  );
}

/** Above what the description says of the whole hour, also of what is lost. */
function damageFirst(hour: DescribedHour): string[] {
  if (hour.whole) return [];
  const said = `DAMAGED: ${damageParts(hour)}.`;
  if (hour.damaged.length === 0) return [said];
  return [`${said}\nWhat stands below is of the whole hour, the lost rows too.`, lossTable(hour.damaged)];
}

function streamText(stream: DescribedStream): string {
  const { first, last, readingsPerSecond: rate, askedPerSecond: asked } = stream;
  const rates = [
    ...(rate === null ? [] : [`${figures(rate)} a second`]),
    ...(asked === null ? [] : [`${figures(asked)} were asked for`]),
  ];
  const facts = [
    ['stream', stream.name],
    ['rows', `${stream.rows}${rates.length === 0 ? '' : `, ${rates.join('; ')}`}`],
    ...(first === null || last === null
      ? []
      : [['times', `${shortMoment(first)} to ${shortMoment(last)} UTC, in ${TICK_WORDS[stream.tickNs]}`]]),
    [
      'size',
      `${stream.bytes} bytes in ${counted(stream.blocks, 'block')}${perRow(stream.bytesPerRow)}; ${stream.profile} profile`,
    ],
    ['driver', stream.driver === '' ? NONE : stream.driver],
    ['device', stream.device === '' ? NONE : stream.device],
    ['replay', stream.replay ? 'yes: these are the readings of a recording' : 'no'],
    ['calibration', stream.calibration ?? NONE],
  ];
  return `${formatTable(facts)}\n${columnTable(stream.columns)}`;
}

/** The columns of a stream, a line each. */
function columnTable(columns: readonly DescribedColumn[]): string {
  const infinite = infiniteCells(columns);
  const head = ['column', 'unit', 'step', 'values', ...infinite.head, 'missing', 'min', 'max', 'mean'];
  return formatTable([
    head,
    ...columns.map((column) => [
      column.name,
      column.unit === '' ? NONE : column.unit,
      gridText(column),
      String(column.values),
      ...infinite.of(column),
      String(column.missing),
      ...[column.min, column.max].map((value) => (value === null ? NONE : tidyNumber(value))),
      column.mean === null ? NONE : figures(column.mean),
    ]),
  ]);
}

/** How many values are infinite, where some are. */
export function infiniteCells(columns: readonly DescribedColumn[]) {
  const isShown = columns.some(({ infinite }) => infinite > 0);
  return {
    head: isShown ? ['infinite'] : [],
    of: ({ infinite }: DescribedColumn) => (isShown ? [String(infinite)] : []),
  };
}

/** The declared step, else what was found in the blocks. */
export function gridText({ step, grids }: Pick<DescribedColumn, 'step' | 'grids'>): string {
  if (step !== null) return stepText(step);
  const [grid = null, ...others] = grids;
  if (others.length > 0) return 'differs';
  return grid === null ? NONE : `${stepText(grid)} found`;
}

function gapsText({ gaps }: DescribedHour): string {
  if (gaps.length === 0) return 'no gaps';
  const shown = gaps
    .slice(0, SHOWN_ROWS)
    .map(({ stream, from, to, cause, detail }) => [
      stream ?? 'whole station',
      shortMoment(from),
      shortMoment(to),
      cause,
      detail,
    ]);
  const table = formatTable([['gap of', 'from (UTC)', 'to', 'cause', 'detail'], ...shown]);
  return table + andMore(gaps.length);
}

/** What is lost, block by block. */
export function lossTable(damaged: readonly DescribedLoss[]): string {
  const rows = damaged
    .slice(0, SHOWN_ROWS)
    .map(({ stream, block, blocks, rows: count, from, to, why }) => [
      stream,
      `${block} of ${blocks}`,
      String(count),
      shortMoment(from),
      shortMoment(to),
      why === 'cut-off' ? 'cut off' : why,
    ]);
  const table = formatTable([['damaged stream', 'block', 'rows', 'from (UTC)', 'to', 'how'], ...rows]);
  return table + andMore(damaged.length);
}

function andMore(all: number): string {
  return all > SHOWN_ROWS ? `\nand ${all - SHOWN_ROWS} more (--json has them all)` : '';
}

/** What is wrong with a file, and how many rows it was to have. */
export type Damage = Pick<DescribedHour, 'damaged' | 'missingBytes' | 'surplusBytes' | 'rows'>;

/** One sentence about what is wrong with the file. */
export function damageText(damage: Damage): string {
  const { damaged, rows } = damage;
  const left =
    damaged.length > 0 && lostRows(damaged) === rows
      ? 'No reading is left; another copy may be whole'
      : 'Everything else is intact; another copy may be whole';
  return `this hour file is damaged: ${damageParts(damage)}. ${left}`;
}

function lostRows(damaged: readonly DescribedLoss[]): number {
  return damaged.reduce((sum, one) => sum + one.rows, 0);
}

function damageParts({ damaged, missingBytes, surplusBytes }: Damage): string {
  const verb = (count: number, one: string, several: string) => (count === 1 ? one : several);
  return [
    ...(damaged.length === 0
      ? []
      : [`${counted(damaged.length, 'block')} with ${counted(lostRows(damaged), 'row')} cannot be read`]),
    ...(missingBytes === 0
      ? []
      : [`${counted(missingBytes, 'byte')} ${verb(missingBytes, 'is', 'are')} missing at its end`]),
    ...(surplusBytes === 0
      ? []
      : [`${counted(surplusBytes, 'byte')} too many ${verb(surplusBytes, 'stands', 'stand')} at its end`]),
  ].join('; ');
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function perRow(bytes: number | null): string {
  return bytes === null ? '' : `, ${bytes.toFixed(2)} bytes a row`;
}

function figures(value: number): string {
  return String(Number(value.toPrecision(MEAN_DIGITS)));
}

/** `2026-01-01 12:00:00.5`: without the zone, which the words beside it name. */
export function shortMoment(iso: string): string {
  return iso
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '')
    .replace(/Z$/, '');
}
