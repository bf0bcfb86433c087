/** `hour unpack`: an hour file becomes a table, JSON lines, SenML or Parquet; of a damaged one what can be read. */
import { join, resolve } from 'node:path';
import { WaystationError } from '../../core/errors.ts';
import { type DescribedLoss, describeLost } from '../../hour/describe.ts';
import { csvRows } from '../../hour/export-csv.ts';
import {
  checkDates,
  inPieces,
  jsonLines,
  type LeftOut,
  nothingLeftOut,
  streamsOf,
} from '../../hour/export-rows.ts';
import { senmlLines } from '../../hour/export-senml.ts';
import type { HourHeader } from '../../hour/header.ts';
import { isWhole } from '../../hour/salvage.ts';
import type { HourContent, HourStream } from '../../hour/types.ts';
import type { Output } from '../output.ts';
import { checkFree, checkNotRead, isFolder, makeFolder, writeWhole } from '../whole-file.ts';
import { counted, damageText, lossTable, readHourFile } from './hour-info.ts';

export const HOUR_FORMATS = ['csv', 'jsonl', 'senml', 'parquet'] as const;
export const HOUR_TIMES = ['ticks', 'utc'] as const;

export interface HourUnpackOptions {
  readonly out: string;
  readonly format: (typeof HOUR_FORMATS)[number];
  readonly stream?: string;
  /** Of csv only; `ticks` unless given. */
  readonly times?: (typeof HOUR_TIMES)[number];
  readonly force?: boolean;
}

export async function hourUnpack(
  input: string,
  options: HourUnpackOptions,
  cwd: string,
  output: Output,
): Promise<void> {
  const { format } = options;
  if (options.times !== undefined && format !== 'csv')
    throw new WaystationError(
      'usage',
      `--times is for csv only: in ${format} times have one form. Leave it out`,
    );
  const [from, to] = [resolve(cwd, input), resolve(cwd, options.out)];
  const { salvaged } = await readHourFile(from);
  const { content, header } = salvaged;
  const streams = streamsOf(content, options.stream);
  const leftOut = nothingLeftOut();
  const isForced = options.force === true;
  const damaged = describeLost(header, salvaged.lost);
  let files = [to];
  if (format === 'parquet') files = await writeTables([from, to], content, streams, damaged, isForced);
  else {
    await checkNotRead(to, [from]);
    await writeWhole(to, textOf(content, streams, { ...options, format }, leftOut), isForced);
  }
  const rows = streams.reduce((sum, stream) => sum + stream.rows.offsetsNs.length, 0);
  const { missingBytes, surplusBytes } = salvaged;
  output.say(
    `Wrote ${counted(rows, 'row')} of ${content.stationName === '' ? content.station : content.stationName}.`,
  );
  for (const said of saidLeftOut(leftOut, format)) output.say(said);
  if (damaged.length > 0) output.say(lossTable(damaged));
  output.result(
    {
      out: to,
      files,
      format,
      rows,
      infinities: leftOut.infinities,
      unitsLeftOut: [...leftOut.units],
      whole: isWhole(salvaged),
      damaged,
      missingBytes,
      surplusBytes,
    },
    files.join('\n'),
  );
  if (!isWhole(salvaged)) {
    throw new WaystationError(
      'corrupt',
      damageText({ damaged, missingBytes, surplusBytes, rows: rowsOf(header) }),
    );
  }
}

function rowsOf({ streams }: HourHeader): number {
  return streams.reduce((sum, { rows }) => sum + rows, 0);
}

/** Sentences about what the format could not hold. */
export function saidLeftOut({ infinities, units }: LeftOut, format: string): string[] {
  const said: string[] = [];
  if (infinities > 0)
    said.push(`${counted(infinities, 'infinite value')} left out: ${format} cannot hold them.`);
  if (units.size > 0)
    said.push(`Units that SenML has no symbol for were left out: ${[...units].join(', ')}.`);
  return said;
}

function textOf(
  content: HourContent,
  streams: readonly HourStream[],
  {
    format,
    stream,
    times = 'ticks',
  }: Omit<HourUnpackOptions, 'format'> & { format: 'csv' | 'jsonl' | 'senml' },
  leftOut: LeftOut,
): Iterable<string> | AsyncIterable<string> {
  switch (format) {
    case 'jsonl':
      return inPieces(jsonLines(content, streams, leftOut));
    case 'senml':
      return inPieces(senmlLines(content, streams, leftOut));
    case 'csv':
      if (times === 'utc') for (const one of streams) checkDates(content, one);
      return csvRows(only(content), {
        numbers: 'declared',
        times: [times],
        ...(stream === undefined ? {} : { stream }),
      });
  }
}

async function* only(content: HourContent): AsyncIterable<HourContent> {
  yield content;
}

/** One stream is the file `to`, or one in the folder `to`; several are each a file in the folder, which is made. */
async function writeTables(
  [from, to]: readonly [string, string],
  content: HourContent,
  streams: readonly HourStream[],
  lost: readonly DescribedLoss[],
  isForced: boolean,
): Promise<string[]> {
  // It brings a library along, which other commands need not wait for.
  const { hourTables } = await import('../../hour/export-tables.ts');
  const tables = [...hourTables(content, streams, lost)];
  const inFolder = tables.length > 1 || (await isFolder(to));
  const paths = tables.map(({ name }) => (inFolder ? join(to, `${name}.parquet`) : to));
  for (const path of paths) await checkNotRead(path, [from]);
  if (inFolder) await makeFolder(to);
  for (const path of paths) await checkFree(path, isForced);
  for (const [t, { pieces }] of tables.entries()) await writeWhole(paths[t] as string, pieces(), isForced);
  return paths;
}
