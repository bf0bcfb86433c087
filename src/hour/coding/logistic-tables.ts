/**
 * The logistic function and its inverse as integer tables, made from 65 constants by integer arithmetic alone, so that they are
 * the same on every machine (Math.exp need not be).
 */

/** 32768 ÷ (1 + e^−x), rounded, for x = −8, −7.75, …, 8. */
const KNOTS = [
  11, 14, 18, 23, 30, 38, 49, 63, 81, 104, 133, 171, 219, 281, 360, 461, 589, 753, 961, 1223, 1554, 1969,
  2486, 3124, 3906, 4851, 5978, 7297, 8813, 10513, 12371, 14347, 16384, 18421, 20397, 22255, 23955, 25471,
  26790, 27917, 28862, 29644, 30282, 30799, 31214, 31545, 31807, 32015, 32179, 32307, 32408, 32487, 32549,
  32597, 32635, 32664, 32687, 32705, 32719, 32730, 32738, 32745, 32750, 32754, 32757,
] as const;

const STEPS = 64;

/** Index x + 2048, x in steps of 1/256 from −2048 to 2047: the probability in 1/32768, 11 to 32757. Linear between the knots. */
export const SQUASH: Int32Array = Int32Array.from({ length: 4096 }, (_, i) => {
  const knot = i >> 6;
  const part = i & (STEPS - 1);
  const from = KNOTS[knot] as number;
  const to = KNOTS[knot + 1] as number;
  return from + (((to - from) * part + STEPS / 2) >> 6);
});

/** Index a probability in 1/4096, value −2047 to 2047: the least x whose {@link SQUASH} is not below the middle of that probability. */
export const STRETCH: Int32Array = (() => {
  const table = new Int32Array(4096);
  let x = -2047;
  for (let p = 0; p < table.length; p++) {
    while (x < 2047 && (SQUASH[x + 2048] as number) < p * 8 + 4) x++;
    table[p] = x;
  }
  return table;
})();
