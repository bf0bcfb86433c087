/** Who can reach whom: a sparse, connected graph in which most nodes are several hops apart, as in a valley. */
import type { SeededRandom } from './random.ts';

/** Neighbours are looked for among this many nodes on either side. */
const REACH = 5;
/** Now and then two far nodes see each other, from hill to hill or over the internet. */
const FAR_CHANCE = 0.06;

/**
 * Pairs of the numbers 0 to `count` − 1: a connected graph with `meanDegree` links per node on average. Numbers close
 * together are close by.
 */
export function sparseGraph(random: SeededRandom, count: number, meanDegree: number): [number, number][] {
  const pairs = new Map<string, [number, number]>();
  const add = (a: number, b: number) => {
    if (a === b) return;
    const [low, high] = a < b ? [a, b] : [b, a];
    pairs.set(`${low}-${high}`, [low, high]);
  };
  for (let i = 1; i < count; i++) add(i, random.integer(Math.max(0, i - REACH), i));
  const wanted = Math.min((count * meanDegree) / 2, (count * (count - 1)) / 2);
  for (let tries = 0; pairs.size < wanted && tries < 50 * wanted; tries++) {
    const a = random.integer(0, count);
    const b = random.chance(FAR_CHANCE) ? random.integer(0, count) : a + random.integer(1, REACH + 1);
    if (b < count) add(a, b);
  }
  return [...pairs.values()];
}
