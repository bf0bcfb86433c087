/** `export`: a station's readings as a table, JSON lines or SenML in one file, or as Parquet files by day in a folder. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { SpaceId } from '../../core/ids.ts';
import { pathName } from '../../hour/export-names.ts';
import { nothingLeftOut } from '../../hour/export-rows.ts';
import type { StationRecord } from '../../station/catalog.ts';
import { exportCsv, findStation, HoursInRange, type OnLeftOut } from '../../station/export.ts';
import type { DatedFiles } from '../../station/export-dated.ts';
import { type ExportTally, exportTexts } from '../../station/export-texts.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { stationName } from '../../station/station-name.ts';
import { escapeControls, formatTime, type Output } from '../output.ts';
import { cannotWrite, checkFree, isFolder, makeFolder, WholeFile } from '../whole-file.ts';
import { saidLeftOut } from './hour-unpack.ts';

export const EXPORT_FORMATS = ['csv', 'jsonl', 'senml', 'parquet'] as const;
const ENDINGS = { csv: 'csv', jsonl: 'jsonl', senml: 'json' } as const;

export interface ExportOptions {
  readonly space?: SpaceId | undefined;
  readonly station: string;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly stream?: string | undefined;
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly out: string;
  /** Replaces files of the same names. */
  readonly force?: boolean | undefined;
  /** Folder that a relative `out` is meant from. */
  readonly cwd: string;
}

/** What was written. */
interface Written extends ExportTally {
  out: string;
  /** Of Parquet: how many files. */
  files: number;
}

/** Writes a station's readings; a file appears under its name only when it is whole. @throws WaystationError `incomplete` with what is not in it. */
export async function exportStation(
  node: WaystationNode,
  options: ExportOptions,
  output: Output,
): Promise<void> {
  const space = node.space(options.space);
  await space.settled();
  const station = findStation(space, options.station);
  const { fromMs, toMs } = options;
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs)
    throw new WaystationError(
      'not-found',
      `--from ${formatTime(fromMs)} is after --to ${formatTime(toMs)}: there is nothing in between, and nothing was written`,
    );
  const leftOut = new Map<string, number>();
  const leaveOut = (why: string, hours: number) => leftOut.set(why, (leftOut.get(why) ?? 0) + hours);
  let missing = 0;
  const onLeftOut = (error: unknown) => {
    if (isWaystationError(error, 'not-found')) missing++;
    else leaveOut(errorMessage(error), 1);
  };
  const { format } = options;
  const written =
    format === 'parquet'
      ? await writeFolder(space, station, options, onLeftOut)
      : await writeFile(space, station, { ...options, format }, onLeftOut);
  if (missing > 0) leaveOut('not held here: sync, then export again with --force', missing);
  const { unopened } = station;
  if (unopened.length > 0)
    leaveOut('sealed under a key that this node does not have, or damaged', unopened.length);
  const unreadable = [...leftOut.values()].reduce((sum, hours) => sum + hours, 0) - missing;
  const { rows, files, out } = written;
  const name = escapeControls(station.name ?? station.id);
  const where = format === 'parquet' ? ` in ${files} file${files === 1 ? '' : 's'}` : '';
  if (files === 0 && leftOut.size === 0)
    throw new WaystationError('not-found', `${noReadings(station, name)} Nothing was written`);
  if (files > 0) output.say(`Wrote ${rows} rows of ${name}${where}.`);
  for (const said of saidLeftOut(written.leftOut, format)) output.say(said);
  output.result(
    {
      station: station.id,
      name: station.name,
      format,
      rows,
      missing,
      unreadable,
      infinities: written.leftOut.infinities,
      unitsLeftOut: [...written.leftOut.units],
      files,
      out,
    },
    out,
  );
  if (leftOut.size > 0) {
    const reasons = [...leftOut].map(([why, hours]) => `${hours} ${why}`).join('; ');
    const all = station.hours.length + unopened.length;
    throw new WaystationError(
      'incomplete',
      `${missing + unreadable} of the ${all} hours of ${name} are not in the file${where === '' ? '' : 's'}: ${reasons}${files === 0 ? '. Nothing was written' : ''}`,
    );
  }
}

async function writeFile(
  space: Space,
  station: StationRecord,
  options: ExportOptions & { readonly format: keyof typeof ENDINGS },
  onLeftOut: OnLeftOut,
): Promise<Written> {
  const { format } = options;
  let out = resolve(options.cwd, options.out);
  if (await isFolder(out)) {
    const name = (station.name ?? station.id).replaceAll(/[^\p{L}\p{N}._-]+/gu, '_');
    out = join(out, `${name}.${ENDINGS[format]}`);
  }
  const written: Written = { out, files: 1, rows: 0, leftOut: nothingLeftOut() };
  const pieces =
    format === 'csv'
      ? countedLines(exportCsv(space, station, options, onLeftOut), written)
      : exportTexts(new HoursInRange(space, station, options, onLeftOut), options, format, written);
  const file = await WholeFile.create(out, options.force === true);
  try {
    for await (const piece of pieces) await file.write(piece);
    // A file without readings would only stand in the way of the one that is asked for next.
    if (written.rows > 0) await file.finish();
    else written.files = 0;
  } finally {
    await file.discard();
  }
  return written;
}

/** Counts the rows of a table: its lines, but for the first. */
async function* countedLines(pieces: AsyncIterable<string>, written: Written): AsyncIterable<string> {
  let lines = 0;
  for await (const piece of pieces) {
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) lines++;
    written.rows = Math.max(0, lines - 1);
    yield piece;
  }
}

async function writeFolder(
  space: Space,
  station: StationRecord,
  options: ExportOptions,
  onLeftOut: OnLeftOut,
): Promise<Written> {
  const out = resolve(options.cwd, options.out);
  // It brings a library along, which other commands need not wait for.
  const { exportDated } = await import('../../station/export-dated.ts');
  const hours = new HoursInRange(space, station, options, onLeftOut);
  const files = datedFiles(out, `station=${partitionName(space, station)}`, options.force === true);
  const written = await exportDated(hours, options, files);
  return { ...written, out, leftOut: nothingLeftOut() };
}

/** The station's name; where several have it, what tells them apart. */
function partitionName(space: Space, station: StationRecord): string {
  const others = [...space.catalog.stations.values()].filter((one) => one.name === station.name);
  const name = others.length === 1 && station.name !== null ? station.name : stationName(station);
  return pathName(name);
}

/** Files as Hive and its readers name them: `date=2026-01-01/accelerometer.parquet`. */
function datedFiles(out: string, station: string, isForced: boolean): DatedFiles {
  const folderOf = (date: string) => join(out, station, `date=${pathName(date)}`);
  const pathOf = (date: string, name: string) => join(folderOf(date), `${name}.parquet`);
  return {
    check: (date, name) => checkFree(pathOf(date, name), isForced),
    create: async (date, name) => {
      const path = pathOf(date, name);
      await makeFolder(out);
      await mkdir(folderOf(date), { recursive: true }).catch((error) => {
        throw cannotWrite(path, error);
      });
      return WholeFile.create(path, isForced);
    },
  };
}

/** For who asked for a time or a stream with nothing in it. */
function noReadings(station: StationRecord, name: string): string {
  const starts = station.hours.map(({ body }) => body.startMs);
  const ends = station.hours.map(({ body }) => body.startMs + body.lengthMs);
  if (starts.length === 0) return `${name} has no hours yet.`;
  const span = `from ${formatTime(starts.reduce((a, b) => Math.min(a, b)))} to ${formatTime(ends.reduce((a, b) => Math.max(a, b)))}`;
  return `No readings there: ${name} has hours ${span}.`;
}
