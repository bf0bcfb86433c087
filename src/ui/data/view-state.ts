/**
 * What of the Data place stands in the address: stations, columns and the stretch of time, so that it can be linked to, survives a
 * reload and the back button works. Pure. What is unreadable in an address is left out, never an error.
 */
import { MAX_TIME_MS } from '../../hour/limits.ts';
import type { ColumnRef } from '../model/data-series.ts';

/** The shortest stretch that can be looked at, ms: some readings of the fastest sensors. */
export const MIN_SPAN_MS = 20;
/** Stations and columns in one plot: more lines than that cannot be told apart. */
export const MAX_STATIONS = 6;
export const MAX_COLUMNS = 12;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PlaceView {
  /** Ids or keys of stations; empty: all of them, and no plot. */
  readonly stations: readonly string[];
  /** Null: everything there is. */
  readonly span: Span | null;
  /** Null: what suits. */
  readonly columns: readonly ColumnRef[] | null;
}

export function parseView(params: URLSearchParams): PlaceView {
  const list = (name: string) =>
    (params.get(name) ?? '')
      .split(',')
      .filter((part) => part !== '')
      .map(decoded);
  const fromMs = Date.parse(params.get('from') ?? '');
  const toMs = Date.parse(params.get('to') ?? '');
  const columns = list('col').flatMap((text): ColumnRef[] => {
    const [, stream, index] = /^(.*):(\d{1,3})$/s.exec(text) ?? [];
    return stream === undefined ? [] : [{ stream, index: Number(index) }];
  });
  return {
    stations: [...new Set(list('station'))].slice(0, MAX_STATIONS),
    span: toMs - fromMs >= MIN_SPAN_MS ? { fromMs, toMs } : null,
    columns: columns.length === 0 ? null : columns.slice(0, MAX_COLUMNS),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The parameters of the address; what is not chosen is not in it. */
export function viewParams({ stations, span, columns }: PlaceView): Record<string, string> {
  const coded = (parts: readonly string[]) => parts.map(encodeURIComponent).join(',');
  return {
    ...(stations.length === 0 ? {} : { station: coded(stations) }),
    ...(span === null ? {} : { from: iso(span.fromMs), to: iso(span.toMs) }),
    ...(columns === null || columns.length === 0
      ? {}
      : { col: coded(columns.map(({ stream, index }) => `${stream}:${index}`)) }),
  };
}

function iso(ms: number): string {
  return new Date(Math.min(MAX_TIME_MS, Math.max(-MAX_TIME_MS, Math.round(ms)))).toISOString();
}

/** The span `factor` times as long around `anchorMs`, kept inside `bounds` and not below {@link MIN_SPAN_MS}. */
export function zoomed(span: Span, factor: number, anchorMs: number, bounds: Span): Span {
  const whole = bounds.toMs - bounds.fromMs;
  const before = span.toMs - span.fromMs;
  const length = Math.min(Math.max(before * factor, MIN_SPAN_MS), Math.max(whole, MIN_SPAN_MS));
  const part = before > 0 ? (anchorMs - span.fromMs) / before : 0.5;
  const fromMs = anchorMs - part * length;
  return kept({ fromMs, toMs: fromMs + length }, bounds);
}

/** The span moved by a part of its length, kept inside `bounds`. */
export function moved(span: Span, parts: number, bounds: Span): Span {
  const shift = parts * (span.toMs - span.fromMs);
  return kept({ fromMs: span.fromMs + shift, toMs: span.toMs + shift }, bounds);
}

/** Moves a span back into `bounds`; one that is longer becomes the bounds. */
export function kept({ fromMs, toMs }: Span, bounds: Span): Span {
  const length = toMs - fromMs;
  if (length >= bounds.toMs - bounds.fromMs) return bounds;
  if (fromMs < bounds.fromMs) return { fromMs: bounds.fromMs, toMs: bounds.fromMs + length };
  if (toMs > bounds.toMs) return { fromMs: bounds.toMs - length, toMs: bounds.toMs };
  return { fromMs, toMs };
}
