/** The streams of an hour as Parquet files, one each: they have times of their own. */
import type { DescribedLoss } from './describe.ts';
import { FactLedger } from './export-facts.ts';
import { DistinctNames, pathName } from './export-names.ts';
import { checkTimes, ParquetTable, parquetNames, timeUnitOf } from './export-parquet.ts';
import { checkDates } from './export-rows.ts';
import type { HourContent, HourStream } from './types.ts';

export interface HourTable {
  /** For a file, without an ending; no two of an hour are the same. */
  readonly name: string;
  readonly pieces: () => Iterable<Uint8Array>;
}

/**
 * A table for each stream; for an hour without any one of no rows, which still says what the hour does.
 * @param lost blocks that could not be read, told in the files.
 * @throws WaystationError `malformed`, `conflict` for times that are no dates or that Parquet cannot hold.
 */
export function hourTables(
  hour: HourContent,
  streams: readonly HourStream[],
  lost: readonly DescribedLoss[],
): HourTable[] {
  const names = new DistinctNames();
  if (hour.streams.length === 0) return [{ name: 'empty', pieces: () => tableOf(hour, undefined, lost) }];
  return streams.map((stream) => {
    checkDates(hour, stream);
    checkTimes(stream.rows, timeUnitOf(stream));
    return {
      name: names.take(pathName(stream.descriptor.name)),
      pieces: () => tableOf(hour, stream, lost),
    };
  });
}

function* tableOf(
  hour: HourContent,
  stream: HourStream | undefined,
  lost: readonly DescribedLoss[],
): Iterable<Uint8Array> {
  const columns = (stream?.descriptor.columns ?? []).map(({ name }) => name).map(parquetNames());
  const table = new ParquetTable(columns, stream === undefined ? 'MICROS' : timeUnitOf(stream));
  if (stream !== undefined) yield* table.add(stream.rows, stream.rows.columns);
  const name = stream?.descriptor.name ?? null;
  const ledger = new FactLedger(name);
  const ownLost = lost.filter((one) => one.stream === name);
  ledger.add(hour, stream, columns, stream?.rows.offsetsNs.length ?? 0, ownLost);
  yield* table.finish(ledger.facts());
}
