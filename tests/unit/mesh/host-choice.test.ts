import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/hash.ts';
import { choiceTopic, costOf, MAX_WEIGHT, rankHosts } from '../../../src/mesh/host-choice.ts';
import vectors from '../../vectors/host-choice.json' with { type: 'json' };

const topicOf = (n: number) => sha256(toUtf8(`space ${n}`));
const names = (hosts: readonly { name: string }[]) => hosts.map(({ name }) => name);

const host = fc.record({
  name: fc.string({ minLength: 1, maxLength: 40 }),
  weight: fc.integer({ min: 1, max: MAX_WEIGHT }),
});
const hosts = fc.uniqueArray(host, { selector: ({ name }) => name, minLength: 1, maxLength: 30 });
const topic = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('vectors of the choice', () => {
  it('costs', () => {
    for (const { draw, cost } of vectors.costs) expect(costOf(draw)).toBe(cost);
  });

  it.each(vectors.spaces)('the order of $meetSecret', ({ meetSecret, topic: expected, hosts, order }) => {
    const own = choiceTopic(fromHex(meetSecret));
    expect(toHex(own)).toBe(expected);
    expect(names(rankHosts(own, hosts))).toEqual(order);
    expect(names(rankHosts(own, hosts.toReversed()))).toEqual(order);
  });
});

describe('the logarithm', () => {
  it('is the true one to three units of 2^-24, and whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (draw) => {
        const cost = costOf(draw);
        const exact = -Math.log2((draw | 1) >>> 0) + 32;
        expect(Number.isSafeInteger(cost) && cost >= 1 && cost <= 32 * 2 ** 24).toBe(true);
        expect(Math.abs(cost - exact * 2 ** 24)).toBeLessThanOrEqual(3);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the order of hosts', () => {
  it('does not depend on the order in which they are known', () => {
    fc.assert(
      fc.property(topic, hosts, (key, known) => {
        expect(rankHosts(key, known.toReversed())).toEqual(rankHosts(key, known));
      }),
    );
  });

  it('of the others stays when one is lost, so only its share moves, and it gets it back', () => {
    fc.assert(
      fc.property(topic, hosts, fc.nat(), (key, known, at) => {
        const before = rankHosts(key, known);
        const lost = before[at % before.length];
        const without = known.filter((one) => one !== lost);
        expect(rankHosts(key, without)).toEqual(before.filter((one) => one !== lost));
        expect(rankHosts(key, [...without, ...(lost === undefined ? [] : [lost])])).toEqual(before);
      }),
    );
  });

  it('of the others stays when one weighs more, and that one does not fall back', () => {
    fc.assert(
      fc.property(topic, hosts, fc.nat(), (key, known, at) => {
        const changed = known[at % known.length]?.name;
        const heavier = known.map((one) => (one.name === changed ? { ...one, weight: MAX_WEIGHT } : one));
        const before = names(rankHosts(key, known));
        const after = names(rankHosts(key, heavier));
        expect(after.filter((name) => name !== changed)).toEqual(before.filter((name) => name !== changed));
        expect(after.indexOf(changed ?? '')).toBeLessThanOrEqual(before.indexOf(changed ?? ''));
      }),
    );
  });
});

describe('10,000 spaces over 50 hosts of different weights', () => {
  const SPACES = 10_000;
  const known = Array.from({ length: 50 }, (_, i) => ({ name: `host ${i}`, weight: 8 + (i % 7) * 2 }));
  const totalWeight = known.reduce((sum, { weight }) => sum + weight, 0);
  const orders = Array.from({ length: SPACES }, (_, n) => rankHosts(topicOf(n), known));

  /** The largest load of a host over its weight's share. */
  function worst(places: number, all: readonly (readonly { name: string }[])[], among = known): number {
    const sum = among.reduce((part, { weight }) => part + weight, 0);
    const load = new Map<string, number>();
    for (const order of all)
      for (const { name } of order.slice(0, places)) load.set(name, (load.get(name) ?? 0) + 1);
    return Math.max(
      ...among.map(({ name, weight }) => (load.get(name) ?? 0) / ((places * all.length * weight) / sum)),
    );
  }

  it('put no host above 1.25 of its share, by first choice and by the two in use', () => {
    expect(worst(1, orders)).toBeLessThan(1.25);
    expect(worst(2, orders)).toBeLessThan(1.25);
  });

  it('move a lost host’s share alone, spread by weight over the others', () => {
    const lost = known[6];
    const moved = orders.filter(([first]) => first === lost);
    expect(moved.length / SPACES).toBeGreaterThan(0.75 * ((lost?.weight ?? 0) / totalWeight));
    const left = known.filter((one) => one !== lost);
    for (const [n, [first]] of orders.entries()) {
      if (n % 10 === 0 && first !== lost) expect(rankHosts(topicOf(n), left)[0]).toBe(first);
    }
    const afterwards = orders.map((order) => order.filter((one) => one !== lost));
    expect(worst(2, afterwards, left)).toBeLessThan(1.25);
    expect(new Set(moved.map(([, second]) => second)).size).toBeGreaterThan(40);
  });
});
