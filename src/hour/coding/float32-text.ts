/**
 * float32 readings that came as decimal text: a phone writes 9.202576 for the float32 nearest to it, and read as float64 that is
 * no float32 any more. It is the shortest decimal that leads back to one, though, so the float32 is all that has to be kept.
 */

/** Powers of ten that float64 holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));
/** Digits of the decimals tried: all shorter ones are found with 6 (float32 keeps any decimal of six digits apart); 9 are always enough. */
const FEWEST_DIGITS = 6;
const MOST_DIGITS = 9;
const word = new DataView(new ArrayBuffer(8));

/**
 * The float64 that reads like the shortest decimal of at least six digits whose nearest float32 is `float`; `float` itself where 0 or infinite; NaN
 * where powers of ten are not exact (below about 1e-13, above 1e22).
 */
export function shortestDecimal(float: number): number {
  if (float === 0 || !Number.isFinite(float)) return float;
  const size = float < 0 ? -float : float;
  const exponent = decimalExponent(size);
  for (let digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
    const shift = digits - 1 - exponent;
    const power = POWERS[shift < 0 ? -shift : shift];
    if (power === undefined) return Number.NaN;
    const whole = Math.round(shift < 0 ? size / power : size * power);
    const decimal = shift < 0 ? whole * power : whole / power;
    if (Math.fround(decimal) === size) return float < 0 ? -decimal : decimal;
  }
  return Number.NaN;
}

/** ⌊log10 size⌋ for a finite size above 0, NaN below 1e-22. */
function decimalExponent(size: number): number {
  word.setFloat64(0, size);
  // 1233 ÷ 4096 is a little less than log10 2: the guess is right or one too small or large, which the table mends.
  const binary = ((word.getUint16(0) >> 4) & 0x7ff) - 1023;
  let exponent = (binary * 1233) >> 12;
  if (size < powerOf(exponent)) exponent--;
  else if (size >= powerOf(exponent + 1)) exponent++;
  return exponent;
}

function powerOf(exponent: number): number {
  if (exponent >= 0) return POWERS[exponent] ?? Number.POSITIVE_INFINITY;
  return 1 / (POWERS[-exponent] ?? Number.POSITIVE_INFINITY);
}

export interface Float32Text {
  readonly floats: Float64Array;
  /** Values that do not read like their float32, by index. */
  readonly exceptions: readonly { readonly at: number; readonly value: number }[];
}

/** The float32 values that `values` read like, null when more than one in `rowsPerException` does not. */
export function asFloat32Text(values: Float64Array, rowsPerException: number): Float32Text | null {
  const floats = new Float64Array(values.length);
  const exceptions: { at: number; value: number }[] = [];
  const most = Math.floor(values.length / rowsPerException);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const float = Math.fround(value);
    // −0 lies on no grid, and infinities have no steps: both are given apart, with the value before in their place.
    if (value !== 0 && Number.isFinite(float) && shortestDecimal(float) === value) floats[i] = float;
    else if (Object.is(value, 0)) floats[i] = 0;
    else {
      if (exceptions.length >= most) return null;
      exceptions.push({ at: i, value });
      floats[i] = i === 0 ? 0 : (floats[i - 1] as number);
    }
  }
  return { floats, exceptions };
}
