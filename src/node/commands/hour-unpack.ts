/** `hour unpack`: an hour file becomes a table, JSON lines or SenML; of a damaged one what can be read. */
import { resolve } from 'node:path';
import { WaystationError } from '../../core/errors.ts';
import { describeLost } from '../../hour/describe.ts';
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
import { isWhole, salvageHour } from '../../hour/salvage.ts';
import type { HourContent, HourStream } from '../../hour/types.ts';
import type { Output } from '../output.ts';
import { readWhole, writeWhole } from '../whole-file.ts';
import { counted, damageText, lossTable, MAX_HOUR_FILE_BYTES } from './hour-info.ts';

export const HOUR_FORMATS = ['csv', 'jsonl', 'senml'] as const;
export const HOUR_TIMES = ['ticks', 'utc'] as const;

export interface HourUnpackOptions {
  readonly out: string;
  readonly format: (typeof HOUR_FORMATS)[number];
  readonly stream?: string;
  readonly times: (typeof HOUR_TIMES)[number];
  readonly force?: boolean;
}

export async function hourUnpack(
  input: string,
  options: HourUnpackOptions,
  cwd: string,
  output: Output,
): Promise<void> {
  const { format } = options;
  const to = resolve(cwd, options.out);
  const salvaged = salvageHour(await readWhole(resolve(cwd, input), MAX_HOUR_FILE_BYTES));
  const { content, header } = salvaged;
  const streams = streamsOf(content, options.stream);
  const leftOut = nothingLeftOut();
  await writeWhole(to, textOf(content, streams, options, leftOut), options.force === true);
  const rows = streams.reduce((sum, stream) => sum + stream.rows.offsetsNs.length, 0);
  const damaged = describeLost(header, salvaged.lost);
  const { missingBytes, surplusBytes } = salvaged;
  output.say(
    `Wrote ${counted(rows, 'row')} of ${content.stationName === '' ? content.station : content.stationName}.`,
  );
  if (leftOut.infinities > 0)
    output.say(`${counted(leftOut.infinities, 'infinite value')} left out: ${format} cannot hold them.`);
  if (leftOut.units.size > 0)
    output.say(`Units that SenML has no symbol for were left out: ${[...leftOut.units].join(', ')}.`);
  if (damaged.length > 0) output.say(lossTable(damaged));
  output.result(
    {
      out: to,
      format,
      rows,
      infinities: leftOut.infinities,
      unitsLeftOut: [...leftOut.units],
      whole: isWhole(salvaged),
      damaged,
      missingBytes,
      surplusBytes,
    },
    to,
  );
  if (!isWhole(salvaged)) {
    throw new WaystationError('corrupt', damageText({ damaged, missingBytes, surplusBytes }));
  }
}

function textOf(
  content: HourContent,
  streams: readonly HourStream[],
  { format, stream, times }: HourUnpackOptions,
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
