/** Labels of an axis of values: as many decimals as tell them apart, and never wider than the axis. Pure. */

/** Decimals of a step that say something; smaller steps are told with an exponent. */
const MAX_DECIMALS = 6;

/**
 * @param values of the labels, evenly spaced; uPlot may ask for none.
 * @param roomPx what the widest may take.
 * @param widthOf measures a text, px.
 */
export function valueLabels(
  values: readonly number[],
  roomPx: number,
  widthOf: (text: string) => number,
): string[] {
  const step = Math.abs((values[1] ?? 0) - (values[0] ?? 0));
  const decimals = decimalsOf(step);
  const forms: ((value: number) => string)[] = [];
  if (decimals <= MAX_DECIMALS) {
    const plain = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const grouped = new Intl.NumberFormat(undefined, plain);
    const joined = new Intl.NumberFormat(undefined, { ...plain, useGrouping: false });
    const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 3 });
    forms.push(
      (value) => grouped.format(value),
      (value) => joined.format(value),
      (value) => short.format(value),
    );
  }
  for (const digits of [3, 2, 1, 0]) forms.push((value) => value.toExponential(digits));
  const written = forms.map((form) => values.map((value) => form(value === 0 ? 0 : value)));
  const isApart = (labels: readonly string[]) => new Set(labels).size === new Set(values).size;
  const fits = (labels: readonly string[]) => labels.every((label) => widthOf(label) <= roomPx);
  return written.find((labels) => isApart(labels) && fits(labels)) ?? written.find(fits) ?? [];
}

/** Decimals that the step has; more than are told when it is too fine. */
function decimalsOf(step: number): number {
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const scaled = step * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) <= 1e-6 * scaled) return decimals;
  }
  return MAX_DECIMALS + 1;
}
