/** A line no larger than a word: means, with the band from least to most behind them, and holes where nothing was recorded. */
import { css, html, svg, type TemplateResult } from 'lit';

export interface LinePoint {
  readonly atMs: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Inner coordinates; the picture is stretched to its place. */
const WIDTH = 200;
const HEIGHT = 40;
const PAD = 3;

export const sparklineStyles = css`
  .sparkline {
    display: block;
    width: 100%;
    height: 40px;
  }
  .sparkline .band {
    fill: var(--ws-plot-1);
    opacity: 0.22;
  }
  .sparkline .line {
    fill: none;
    stroke: var(--ws-plot-1);
    stroke-width: 2;
    stroke-linejoin: round;
    stroke-linecap: round;
    vector-effect: non-scaling-stroke;
  }
`;

/** Runs of points no further apart than `stepMs`. */
export function runsOf<P extends { readonly atMs: number }>(points: readonly P[], stepMs: number): P[][] {
  const runs: P[][] = [];
  let last: P | undefined;
  for (const point of points) {
    if (last === undefined || point.atMs - last.atMs > stepMs) runs.push([]);
    runs.at(-1)?.push(point);
    last = point;
  }
  return runs;
}

/**
 * @param points in the order of time. @param stepMs a larger distance is a hole. @param label read out instead of the picture.
 */
export function sparkline(points: readonly LinePoint[], stepMs: number, label: string): TemplateResult {
  const firstMs = points[0]?.atMs ?? 0;
  const spanMs = Math.max(1, (points.at(-1)?.atMs ?? 0) - firstMs);
  const least = Math.min(...points.map(({ min }) => min));
  const most = Math.max(...points.map(({ max }) => max));
  const x = (ms: number) =>
    points.length === 1 ? WIDTH / 2 : PAD + ((ms - firstMs) / spanMs) * (WIDTH - 2 * PAD);
  // A value that does not change is a line in the middle.
  const y = (value: number) =>
    most === least ? HEIGHT / 2 : HEIGHT - PAD - ((value - least) / (most - least)) * (HEIGHT - 2 * PAD);
  const at = (ms: number, value: number) => `${x(ms).toFixed(1)},${y(value).toFixed(1)}`;
  const drawn = runsOf(points, stepMs).map((run) => {
    const upper = run.map(({ atMs, max }) => at(atMs, max));
    const lower = run.map(({ atMs, min }) => at(atMs, min)).reverse();
    const [alone] = run;
    // A hole on both sides: a stroke of no length is a dot.
    const line =
      run.length === 1 && alone !== undefined
        ? `M${at(alone.atMs, alone.mean)}h0.01`
        : `M${run.map(({ atMs, mean }) => at(atMs, mean)).join('L')}`;
    return svg`<polygon class="band" points=${[...upper, ...lower].join(' ')}></polygon><path class="line" d=${line}></path>`;
  });
  return html`<svg
    class="sparkline"
    role="img"
    aria-label=${label}
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
  >${drawn}</svg>`;
}
