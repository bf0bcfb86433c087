/**
 * The lines of a plot while the reader moves about: drawn at once from what is known, again as hours are opened, and what is no longer
 * looked at is not opened.
 */
import { msg, str } from '@lit/localize';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { PlotLine, PlotRequest, PlotStation, Unreadable } from '../model/data-plot.ts';
import type { AnyHour, ColumnView, DataModel } from '../model/data-port.ts';
import type { Break, ColumnRef } from '../model/data-series.ts';
import { binMsOf, levelFor } from '../model/data-tiles.ts';
import { unitText } from '../parts/words.ts';
import type { PlotLineView, PlotPanel } from './plot-parts.ts';
import type { Span } from './view-state.ts';

export interface NamedStation extends PlotStation<AnyHour> {
  readonly name: string;
}

/** Hours are opened when the view has been still for so long, ms. */
const STILL_MS = 90;
/** Drawn on both sides of what is seen, as parts of it: there when the view is moved. */
const MARGIN = 0.5;

export interface Wanted {
  readonly stations: readonly NamedStation[];
  readonly columns: readonly ColumnView[];
  readonly span: Span;
  readonly widthPx: number;
}

export class PlotLines implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #data: DataModel | undefined;
  #wanted: Wanted | undefined;
  #panels: readonly PlotPanel[] = [];
  #isStale = true;
  #drawn: Wanted | undefined;
  #drawnMs = 0;
  #costMs = 0;
  #giveUp: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  /** Hours that are being opened, and of how many; null when nothing is. */
  progress: { readonly done: number; readonly total: number } | null = null;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#giveUp?.abort();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#wanted = undefined;
    this.progress = null;
  }

  /** The panels of what is wanted; cheap to ask for while it stays the same. */
  panels(data: DataModel, wanted: Wanted): readonly PlotPanel[] {
    this.#data = data;
    if (this.#wanted === undefined || !isSame(this.#wanted, wanted)) {
      this.#wanted = wanted;
      this.#isStale = true;
      this.#fillSoon();
    }
    if (this.#isStale) this.#draw(data, wanted);
    return this.#panels;
  }

  /** Lines are made anew in a third of the time at most: while a gesture goes on, those that are there are moved. */
  #draw(data: DataModel, wanted: Wanted): void {
    const beganMs = performance.now();
    const isGesture = this.#drawn !== undefined && isSame({ ...this.#drawn, span: wanted.span }, wanted);
    if (isGesture && beganMs - this.#drawnMs < 2 * this.#costMs) return this.#redraw();
    this.#isStale = false;
    this.#panels = panelsOf(data, wanted);
    this.#drawn = wanted;
    this.#drawnMs = performance.now();
    this.#costMs = this.#drawnMs - beganMs;
  }

  /** Hours of what is shown that could not be opened. */
  unreadable(): readonly Unreadable[] {
    const { stations = [], span } = this.#wanted ?? {};
    return (this.#data?.plot.unreadable() ?? []).filter(
      ({ station, startMs }) =>
        stations.some(({ key }) => key === station) &&
        (span === undefined || (startMs < span.toMs && startMs > span.fromMs - 86_400_000)),
    );
  }

  #fillSoon(): void {
    this.#giveUp?.abort();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fill(), STILL_MS);
  }

  async #fill(): Promise<void> {
    const [data, wanted] = [this.#data, this.#wanted];
    if (data === undefined || wanted === undefined) return;
    const giveUp = new AbortController();
    this.#giveUp = giveUp;
    try {
      await data.plot.fill(requestOf(wanted), giveUp.signal, (done, total) => {
        if (giveUp.signal.aborted) return;
        this.progress = { done, total };
        this.#redraw();
      });
      this.progress = null;
      this.#redraw();
    } catch {
      // Something else is looked at by now. What goes wrong with an hour is told by `unreadable`.
    }
  }

  #redraw(): void {
    this.#isStale = true;
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#host.requestUpdate());
  }
}

function isSame(a: Wanted, b: Wanted): boolean {
  const same = <T>(x: readonly T[], y: readonly T[], equal: (one: T, other: T) => boolean) =>
    x.length === y.length && x.every((one, i) => equal(one, y[i] as T));
  return (
    a.span.fromMs === b.span.fromMs &&
    a.span.toMs === b.span.toMs &&
    a.widthPx === b.widthPx &&
    same(
      a.stations,
      b.stations,
      (one, other) => one.timeline === other.timeline && one.name === other.name,
    ) &&
    same(a.columns, b.columns, (one, other) => one === other)
  );
}

/** What is seen and, on both sides, what comes next, at the same fineness. */
function requestOf({ stations, columns, span, widthPx }: Wanted): PlotRequest<AnyHour> {
  const margin = MARGIN * (span.toMs - span.fromMs);
  return {
    stations,
    columns: columns.map(({ ref }) => ref),
    fromMs: span.fromMs - margin,
    toMs: span.toMs + margin,
    widthPx: widthPx * (1 + 2 * MARGIN),
  };
}

/** `x` of `accelerometer`, `column 2` while its name is not known. */
export function columnLabel({ ref, name }: ColumnView): string {
  const own = name === null || name === '' ? msg(str`column ${ref.index + 1}`) : name;
  return own === ref.stream ? own : `${ref.stream} ${own}`;
}

function panelsOf(data: DataModel, wanted: Wanted): PlotPanel[] {
  const { stations, columns, span, widthPx } = wanted;
  const lines = data.plot.lines(requestOf(wanted));
  const binMs = binMsOf(levelFor(span.toMs - span.fromMs, widthPx));
  const panels = new Map<string, { unit: string; lines: PlotLineView[]; streams: Set<string> }>();
  lines.forEach((line, look) => {
    const column = columns.find(({ ref }) => isColumn(ref, line.column));
    const station = stations.find(({ key }) => key === line.station);
    if (column === undefined || station === undefined) return;
    // Columns whose unit is not known yet may be anything: a panel for each stream.
    const id = panelOf(column);
    let panel = panels.get(id);
    if (panel === undefined) {
      panel = { unit: column.unit === null ? '' : unitText(column.unit), lines: [], streams: new Set() };
      panels.set(id, panel);
    }
    panel.streams.add(column.ref.stream);
    panel.lines.push(
      viewOf(
        line,
        look,
        stations.length > 1 ? `${station.name}, ${columnLabel(column)}` : columnLabel(column),
      ),
    );
  });
  return [...panels].map(([id, { unit, lines: own, streams }]) => ({
    id,
    unit,
    lines: own,
    breaks: breaksOf(data, stations, streams, span, binMs),
    isOneStation: stations.length === 1,
  }));
}

/** Columns of one unit share an axis; where no unit is told, those whose names differ in their last letter (`acc_x`, `acc_y`). */
export function panelOf({ ref, name, unit }: ColumnView): string {
  if (unit !== null && unit !== '') return `unit ${unit}`;
  // Before it has a name a column may be anything.
  if (name === null) return `stream ${ref.stream} ${ref.index}`;
  return `stream ${ref.stream} ${name.replace(/[_. ]?[a-zA-Z0-9]$/, '')}`;
}

function viewOf(line: PlotLine, look: number, label: string): PlotLineView {
  const { stream, index } = line.column;
  return {
    id: `${line.station} ${stream} ${index}`,
    label,
    look,
    detail: line.detail,
    overview: line.overview,
  };
}

function breaksOf(
  data: DataModel,
  stations: readonly NamedStation[],
  streams: ReadonlySet<string>,
  { fromMs, toMs }: Span,
  binMs: number,
): Break[] {
  return stations.flatMap((station) =>
    [...streams].flatMap((stream) => data.plot.breaks(station, stream, fromMs, toMs, binMs)),
  );
}

export function isColumn(a: ColumnRef, b: ColumnRef): boolean {
  return a.stream === b.stream && a.index === b.index;
}

/** Columns to begin with: the first stream's, as far as they share a unit. */
export function firstColumns(columns: readonly ColumnView[]): readonly ColumnView[] {
  const [first] = columns;
  if (first === undefined) return [];
  return columns.filter((column) => panelOf(column) === panelOf(first)).slice(0, 3);
}
