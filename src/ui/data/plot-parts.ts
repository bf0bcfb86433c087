/** What a plot is made of, and how its lines look: colour and dash together, so that no line is told by colour alone. */
import { css } from 'lit';
import type { Break, Polyline } from '../model/data-series.ts';
import { PLOT_COLOURS } from './palette.ts';

export interface PlotLineView {
  readonly id: string;
  /** What it is, without its unit. */
  readonly label: string;
  /** Which colour and dash it has. */
  readonly look: number;
  readonly detail: Polyline;
  readonly overview: Polyline;
}

/** Lines of one unit, on one axis of values. */
export interface PlotPanel {
  readonly id: string;
  /** As people write it; empty when not known. */
  readonly unit: string;
  readonly lines: readonly PlotLineView[];
  readonly breaks: readonly Break[];
  /** The gaps are of one station: its panel is hatched as a whole. */
  readonly isOneStation: boolean;
}

/** Nobody recorded then because a person had not started yet or had stopped: no line, and no gap either. */
export function isWanted({ cause }: Pick<Break, 'cause'>): boolean {
  return cause === 'start' || cause === 'stop';
}

const DASHES: readonly (readonly number[])[] = [[], [9, 4], [3, 3], [12, 3, 3, 3]];
/** Of what is only known from entries. */
export const OVERVIEW_DASH: readonly number[] = [2, 4];

export function colourOf(look: number): (typeof PLOT_COLOURS)[number] {
  return PLOT_COLOURS[look % PLOT_COLOURS.length] ?? 'plot-1';
}

export function dashOf(look: number): readonly number[] {
  return DASHES[look % DASHES.length] ?? [];
}

/** Steps that a reader may want to tell apart between the least and the greatest value in sight. */
const TOLD_STEPS = 1_000;
/** Digits of a double that say something. */
const MAX_DECIMALS = 9;

const told = new WeakMap<PlotPanel, number | null>();

/** Decimals that tell values of a panel apart; null where all are alike. Worked out once a panel. */
function decimalsOf(panel: PlotPanel): number | null {
  let decimals = told.get(panel);
  if (decimals === undefined) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { detail, overview } of panel.lines) {
      for (const { min, max } of [detail, overview]) {
        for (let i = 0; i < min.length; i++) {
          const [least, most] = [min[i] ?? null, max[i] ?? null];
          if (least !== null && Number.isFinite(least) && least < low) low = least;
          if (most !== null && Number.isFinite(most) && most > high) high = most;
        }
      }
    }
    const wanted = Math.ceil(-Math.log10((high - low) / TOLD_STEPS));
    decimals = high > low ? Math.min(MAX_DECIMALS, Math.max(0, wanted)) : null;
    told.set(panel, decimals);
  }
  return decimals;
}

/** A value as fine as what is in sight lets it be told. */
export function valueText(value: number, panel: PlotPanel): string {
  if (!Number.isFinite(value)) return String(value);
  const decimals = decimalsOf(panel);
  if (decimals === null) return String(Number(value.toPrecision(6)));
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** Between which values a reading that is not here lies, rounded outwards: an overview is coarser than what it tells of. */
export function rangeText(
  { min, max }: { readonly min: number; readonly max: number },
  panel: PlotPanel,
): string {
  const decimals = decimalsOf(panel);
  if (decimals === null || min === max) return valueText(min, panel);
  const unit = 10 ** Math.max(0, decimals - 1);
  const text = (value: number) => (value / unit + 0).toFixed(Math.max(0, decimals - 1));
  return `${text(Math.floor(min * unit))} – ${text(Math.ceil(max * unit))}`;
}

/** What of uPlot's own stylesheet is needed inside a shadow root. */
export const UPLOT_STYLES = css`
  .uplot {
    width: min-content;
  }
  .u-wrap {
    position: relative;
    user-select: none;
  }
  .u-over,
  .u-under {
    position: absolute;
  }
  .u-under {
    overflow: hidden;
  }
  .uplot canvas {
    display: block;
    position: relative;
    width: 100%;
    height: 100%;
  }
  .u-axis {
    position: absolute;
  }
  .u-cursor-x,
  .u-cursor-y {
    position: absolute;
    left: 0;
    top: 0;
    pointer-events: none;
    will-change: transform;
  }
  .u-hz .u-cursor-x {
    height: 100%;
    border-inline-end: 1.5px solid var(--ws-ink);
  }
  .u-cursor-pt {
    position: absolute;
    top: 0;
    left: 0;
    border-radius: 50%;
    border: 0 solid;
    pointer-events: none;
    will-change: transform;
    background-clip: padding-box !important;
  }
  .u-off,
  .u-select,
  .u-legend {
    display: none;
  }
`;
