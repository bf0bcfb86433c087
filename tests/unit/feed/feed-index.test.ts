import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWaystationError } from '../../../src/core/errors.ts';
import { feedIdFrom } from '../../../src/core/ids.ts';
import { type Entry, headOf, PURPOSE } from '../../../src/feed/entry.ts';
import {
  branchHead,
  FeedIndex,
  MAX_BRANCHES_PER_FEED,
  MAX_FOLLOWED_LAMPORT,
  MAX_LAMPORT,
} from '../../../src/feed/feed-index.ts';
import { AUTHOR, chainAfter, entryAfter, FEED, idsOf, named } from './feed-builder.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const signed = () => true;

/** What a log per branch would hold, by replaying what the index says of every commit. */
class Logged {
  readonly index = new FeedIndex();
  readonly logs = new Map<string, Entry[]>();

  commit(run: readonly Entry[]): void {
    const placed = this.index.place(run);
    const log = this.logs.get(placed.branch.name) ?? [];
    this.logs.set(placed.branch.name, [...log, ...placed.fresh]);
    const taken = this.index.commit(run, signed);
    expect(taken.branch.name).toBe(placed.branch.name);
    expect(idsOf(taken.fresh)).toEqual(idsOf(placed.fresh));
  }

  /** The entries that serving `head` from `from` on reads. */
  read(head: Entry, from: number): Entry[] {
    return this.index.path(headOf(head), from).flatMap((segment) => {
      const log = this.logs.get(segment.branch.name) ?? [];
      return log.slice(segment.from - segment.branch.base, segment.to - segment.branch.base + 1);
    });
  }
}

/** All entries from position 0 to `entry`. */
function lineOf(entry: Entry, all: ReadonlyMap<string, Entry>): Entry[] {
  const line: Entry[] = [];
  for (let at: Entry | undefined = entry; at !== undefined; at = all.get(at.header.previous ?? ''))
    line.unshift(at);
  return line;
}

/** A feed whose author forked itself at random places, up to the limit of branches. */
const forkedFeed = fc
  .array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: MAX_BRANCHES_PER_FEED - 1,
  })
  .map((forks) => {
    const entries = chainAfter(null, 6);
    const tips = [entries.at(-1) as Entry];
    for (const [at, length] of forks) {
      // Hanging on any entry that is no tip (or on nothing) makes one branch more.
      const inner = [null, ...entries.filter((entry) => !tips.includes(entry))];
      const chain = chainAfter(inner[at % inner.length] as Entry | null, length);
      entries.push(...chain);
      tips.push(chain.at(-1) as Entry);
    }
    return { entries, tips };
  });

/** Cuts every line into runs that overlap and repeat, and delivers them in any order until all are placed. */
function deliver(
  into: Logged,
  tips: readonly Entry[],
  all: ReadonlyMap<string, Entry>,
  random: () => number,
) {
  const runs: Entry[][] = [];
  for (const tip of tips) {
    const line = lineOf(tip, all);
    for (let from = 0; from < line.length; ) {
      const to = Math.min(line.length, from + 1 + (random() % 4));
      runs.push(line.slice(Math.max(0, from - (random() % 3)), to));
      from = to;
    }
  }
  let waiting = runs;
  for (let round = 0; waiting.length > 0; round++) {
    if (round > runs.length) throw new Error('runs that never find their place');
    const order = waiting.map((run) => ({ run, rank: random() }));
    order.sort((a, b) => a.rank - b.rank);
    waiting = [];
    for (const { run } of order) {
      try {
        into.commit(run);
      } catch (error) {
        if (!isWaystationError(error, 'not-found')) throw error;
        waiting.push(run);
      }
    }
  }
}

describe('a feed index', () => {
  it('comes to hold the same entries however they were cut into runs and ordered, forks included', () => {
    fc.assert(
      fc.property(forkedFeed, fc.infiniteStream(fc.nat()), ({ entries, tips }, stream) => {
        const random = () => stream.next().value as number;
        const all = new Map(entries.map((entry) => [entry.id as string, entry]));
        const first = new Logged();
        const second = new Logged();
        deliver(first, tips, all, random);
        deliver(second, tips, all, random);
        const heads = (logged: Logged) => idsOf(tips.filter((tip) => logged.index.has(headOf(tip)))).sort();
        expect(heads(first)).toEqual(idsOf(tips).sort());
        expect(
          first.index
            .heads()
            .map((head) => head.id)
            .sort(),
        ).toEqual(idsOf(tips).sort());
        expect(
          second.index
            .heads()
            .map((head) => head.id)
            .sort(),
        ).toEqual(idsOf(tips).sort());
        for (const logged of [first, second]) {
          for (const entry of entries) {
            const line = lineOf(entry, all);
            const from = random() % line.length;
            expect(idsOf(logged.read(entry, from))).toEqual(idsOf(line.slice(from)));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('holds the invariants of its branches', () => {
    fc.assert(
      fc.property(forkedFeed, fc.infiniteStream(fc.nat()), ({ entries, tips }, stream) => {
        const logged = new Logged();
        const all = new Map(entries.map((entry) => [entry.id as string, entry]));
        deliver(logged, tips, all, () => stream.next().value as number);
        const branches = logged.index.branchesOf(AUTHOR, FEED);
        expect(branches).toHaveLength(tips.length);
        expect(new Set(branches.map((branch) => branch.name)).size).toBe(branches.length);
        expect(branches.reduce((sum, branch) => sum + branch.entries.length, 0)).toBe(entries.length);
        for (const branch of branches) {
          expect(branch.entries.length).toBeGreaterThan(0);
          branch.entries.forEach((meta, i) => {
            const entry = all.get(meta.id) as Entry;
            expect(entry.header.seq).toBe(branch.base + i);
            const before =
              i > 0
                ? branch.entries[i - 1]?.id
                : branch.parent?.entries[branch.base - 1 - branch.parent.base]?.id;
            expect(before ?? null).toBe(entry.header.previous);
          });
        }
        expect(logged.index.highestSeq(AUTHOR, FEED)).toBe(Math.max(...entries.map((e) => e.header.seq)));
      }),
      { numRuns: 50 },
    );
  });

  it('tells a fork at position 0 as a branch of its own that hangs on nothing', () => {
    const logged = new Logged();
    const one = chainAfter(null, 3);
    const other = chainAfter(null, 2);
    logged.commit(one);
    logged.commit(other);
    const [main, fork] = logged.index.branchesOf(AUTHOR, FEED);
    expect([main?.base, fork?.base, fork?.parent]).toEqual([0, 0, null]);
    expect(idsOf(logged.read(other[1] as Entry, 0))).toEqual(idsOf(other));
    expect(idsOf(logged.read(other[1] as Entry, 1))).toEqual(idsOf(other.slice(1)));
  });

  it('follows a fork of a fork of a fork, and entries written on behind each', () => {
    const logged = new Logged();
    const main = chainAfter(null, 10);
    const first = chainAfter(main[6] as Entry, 5);
    const second = chainAfter(first[1] as Entry, 5);
    const third = chainAfter(second[0] as Entry, 1);
    for (const run of [main, first, second, third]) logged.commit(run);
    const onMain = chainAfter(main.at(-1) as Entry, 2);
    const onSecond = chainAfter(second.at(-1) as Entry, 2);
    logged.commit(onSecond);
    logged.commit(onMain);
    expect(logged.index.branchesOf(AUTHOR, FEED)).toHaveLength(4);
    const line = [...main.slice(0, 7), ...first.slice(0, 2), ...second, ...onSecond];
    expect(idsOf(logged.read(onSecond[1] as Entry, 0))).toEqual(idsOf(line));
    expect(idsOf(logged.read(onSecond[1] as Entry, 8))).toEqual(idsOf(line.slice(8)));
    expect(logged.index.path(headOf(third[0] as Entry), 0).map(({ from, to }) => [from, to])).toEqual([
      [0, 6],
      [7, 8],
      [9, 9],
      [10, 10],
    ]);
    expect(logged.index.path(headOf(third[0] as Entry), 11)).toEqual([]);
    expect(logged.index.path(headOf(entryAfter(null)), 0)).toEqual([]);
  });

  it('keeps eight branches of a feed and takes no ninth, while those it has go on', () => {
    const logged = new Logged();
    const main = chainAfter(null, 20);
    logged.commit(main);
    const forks = Array.from({ length: MAX_BRANCHES_PER_FEED - 1 }, (_, i) =>
      chainAfter(main[i] as Entry, 2),
    );
    for (const fork of forks) logged.commit(fork);
    expect(() => logged.index.place(chainAfter(main[15] as Entry, 1))).toThrow(code('limit'));
    expect(() => logged.index.place(chainAfter(null, 1))).toThrow(code('limit'));
    logged.commit(chainAfter(forks[3]?.[1] as Entry, 1));
    logged.commit(chainAfter(main[19] as Entry, 1));
    expect(logged.index.branchesOf(AUTHOR, FEED)).toHaveLength(MAX_BRANCHES_PER_FEED);
  });

  it('changes nothing when a run is refused', () => {
    const index = new FeedIndex();
    const main = chainAfter(null, 4);
    index.commit(main, signed);
    const { version } = index;
    const [second, third, fourth] = chainAfter(main[0] as Entry, 3) as [Entry, Entry, Entry];
    const bad: (readonly Entry[])[] = [
      [second, fourth],
      [third, second],
      [second, entryAfter(second, { seq: 3 })],
      [second, entryAfter(second, { previous: third.id })],
      [second, entryAfter(second, { lamport: second.header.lamport })],
      [second, entryAfter(second, { feed: feedIdFrom(named('other', 16)) })],
      [second, entryAfter(second, { purpose: PURPOSE.control })],
      [entryAfter(main[3] as Entry, { purpose: PURPOSE.control })],
      [entryAfter(main[3] as Entry, { lamport: 4 })],
      [entryAfter(main[3] as Entry, { lamport: MAX_LAMPORT + 1 })],
    ];
    for (const run of bad) expect(() => index.commit(run, signed)).toThrow(code('bad-chain'));
    expect(() => index.commit([fourth], signed)).toThrow(code('not-found'));
    expect(() => index.commit([], signed)).toThrow(RangeError);
    expect(index.version).toBe(version);
    expect(index.heads()).toEqual([headOf(main[3] as Entry)]);
    expect(index.branchesOf(AUTHOR, FEED)).toHaveLength(1);
  });

  it('takes a run that begins with what it has, and says what was new', () => {
    const index = new FeedIndex();
    const line = chainAfter(null, 6);
    expect(index.commit(line.slice(0, 3), signed)).toMatchObject({ founded: true });
    const placed = index.commit(line.slice(1), signed);
    expect([placed.founded, idsOf(placed.fresh)]).toEqual([false, idsOf(line.slice(3))]);
    expect(index.commit(line, signed).fresh).toEqual([]);
    // Known, then known again and on to another branch: what is new hangs where it forks.
    const fork = chainAfter(line[4] as Entry, 2);
    const forked = index.commit([...line.slice(2, 5), ...fork], signed);
    expect([forked.founded, forked.branch.base, idsOf(forked.fresh)]).toEqual([true, 5, idsOf(fork)]);
  });

  it('leads its own Lamport number on from what it takes in, but not from one that nobody honest writes', () => {
    const index = new FeedIndex();
    expect(index.nextLamport(null)).toBe(1);
    const [first] = chainAfter(null, 1, { lamport: 40 }) as [Entry];
    index.commit([first], signed);
    expect(index.nextLamport(null)).toBe(41);
    const other = { feed: feedIdFrom(named('liar', 16)) };
    const liar = entryAfter(null, { ...other, lamport: MAX_LAMPORT });
    index.commit([liar], signed);
    expect(index.highestLamport).toBe(40);
    expect(index.nextLamport(headOf(first))).toBe(41);
    const edge = entryAfter(null, {
      feed: feedIdFrom(named('edge', 16)),
      lamport: MAX_FOLLOWED_LAMPORT,
    });
    index.commit([edge], signed);
    expect(index.nextLamport(headOf(first))).toBe(MAX_FOLLOWED_LAMPORT + 1);
    // Whoever was led to the edge still goes on in its own feed, and so does everybody else.
    const beyond = entryAfter(first, { lamport: index.nextLamport(headOf(first)) });
    index.commit([beyond], signed);
    expect(index.nextLamport(headOf(beyond))).toBe(MAX_FOLLOWED_LAMPORT + 2);
    index.commit([entryAfter(beyond, { lamport: index.nextLamport(headOf(beyond)) })], signed);
    expect(index.nextLamport(null)).toBe(MAX_FOLLOWED_LAMPORT + 1);
  });

  it('remembers of each entry whether its own signature was checked', () => {
    const index = new FeedIndex();
    const line = chainAfter(null, 3);
    const { branch } = index.commit(line, (entry) => entry === line[2]);
    expect(branch.entries.map((meta) => meta.verified)).toEqual([false, false, true]);
    expect(branchHead(branch)).toEqual(headOf(line[2] as Entry));
  });
});
