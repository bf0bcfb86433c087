/** Runs of entries on the wire: what comes out is what went in, byte for byte, and nothing else passes for it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import type { EntryId } from '../../../src/core/ids.ts';
import { type Entry, type EntryHeader, headOf, PURPOSE } from '../../../src/feed/entry.ts';
import { MAX_TIME_MS } from '../../../src/hour/limits.ts';
import {
  EMPTY_RUN,
  type RunOnWire,
  runFromWire,
  runToWire,
  wholeBytes,
} from '../../../src/sync/entry-wire.ts';
import { LinkNames } from '../../../src/sync/link-names.ts';
import { decodeMessage, encodeMessage } from '../../../src/sync/messages.ts';
import { Actor, bytesOf, TestSpace } from '../identity/test-space.ts';

const space = new TestSpace();
const author = new Actor('author');
const feed = { author: author.node, feed: toHex(bytesOf('feed', 16)) as EntryHeader['feed'] };
const ALIAS = new Uint8Array(8);

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes) as EntryId);
const uint = fc.oneof(fc.nat(300), fc.maxSafeNat());
const head = fc.record({ author: hex32, feed: fc.constant(feed.feed), seq: uint, id: hex32 });
/** What of an entry is its own. */
const part = fc.record({
  timeMs: fc.nat(MAX_TIME_MS),
  lamport: uint,
  kind: uint,
  epoch: fc.oneof(fc.constant(null), fc.constantFrom('11'.repeat(32), '22'.repeat(32)), hex32),
  blobs: fc.array(fc.record({ root: hex32, size: fc.integer({ min: 1, max: 2 ** 34 }) }), { maxLength: 16 }),
  body: fc.uint8Array({ maxLength: 600 }),
  seen: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.array(head, { maxLength: 3 })),
  succeeds: fc.oneof(fc.constant(null), head),
});
const run = fc
  .tuple(
    fc.oneof(fc.constant(0), fc.nat(1_000_000)),
    fc.constantFrom(...Object.values(PURPOSE)),
    fc.array(part, { minLength: 1, maxLength: 6 }),
  )
  .map(([firstSeq, purpose, parts]): Entry[] => {
    const entries: Entry[] = [];
    for (const [i, { body, succeeds, ...own }] of parts.entries()) {
      const seq = firstSeq + i;
      const before = entries.at(-1)?.id ?? (toHex(bytesOf('before')) as EntryId);
      const header = {
        ...own,
        ...feed,
        space: space.id,
        purpose,
        seq,
        previous: seq === 0 ? null : before,
        succeeds: seq === 0 ? succeeds : null,
      };
      entries.push(author.signEntry(header as unknown as EntryHeader, body));
    }
    return entries;
  });

/** The run as it comes out at the other end of a link. */
function sent(entries: readonly Entry[], isNext: boolean, known: readonly EntryId[]) {
  const [ours, theirs] = [new LinkNames(), new LinkNames()];
  const bytes = entries.map((entry) => entry.bytes);
  const wire = runToWire(ours, space.id, feed, bytes, isNext);
  theirs.learn(ours.takeUnsaid());
  const message = encodeMessage('news', ALIAS, 0, wire);
  const { fields } = decodeMessage(message) as { fields: readonly [number, unknown, unknown, RunOnWire] };
  return { wire, message, out: runFromWire(theirs, space.id, feed, fields[3], () => known) };
}

describe('a run of entries on the wire', () => {
  it('comes out as it went in: bytes, ids and headers', () => {
    fc.assert(
      fc.property(run, fc.boolean(), (entries, isNext) => {
        const before = entries[0]?.header.previous;
        const { out } = sent(entries, isNext, before == null ? [] : [before]);
        expect(out).toEqual(entries);
      }),
      { numRuns: 150 },
    );
  });

  it('is shorter by what both know', () => {
    fc.assert(
      fc.property(run, (entries) => {
        const plain = entries.every(({ header }) => header.seen.length === 0 && header.succeeds === null);
        fc.pre(plain);
        const { message, wire } = sent(entries, false, []);
        const whole = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(message.length).toBeLessThan(whole - 100 * entries.length + 60);
        // What they are taken to weigh is what a disk and a queue will see.
        const weight = wire[3].reduce((sum, entry) => sum + wholeBytes(entry), 0);
        expect(Math.abs(weight - whole)).toBeLessThan(130 * entries.length);
      }),
      { numRuns: 60 },
    );
  });

  it('after two that begin alike, or after none that is known, is not put together', () => {
    const entries = fc.sample(
      run.filter(([first]) => (first?.header.seq ?? 0) > 0),
      1,
    )[0] as Entry[];
    const before = entries[0]?.header.previous as EntryId;
    const twin = `${before.slice(0, 20)}${'0'.repeat(44)}` as EntryId;
    expect(sent(entries, true, [before, before]).out).toEqual(entries);
    expect(sent(entries, true, [before, twin]).out).toBeUndefined();
    expect(sent(entries, true, []).out).toBeUndefined();
    const wrong = sent(entries, true, [twin]).out;
    const isPlain = !(sent(entries, true, [before]).wire[3][0] instanceof Uint8Array);
    if (isPlain) expect(wrong?.map((entry) => headOf(entry).id)).not.toEqual(entries.map(({ id }) => id));
  });

  it('of nothing is nothing', () => {
    expect(runToWire(new LinkNames(), space.id, feed, [], true)).toEqual(EMPTY_RUN);
    expect(runFromWire(new LinkNames(), space.id, feed, EMPTY_RUN, () => [])).toEqual([]);
  });

  it('at an impossible position is refused', () => {
    const item: RunOnWire[3][number] = [0, 0, 0, null, [], new Uint8Array(1), new Uint8Array(64)];
    const before = bytesOf('before');
    for (const wire of [
      [1, 0, before, [item]],
      [1, 5, null, [item]],
      [1, Number.MAX_SAFE_INTEGER, before, [item, item]],
      [1, 5, before, [item.with(3, 0)]],
    ] as RunOnWire[])
      expect(() => runFromWire(new LinkNames(), space.id, feed, wire, () => [])).toThrow(
        expect.objectContaining({ code: 'malformed' }) as Error,
      );
  });
});
