/** `hour info`: what a lone hour file says, in words. */
import { resolve } from 'node:path';
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
import { salvageHour } from '../../hour/salvage.ts';
import { stepText } from '../../sensors/column-plan.ts';
import { formatTable, type Output } from '../output.ts';
import { readWhole } from '../whole-file.ts';

/** The largest hour there can be: nine bytes a value when nothing could be packed, and the description. */
export const MAX_HOUR_FILE_BYTES = 9 * MAX_HOUR_CELLS + MAX_HEADER_BYTES;
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
  const bytes = await readWhole(resolve(cwd, path), MAX_HOUR_FILE_BYTES);
  const described = describeHour(salvageHour(bytes), bytes.length);
  output.result(described, hourText(described));
  if (!described.whole) throw new WaystationError('corrupt', damageText(described));
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
  return [
    formatTable(facts),
    ...hour.streams.map(streamText),
    gapsText(hour),
    ...(hour.damaged.length === 0 ? [] : [lossTable(hour.damaged)]),
  ].join('\n\n');
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
  const head = ['column', 'unit', 'step', 'values', 'missing', 'min', 'max', 'mean'];
  return formatTable([
    head,
    ...columns.map((column) => [
      column.name,
      column.unit === '' ? NONE : column.unit,
      gridText(column),
      String(column.values),
      String(column.missing),
      ...[column.min, column.max].map((value) => (value === null ? NONE : tidyNumber(value))),
      column.mean === null ? NONE : figures(column.mean),
    ]),
  ]);
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

/** One sentence about what is wrong with the file. */
export function damageText({
  damaged,
  missingBytes,
  surplusBytes,
}: Pick<DescribedHour, 'damaged' | 'missingBytes' | 'surplusBytes'>): string {
  const rows = damaged.reduce((sum, one) => sum + one.rows, 0);
  const parts = [
    ...(damaged.length === 0
      ? []
      : [`${counted(damaged.length, 'block')} with ${counted(rows, 'row')} cannot be read`]),
    ...(missingBytes === 0 ? [] : [`${counted(missingBytes, 'byte')} are missing at its end`]),
    ...(surplusBytes === 0 ? [] : [`${counted(surplusBytes, 'byte')} too many stand at its end`]),
  ];
  return `this hour file is damaged: ${parts.join('; ')}. Everything else is intact; another copy may be whole`;
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
function shortMoment(iso: string): string {
  return iso
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '')
    .replace(/Z$/, '');
}
