/**
 * One panel of the plot on uPlot: mean lines by uPlot, under them the band between least and greatest, and gaps hatched. What is only
 * known from entries has dots and a hatched band.
 */
import uPlot from 'uplot';
import { align, type Polyline } from '../model/data-series.ts';
import type { Colours } from './palette.ts';
import { colourOf, dashOf, isWanted, OVERVIEW_DASH, type PlotPanel } from './plot-parts.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './plot-shape.ts';
import { axisLabels } from './time-words.ts';
import { valueLabels } from './value-labels.ts';
import type { Span } from './view-state.ts';

const BAND_ALPHA = 0.22;
const AXIS_PX = 44;
const AXIS_FONT = '13px system-ui, sans-serif';
/** Between two times on the axis at least, and beside each of them. */
const TIME_SPACE_PX = 84;
const TIME_AIR_PX = 14;
/** What an axis of values has for its labels, its ticks and air taken off. */
const VALUE_LABEL_PX = PLOT_LEFT_PX - 10;
/** Gaps of panels with several stations are told at the foot. */
const FOOT_PX = 8;

export interface PanelOptions {
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
  readonly hasTimes: boolean;
  readonly syncKey: string;
  readonly onCursor: (leftPx: number | null) => void;
}

export class PanelPlot {
  readonly plot: uPlot;
  #panel: PlotPanel;
  /** What is shown; uPlot has it only after values were scaled to it. */
  #span: Span;
  readonly #options: PanelOptions;

  constructor(root: HTMLElement, panel: PlotPanel, span: Span, options: PanelOptions) {
    this.#panel = panel;
    this.#span = span;
    this.#options = options;
    this.plot = new uPlot(this.#uPlotOptions(panel, span), this.#data(panel), root);
  }

  /** Whether other data of `panel` can be shown without making the plot anew. */
  fits(panel: PlotPanel): boolean {
    const ids = (one: PlotPanel) => one.lines.map(({ id, look }) => `${id}#${look}`).join(' ');
    return panel.id === this.#panel.id && ids(panel) === ids(this.#panel);
  }

  show(panel: PlotPanel, span: Span): void {
    this.#span = span;
    if (panel !== this.#panel) {
      this.#panel = panel;
      this.plot.setData(this.#data(panel), false);
    }
    this.plot.setScale('x', { min: span.fromMs, max: span.toMs });
  }

  destroy(): void {
    this.plot.destroy();
  }

  #data({ lines }: PlotPanel): uPlot.AlignedData {
    const { x, values } = align(
      lines.flatMap(({ detail, overview }) => [
        { x: detail.x, y: detail.mean },
        { x: overview.x, y: overview.mean },
      ]),
    );
    return [x, ...values] as uPlot.AlignedData;
  }

  #uPlotOptions({ lines }: PlotPanel, span: Span): uPlot.Options {
    const { width, height, colours, hasTimes, syncKey, onCursor } = this.#options;
    const font = AXIS_FONT;
    const grid = { stroke: colours.line, width: 1 };
    const series = lines.flatMap(({ look, label }): uPlot.Series[] => {
      const stroke = colours[colourOf(look)];
      const points = { filter: isolated, size: 5, stroke, fill: stroke };
      return [
        { label, stroke, width: 2, dash: [...dashOf(look)], points },
        { label, stroke, width: 2, dash: [...OVERVIEW_DASH], points: { show: false } },
      ];
    });
    return {
      width,
      height,
      ms: 1,
      padding: [8, PLOT_RIGHT_PX, 0, 0],
      scales: {
        x: { time: true, auto: false, range: (_, min, max) => [min, max], min: span.fromMs, max: span.toMs },
        y: { range: () => this.#valueRange() },
      },
      axes: [
        {
          stroke: colours.ink,
          font,
          grid,
          ticks: grid,
          size: hasTimes ? AXIS_PX : 6,
          space: (plot, _, min, max, widthPx) => timeSpacePx(plot.ctx, max - min, widthPx),
          values: (plot, splits, _, __, step) =>
            hasTimes ? timesThatFit(plot, splits, axisLabels(splits, step)) : splits.map(() => ''),
        },
        {
          stroke: colours.ink,
          font,
          grid,
          ticks: { ...grid, size: 4 },
          gap: 4,
          size: PLOT_LEFT_PX,
          space: 34,
          values: (plot, splits) => valueLabels(splits, VALUE_LABEL_PX, (text) => widthOf(plot.ctx, text)),
        },
      ],
      series: [{}, ...series],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        sync: { key: syncKey, setSeries: false },
        points: { size: 8 },
      },
      hooks: {
        drawAxes: [(plot) => this.#paint(plot)],
        setCursor: [(plot) => onCursor((plot.cursor.left ?? -1) >= 0 ? (plot.cursor.left ?? null) : null)],
      },
    };
  }

  /** Least and greatest of what is in sight, bands included, with some air. */
  #valueRange(): [number, number] {
    const { fromMs, toMs } = this.#span;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { detail, overview } of this.#panel.lines) {
      for (const line of [detail, overview]) {
        for (let i = 0; i < line.x.length; i++) {
          const x = line.x[i] as number;
          if (x < fromMs || x > toMs) continue;
          const min = line.min[i] ?? null;
          const max = line.max[i] ?? null;
          if (min !== null && Number.isFinite(min) && min < low) low = min;
          if (max !== null && Number.isFinite(max) && max > high) high = max;
        }
      }
    }
    if (!(low <= high)) return [0, 1];
    const air = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.02, 1e-6);
    return [low - air, high + air];
  }

  #paint(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { colours } = this.#options;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    this.#paintBreaks(plot);
    for (const { detail, overview, look } of this.#panel.lines) {
      const colour = colours[colourOf(look)];
      ctx.fillStyle = colour;
      ctx.globalAlpha = BAND_ALPHA;
      fillBand(plot, detail);
      ctx.fillStyle = hatch(ctx, colour);
      ctx.globalAlpha = 0.55;
      fillBand(plot, overview);
    }
    ctx.restore();
  }

  #paintBreaks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const foot = FOOT_PX * devicePixelRatio;
    const tall = this.#panel.isOneStation ? bbox.height : foot;
    ctx.fillStyle = hatch(ctx, this.#options.colours.warn);
    ctx.globalAlpha = this.#panel.isOneStation ? 0.35 : 0.8;
    for (const one of this.#panel.breaks) {
      if (isWanted(one)) continue;
      const { fromMs, toMs } = one;
      const left = Math.max(bbox.left, plot.valToPos(fromMs, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(toMs, 'x', true));
      if (right > left) ctx.fillRect(left, bbox.top + bbox.height - tall, Math.max(2, right - left), tall);
    }
  }
}

/** Width of a label in CSS pixels, its lines one below the other. */
function widthOf(ctx: CanvasRenderingContext2D, text: string): number {
  ctx.save();
  ctx.font = AXIS_FONT;
  const width = Math.max(...text.split('\n').map((line) => ctx.measureText(line).width));
  ctx.restore();
  return width;
}

/** How far apart times must stand for the next not to touch; clocks of twelve hours with fractions of a second take most. */
function timeSpacePx(ctx: CanvasRenderingContext2D, spanMs: number, widthPx: number): number {
  const stepMs = (spanMs * TIME_SPACE_PX) / Math.max(1, widthPx);
  const widest = Math.max(...axisLabels([WIDE_MOMENT_MS], stepMs).map((label) => widthOf(ctx, label)));
  return Math.max(TIME_SPACE_PX, widest + TIME_AIR_PX);
}

/** In September and late in the evening: long in every language. */
const WIDE_MOMENT_MS = new Date(2026, 8, 28, 22, 48, 58, 888).getTime();

/** A label that would leave the picture is left out: half of one is worse than none. */
function timesThatFit(plot: uPlot, splits: readonly number[], labels: readonly string[]): string[] {
  const left = plot.bbox.left / devicePixelRatio;
  return labels.map((label, i) => {
    const half = widthOf(plot.ctx, label) / 2;
    const at = left + plot.valToPos(splits[i] as number, 'x');
    return at - half < 0 || at + half > plot.width ? '' : label;
  });
}

/** The band between least and greatest, stretch by stretch. */
function fillBand(plot: uPlot, line: Polyline): void {
  const { ctx } = plot;
  const { min: fromMs, max: toMs } = plot.scales['x'] ?? {};
  const { min: low, max: high } = plot.scales['y'] ?? {};
  if (fromMs === undefined || toMs === undefined || low === undefined || high === undefined) return;
  if (fromMs === null || toMs === null || low === null || high === null) return;
  const { left, top, width, height } = plot.bbox;
  const px = (ms: number) => left + ((ms - fromMs) / (toMs - fromMs)) * width;
  const py = (value: number) => top + ((high - value) / (high - low)) * height;
  let from = 0;
  for (let i = 0; i <= line.x.length; i++) {
    if (i < line.x.length && line.mean[i] !== null) continue;
    // A single value has no width: it is drawn as a point and a line as tall as its band.
    if (i - from === 1) {
      const x = px(line.x[from] as number);
      const y = py(line.max[from] as number);
      ctx.fillRect(x - 1, y, 2, Math.max(1, py(line.min[from] as number) - y));
    } else if (i > from) {
      ctx.beginPath();
      for (let at = from; at < i; at++) ctx.lineTo(px(line.x[at] as number), py(line.max[at] as number));
      for (let at = i - 1; at >= from; at--) ctx.lineTo(px(line.x[at] as number), py(line.min[at] as number));
      ctx.fill();
    }
    from = i + 1;
  }
}

/** Values with nothing beside them: a line has no way to show them. */
const isolated: uPlot.Series.Points.Filter = (plot, seriesIndex, show) => {
  if (show) return null;
  const values = plot.data[seriesIndex] ?? [];
  const found: number[] = [];
  // The last value, and how many in a row led to it.
  let last = -1;
  let run = 0;
  for (let i = 0; i <= values.length; i++) {
    const value = i < values.length ? values[i] : null;
    if (value === undefined) continue;
    if (value === null) {
      if (run === 1) found.push(last);
      run = 0;
    } else {
      run++;
      last = i;
    }
  }
  return found;
};

const hatches = new Map<string, CanvasPattern | null>();

function hatch(ctx: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  let pattern = hatches.get(colour);
  if (pattern === undefined) {
    const tile = document.createElement('canvas');
    tile.width = 8;
    tile.height = 8;
    const inner = tile.getContext('2d');
    if (inner !== null) {
      inner.strokeStyle = colour;
      inner.lineWidth = 1.5;
      for (const shift of [-8, 0, 8]) {
        inner.moveTo(shift, 8);
        inner.lineTo(shift + 8, 0);
      }
      inner.stroke();
    }
    pattern = ctx.createPattern(tile, 'repeat');
    hatches.set(colour, pattern);
  }
  return pattern ?? colour;
}
