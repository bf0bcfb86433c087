/** `hour pack`: a table becomes an hour file; what was found in it, and what rounding changed, is told. */
import { basename, resolve } from 'node:path';
import { encodeHour } from '../../hour/container.ts';
import { type DescribedColumn, describeHour } from '../../hour/describe.ts';
import { salvageHour } from '../../hour/salvage.ts';
import type { Profile } from '../../hour/types.ts';
import { parseColumnPlans } from '../../sensors/column-plan.ts';
import { checkPrinted } from '../../sensors/pack-check.ts';
import { type PackedColumn, packRecording } from '../../sensors/pack-recording.ts';
import { parseRecording } from '../../sensors/replay.ts';
import { readRecordingFile } from '../../sensors/replay-file.node.ts';
import { formatBytes, formatTable, type Output } from '../output.ts';
import { checkFree, checkNotRead, readWhole, writeWhole } from '../whole-file.ts';
import { counted, gridText, infiniteCells, shortMoment } from './hour-info.ts';

export const HOUR_PROFILES = ['small', 'fast'] as const satisfies readonly Profile[];

/** A plan for 256 columns is some kilobytes. */
const MAX_PLAN_BYTES = 2 ** 20;

export interface HourPackOptions {
  readonly out: string;
  readonly name?: string;
  /** Path of a JSON file. */
  readonly columns?: string;
  readonly profile: Profile;
  readonly exact?: boolean;
  readonly force?: boolean;
}

export async function hourPack(
  input: string,
  options: HourPackOptions,
  cwd: string,
  output: Output,
): Promise<void> {
  const [from, to] = [resolve(cwd, input), resolve(cwd, options.out)];
  const isForced = options.force === true;
  const planned = options.columns === undefined ? undefined : resolve(cwd, options.columns);
  await checkNotRead(to, planned === undefined ? [from] : [from, planned]);
  await checkFree(to, isForced);
  const plans =
    planned === undefined
      ? undefined
      : parseColumnPlans(new TextDecoder().decode(await readWhole(planned, MAX_PLAN_BYTES)));
  const fileName = basename(from);
  const recording = await parseRecording(await readRecordingFile(from), fileName);
  const packed = packRecording(recording, {
    name: options.name,
    profile: options.profile,
    ...(plans === undefined ? {} : { plans }),
  });
  const file = encodeHour(packed.content);
  const readBack = salvageHour(file);
  const other =
    options.exact === true
      ? await checkPrinted(await readRecordingFile(from), fileName, recording, readBack.content)
      : undefined;
  await writeWhole(to, [file], isForced);
  const { streams, rows, bytes, bytesPerRow, gaps, start, end } = describeHour(readBack, file.length);
  const { columns = [], first = null, last = null } = streams[0] ?? {};
  const { repeatedTimes, backwardTimes, typicalMs } = packed;
  output.say(columnTable(columns, packed.columns));
  output.say(
    `${counted(rows, 'row')} in ${formatBytes(bytes)}, ${bytesPerRow?.toFixed(2)} bytes a row; ${counted(gaps.length, 'gap')}.`,
  );
  if (first !== null && last !== null) output.say(`${spanText(first, last, typicalMs)}.`);
  if (recording.withoutZone) output.say('Times without a zone were taken as UTC.');
  if (!recording.isEpoch)
    output.say('Times are numbers that say no year from 2000 on: they were counted from the start of 1970.');
  if (other !== undefined) {
    const { count, example } = other;
    output.say(
      count === 0
        ? 'Every value and time comes back as it was printed.'
        : `Every printed digit comes back; ${counted(count, 'cell')} in another notation (${example}).`,
    );
  }
  if (repeatedTimes + backwardTimes > 0) {
    output.say(
      `Times: ${repeatedTimes} stand there more than once, ${backwardTimes} go back. The rows are kept in their order.`,
    );
  }
  if (recording.unitNs === null)
    output.say('Times were dates: `hour unpack --times utc` writes them as such.');
  output.result(
    {
      out: to,
      rows,
      bytes,
      bytesPerRow,
      start,
      end,
      first,
      last,
      typicalMs,
      withoutZone: recording.withoutZone,
      gaps: gaps.length,
      repeatedTimes,
      backwardTimes,
      ...(other === undefined ? {} : { otherNotation: other.count }),
      columns: columns.map(({ name, unit, step, grids }, c) => ({
        ...packed.columns[c],
        name,
        unit,
        step,
        grids,
      })),
    },
    to,
  );
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;
const FIGURES = 3;

/** `2025-07-06 10:00:00 to 12:00:00 UTC, 1 row in 10 min`. */
function spanText(first: string, last: string, typicalMs: number | null): string {
  const [from, to] = [shortMoment(first), shortMoment(last)];
  const [date = ''] = from.split(' ');
  const span =
    from === to ? from : `${from} to ${to.startsWith(`${date} `) ? to.slice(date.length + 1) : to}`;
  return `${span} UTC${typicalMs === null ? '' : `, ${paceText(typicalMs)}`}`;
}

function paceText(typicalMs: number): string {
  const figures = (value: number) => String(Number(value.toPrecision(FIGURES)));
  if (typicalMs <= 1000)
    return `${figures(1000 / typicalMs)} ${typicalMs === 1000 ? 'row' : 'rows'} a second`;
  const [unitMs, unit] = UNITS.find(([ms]) => typicalMs >= ms) ?? [1000, 's'];
  return `1 row in ${figures(typicalMs / unitMs)} ${unit}`;
}

const SOURCES = { given: 'given', printed: 'as printed', none: '' };

function columnTable(columns: readonly DescribedColumn[], packed: readonly PackedColumn[]): string {
  const isRounded = packed.some(({ worstError }) => worstError !== null);
  const infinite = infiniteCells(columns);
  const head = ['column', 'unit', 'step', '', 'values', ...infinite.head, 'missing', 'min', 'max'];
  const rows = columns.map((column, c) => {
    const { stepSource = 'none', worstError = null } = packed[c] ?? {};
    const { unit } = column;
    return [
      column.name,
      unit === '' ? '–' : unit,
      gridText(column),
      SOURCES[stepSource],
      String(column.values),
      ...infinite.of(column),
      String(column.missing),
      column.min === null ? '–' : String(column.min),
      column.max === null ? '–' : String(column.max),
      ...(isRounded ? [worstError === null ? '' : `${worstError}${unit === '' ? '' : ` ${unit}`}`] : []),
    ];
  });
  return formatTable([[...head, ...(isRounded ? ['worst error'] : [])], ...rows]);
}
