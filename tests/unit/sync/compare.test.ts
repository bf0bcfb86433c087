/** Learning what the other side has: in few rounds, in few bytes, and without end for nobody. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, toHex } from '../../../src/core/bytes.ts';
import type { EntryId, FeedId, NodeId } from '../../../src/core/ids.ts';
import type { Head, PurposedHead } from '../../../src/feed/entry.ts';
import { HeadSet, LIST_THRESHOLD, type Range } from '../../../src/feed/reconcile.ts';
import { Compare } from '../../../src/sync/compare.ts';
import { MAX_PENDING_HEADS } from '../../../src/sync/limits.ts';
import { LinkNames } from '../../../src/sync/link-names.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/sync/messages.ts';
import type { SessionContext } from '../../../src/sync/session-context.ts';
import { SeededRandom } from '../../sim/random.ts';
import { bytesOf } from '../identity/test-space.ts';

const ALIAS = bytesOf('alias', 8);

function nameOf(head: Head): string {
  return `${head.author}.${head.feed}.${head.seq}.${head.id}`;
}

/** One end of a comparison, with the real messages. */
class End {
  readonly compare: Compare;
  readonly learned = new Map<string, PurposedHead>();
  readonly sent: Bytes[] = [];
  readonly drops: string[] = [];
  readonly strikes: string[] = [];

  constructor(heads: readonly Head[]) {
    const set = new HeadSet(heads);
    const context = {
      link: 1,
      alias: ALIAS,
      names: new LinkNames(),
      mayServe: () => true,
      mayTake: () => true,
      strike: (reason: string) => this.strikes.push(reason),
      replica: { headSet: () => set, index: { branchesOf: () => [{ purpose: 1 }] } },
      out: {
        send: (_link: number, _channel: string, bytes: Bytes) => this.sent.push(bytes),
        drop: (_link: number, reason: string) => this.drops.push(reason),
      },
    } as unknown as SessionContext;
    this.compare = new Compare(
      context,
      (head) => this.learned.set(nameOf(head), head),
      () => undefined,
    );
  }

  take(bytes: Bytes): void {
    const message = decodeMessage(bytes);
    if (message.name === 'ranges') this.compare.onRanges(message.fields);
    else if (message.name === 'compared') this.compare.onCompared(message.fields);
  }
}

/** Lets both ends talk in lockstep; says how many round trips it took and how many bytes went each way. */
function reconcile(a: End, b: End): { rounds: number; bytes: number } {
  a.compare.start();
  b.compare.start();
  let bytes = 0;
  let steps = 0;
  for (; a.sent.length + b.sent.length > 0; steps++) {
    const fromA = a.sent.splice(0);
    const fromB = b.sent.splice(0);
    for (const one of [...fromA, ...fromB]) bytes += one.length;
    for (const one of fromA) b.take(one);
    for (const one of fromB) a.take(one);
    if (steps > 100) throw new Error('no end');
  }
  return { rounds: steps / 2, bytes };
}

function randomHead(random: SeededRandom, author = toHex(random.bytes(32))): Head {
  return {
    author: author as NodeId,
    feed: toHex(random.bytes(16)) as FeedId,
    seq: random.integer(0, 10_000),
    id: toHex(random.bytes(32)) as EntryId,
  };
}

/** `count` heads of authors that have up to four feeds each, some of them forked. */
function randomHeads(random: SeededRandom, count: number): Head[] {
  const heads: Head[] = [];
  while (heads.length < count) {
    const first = randomHead(random);
    heads.push(first);
    for (let i = random.integer(0, 3); i > 0; i--) heads.push(randomHead(random, first.author));
    for (let i = random.chance(0.1) ? random.integer(1, 8) : 0; i > 0; i--)
      heads.push({ ...first, seq: random.integer(0, 50), id: randomHead(random).id });
  }
  return heads.slice(0, count);
}

/** Two sets that share most: some heads are on one side only, some feeds are further on one side. */
const twoSets = fc
  .record({
    seed: fc.integer(),
    shared: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 200, max: 1_500 })),
    onlyA: fc.integer({ min: 0, max: 100 }),
    onlyB: fc.integer({ min: 0, max: 100 }),
    moved: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ seed, shared, onlyA, onlyB, moved }) => {
    const random = new SeededRandom(seed);
    const common = randomHeads(random, shared);
    const behind = randomHeads(random, moved);
    const ahead = behind.map((head) => ({ ...head, seq: head.seq + 7, id: randomHead(random).id }));
    const a = [...common, ...randomHeads(random, onlyA), ...behind];
    const b = [...common, ...randomHeads(random, onlyB), ...ahead];
    return { a, b };
  });

describe('comparing heads', () => {
  it('teaches each side all that the other has, in a few rounds', () => {
    fc.assert(
      fc.property(twoSets, ({ a, b }) => {
        const [left, right] = [new End(a), new End(b)];
        const { rounds } = reconcile(left, right);
        expect(left.compare.done && right.compare.done).toBe(true);
        for (const head of b) expect(left.learned.has(nameOf(head))).toBe(true);
        for (const head of a) expect(right.learned.has(nameOf(head))).toBe(true);
        // Nobody learns of what is not there.
        expect(left.learned.size).toBe(new Set(b.map(nameOf)).size);
        expect(left.compare.told.map(nameOf).sort()).toEqual([...new Set(b.map(nameOf))].sort());
        // 64 heads are listed, 1,024 are split once, 16,384 twice: asking, splitting, splitting, listing.
        expect(rounds).toBeLessThanOrEqual(4);
        expect([left.drops, left.strikes, right.drops, right.strikes]).toEqual([[], [], [], []]);
      }),
      { numRuns: 25 },
    );
  });

  it('tells equal sides that they are equal in one round trip and about a hundred bytes', () => {
    const random = new SeededRandom(1);
    for (const count of [0, 1, 50, 2_000]) {
      const heads = randomHeads(random, count);
      const [left, right] = [new End(heads), new End([...heads].reverse())];
      left.compare.start();
      const [ask] = left.sent.splice(0);
      right.take(ask as Bytes);
      const [answer] = right.sent.splice(0);
      left.take(answer as Bytes);
      expect(left.compare.done).toBe(true);
      expect(left.sent).toEqual([]);
      expect((ask as Bytes).length + (answer as Bytes).length).toBeLessThanOrEqual(64);
      expect(left.learned.size).toBe(new Set(heads.map(nameOf)).size);
      const both = reconcile(new End(heads), new End(heads));
      expect(both.rounds).toBe(1);
      expect(both.bytes).toBeLessThanOrEqual(128);
    }
  });

  it('costs bytes by the difference, not by the size', () => {
    const random = new SeededRandom(2);
    const heads = randomHeads(random, 5_000);
    const news = randomHeads(random, 3);
    const { bytes, rounds } = reconcile(new End(heads), new End([...heads, ...news]));
    const listing = 5_000 * 100;
    expect(bytes).toBeLessThan(listing / 8);
    expect(rounds).toBeLessThanOrEqual(4);
  });

  it('finds a head of the same position with another id, and a missing branch of a fork', () => {
    const random = new SeededRandom(3);
    const heads = randomHeads(random, 300);
    const first = heads[0] as Head;
    const changed = heads.with(0, { ...first, id: randomHead(random).id });
    const [left, right] = [new End(heads), new End(changed)];
    reconcile(left, right);
    expect(left.learned.has(nameOf(changed[0] as Head))).toBe(true);
    const forked = [...heads, { ...first, id: randomHead(random).id }];
    const [one, two] = [new End(heads), new End(forked)];
    reconcile(one, two);
    expect(one.learned.has(nameOf(forked.at(-1) as Head))).toBe(true);
  });
});

describe('comparing with nothing', () => {
  it('learns of every head, however many there are: what a large space holds is not cut short', () => {
    const random = new SeededRandom(6);
    // One more in each of 256 parts than is listed: each is split again.
    const heads = Array.from({ length: (LIST_THRESHOLD + 1) * 256 }, () => randomHead(random));
    const [empty, full] = [new End([]), new End(heads)];
    reconcile(empty, full);
    expect(empty.compare.done).toBe(true);
    expect(empty.learned.size).toBe(heads.length);
    expect([empty.drops, empty.strikes, full.drops, full.strikes]).toEqual([[], [], [], []]);
  });
});

describe('fingerprints of ranges', () => {
  const heads = fc
    .tuple(fc.integer(), fc.integer({ min: 0, max: 400 }))
    .map(([seed, count]) => randomHeads(new SeededRandom(seed), count));

  it('split a range into parts that cover it once, in order, with nothing between', () => {
    fc.assert(
      fc.property(heads, fc.nat(), fc.nat(), (all, i, j) => {
        const set = new HeadSet(all);
        const keys = [null, ...all.map((head) => head.author + head.feed).sort(), null];
        const bounds = [i % keys.length, j % keys.length].sort((x, y) => x - y);
        const range: Range = { lo: keys[bounds[0] as number] ?? null, hi: keys[bounds[1] as number] ?? null };
        if (range.lo === range.hi && range.lo !== null) return;
        const parts = set.split(range);
        expect(parts[0]?.lo).toBe(range.lo);
        expect(parts.at(-1)?.hi).toBe(range.hi);
        for (let k = 1; k < parts.length; k++) expect(parts[k]?.lo).toBe(parts[k - 1]?.hi);
        expect(parts.reduce((sum, part) => sum + part.count, 0)).toBe(set.within(range).length);
        expect(parts.length).toBeLessThanOrEqual(16);
        if (new Set(set.within(range).map((h) => h.author + h.feed)).size > LIST_THRESHOLD)
          expect(parts.length).toBeGreaterThan(1);
      }),
      { numRuns: 100 },
    );
  });

  it('are equal for equal heads in any order and differ for any change of one of them', () => {
    fc.assert(
      fc.property(heads, fc.nat(), (all, at) => {
        const open = { lo: null, hi: null };
        const print = (list: readonly Head[]) => toHex(new HeadSet(list).fingerprint(open).fingerprint);
        expect(print([...all].reverse())).toBe(print(all));
        const one = all[at % Math.max(1, all.length)];
        if (one === undefined) return;
        const changes: Partial<Head>[] = [
          { seq: one.seq + 1 },
          { id: toHex(bytesOf('other')) as EntryId },
          { feed: toHex(bytesOf('other', 16)) as FeedId },
          { author: toHex(bytesOf('other')) as NodeId },
        ];
        for (const change of changes)
          expect(print(all.map((head) => (head === one ? { ...head, ...change } : head)))).not.toBe(
            print(all),
          );
        expect(print(all.filter((head) => head !== one))).not.toBe(print(all));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a peer that compares dishonestly', () => {
  type Answer = Message<'compared'>['fields'][2][number];
  const print = new Uint8Array(16).fill(1);

  function asking(): End {
    const end = new End([]);
    end.compare.start();
    return end;
  }

  function answer(end: End, answers: Answer[]): void {
    end.take(encodeMessage('compared', ALIAS, answers));
  }

  it('is not answered for ranges that overlap or run backwards: one message costs one walk over the heads', () => {
    const end = new End(randomHeads(new SeededRandom(4), 500));
    const [low, high] = [new Uint8Array(48).fill(1), new Uint8Array(48).fill(9)];
    const whole: [Bytes | null, Bytes | null, number, Bytes] = [null, null, 0, print];
    end.take(
      encodeMessage(
        'ranges',
        ALIAS,
        Array.from({ length: 200 }, () => whole),
      ),
    );
    end.take(encodeMessage('ranges', ALIAS, [[high, low, 0, print]]));
    end.take(
      encodeMessage('ranges', ALIAS, [
        [null, high, 0, print],
        [low, null, 0, print],
      ]),
    );
    expect(end.sent).toEqual([]);
    expect(end.strikes).toHaveLength(3);
  });

  it('cannot keep it going by splitting without end', () => {
    const end = asking();
    let asked = 0;
    for (let round = 0; round < 2_000 && end.sent.length > 0 && end.strikes.length === 0; round++) {
      const [message] = end.sent.splice(0, 1);
      const ranges = decodeMessage(message as Bytes);
      if (ranges.name !== 'ranges') throw new Error('expected ranges');
      const answers: Answer[] = [];
      for (const [lo, hi] of ranges.fields[2]) {
        asked++;
        const from = lo ?? new Uint8Array(48);
        const parts = Array.from({ length: 64 }, (_, i) => {
          const bound = from.slice() as Bytes;
          bound[47 - (round % 40)] = i + 1;
          return bound;
        });
        answers.push([
          lo,
          hi,
          [
            1,
            [lo, ...parts].map((bound, i): [Bytes | null, Bytes | null, number, Bytes] => [
              bound,
              parts[i] ?? hi,
              9,
              print,
            ]),
          ],
        ]);
        if (answers.length >= 4) break;
      }
      answer(end, answers);
    }
    expect(end.strikes.length).toBeGreaterThan(0);
    expect(asked).toBeLessThan(20_000);
  });

  it('cannot answer twice, for what was not asked, or with parts that do not lie in the range', () => {
    const end = asking();
    end.sent.length = 0;
    const inside: Answer = [null, null, [0, []]];
    answer(end, [[new Uint8Array(48), null, null]]);
    expect(end.drops).toEqual(['answer-not-asked-for']);
    expect(end.compare.done).toBe(false);
    answer(end, [inside]);
    expect(end.compare.done).toBe(true);
    answer(end, [inside]);
    expect(end.drops).toHaveLength(2);

    const other = asking();
    other.sent.length = 0;
    const [low, high] = [new Uint8Array(48).fill(1), new Uint8Array(48).fill(9)];
    answer(other, [
      [
        null,
        null,
        [
          1,
          [
            [high, low, 5, print],
            [null, high, 5, print],
          ],
        ],
      ],
    ]);
    expect(other.strikes).toHaveLength(1);
    expect(other.sent).toEqual([]);
  });

  it('cannot fill the memory with heads that it makes up', () => {
    const end = asking();
    const random = new SeededRandom(5);
    const made = (): [Bytes, Bytes, number, number, Bytes] => [
      random.bytes(32),
      bytesOf('feed', 16),
      1,
      3,
      bytesOf('id'),
    ];
    // As finely split as it may be, and every part answered with as many heads as a message takes.
    answer(end, [
      [
        null,
        null,
        [
          1,
          Array.from({ length: 256 }, (_, i): [Bytes | null, Bytes | null, number, Bytes] => [
            i === 0 ? null : new Uint8Array(48).fill(0).with(0, i),
            i === 255 ? null : (new Uint8Array(48).fill(0).with(0, i + 1) as Bytes),
            512,
            print,
          ]) as never,
        ],
      ],
    ]);
    // 140 of them are more heads than anybody remembers.
    for (let i = 0; i < 140; i++) {
      const lo = i === 0 ? null : (new Uint8Array(48).with(0, i) as Bytes);
      const hi = i === 255 ? null : (new Uint8Array(48).with(0, i + 1) as Bytes);
      answer(end, [[lo, hi, [0, Array.from({ length: 512 }, made)]]]);
    }
    expect(end.compare.told.length).toBeLessThanOrEqual(MAX_PENDING_HEADS);
  });
});
