/**
 * Steps that are no decimal and no power of two: a browser rounds the gyroscope to tenths of a degree and says it in radians, so that
 * every value is one and the same float64 times a whole number, or a whole number divided by one.
 */
import type { Step } from '../types.ts';
import { refineStep } from './whole-numbers.ts';

const MIN_ROWS = 32;
const SAMPLE_ROWS = 2048;
/** Numbers of the smallest multiples that are asked what the step is: the nearer to 1, the less a rounding hides it. */
const ASKED = 48;
/** Differences below this part of the values' size are roundings, no steps. */
const ROUNDING = 2 ** -40;
/** What {@link refineStep} works in. */
const SCALED = 64;

/** The step of which nearly all of `values` are exact float64 multiples (or quotients), undefined when there is none. */
export function findRealStep(values: Float64Array): Step | undefined {
  if (values.length < MIN_ROWS) return undefined;
  const period = roughStep(values);
  if (period === undefined) return undefined;
  const numbered: { k: number; value: number }[] = [];
  const stride = Math.max(1, Math.floor(values.length / SAMPLE_ROWS));
  for (let i = 0; i < values.length; i += stride) {
    const value = values[i] as number;
    const k = Math.round(value / period);
    if (k !== 0) numbered.push({ k, value });
  }
  numbered.sort((a, b) => Math.abs(a.k) - Math.abs(b.k));
  let best: Step | undefined;
  let most = 0;
  for (const { k, value } of numbered.slice(0, ASKED)) {
    for (const step of [
      { numerator: value / k, denominator: 1 },
      { numerator: 1, denominator: k / value },
    ]) {
      const exact = numbered.filter(
        (one) => (one.k * step.numerator) / step.denominator === one.value,
      ).length;
      if (exact <= most) continue;
      most = exact;
      best = step;
    }
    if (most === numbered.length) break;
  }
  return best !== undefined && best.numerator > 0 && Number.isFinite(best.denominator) ? best : undefined;
}

/** The smallest difference of neighbours that their other differences are multiples of. */
function roughStep(values: Float64Array): number | undefined {
  const steps: number[] = [];
  const sizes: number[] = [];
  const stride = Math.max(1, Math.floor(values.length / SAMPLE_ROWS));
  for (let i = 1; i < values.length; i += stride) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    sizes.push(Math.abs(value));
    const step = Math.abs(value - (values[i - 1] as number));
    if (Number.isFinite(step)) steps.push(step);
  }
  // Nearly the largest: one odd value must not hide the steps of all others.
  const largest = sizes.sort((a, b) => a - b)[Math.floor(sizes.length * 0.95)] ?? 0;
  const real = steps.filter((step) => step > largest * ROUNDING && step <= largest * 4).sort((a, b) => a - b);
  const least = real[0];
  if (least === undefined || real.length < MIN_ROWS / 2) return undefined;
  const scale = SCALED / least;
  const refined = refineStep(
    real.map((step) => step * scale),
    SCALED,
  );
  return refined === undefined || refined.share < 0.9 ? undefined : refined.period / scale;
}
