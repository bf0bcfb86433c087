/** What an entry tells of an hour that is not here, as stretches of time that a plot can draw. Pure. */
import { readBands } from '../../hour/pyramid.ts';
import { bandsOfColumn, type StreamOverview } from '../../station/hour-body.ts';

/** A stretch of time in which all values of a column lie between two. */
export interface OverviewPart {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the whole hour its mean; of a part of it, whose mean is not told, the middle between least and greatest. */
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/**
 * One column of an hour in equal stretches of at least `binMs` where it has such, in order of time; those without a value are left out. The
 * hour as one stretch where no more is told, or `binMs` is as long; nothing where the column has no value.
 */
export function overviewParts(stream: StreamOverview, index: number, binMs: number): OverviewPart[] {
  const { firstMs, lastMs } = stream;
  const { min = null, max = null, mean = null } = stream.columns[index] ?? {};
  if (firstMs === null || lastMs === null || min === null || max === null || mean === null) return [];
  // Whole milliseconds are told: the last reading may lie within the next.
  const toMs = lastMs + 1;
  const bands = bandsOfColumn(stream, index);
  let together = 1;
  while (together < bands.length && ((toMs - firstMs) / bands.length) * together < binMs) together *= 2;
  if (together >= bands.length) return [{ fromMs: firstMs, toMs, mean, min, max }];
  const read = readBands(bands, { min, max }, together);
  const partMs = (toMs - firstMs) / read.min.length;
  return Array.from(read.min, (least, part) => {
    const most = read.max[part] as number;
    const fromMs = firstMs + part * partMs;
    return { fromMs, toMs: fromMs + partMs, mean: least / 2 + most / 2, min: least, max: most };
  }).filter((part) => part.min <= part.max);
}
