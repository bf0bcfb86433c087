import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes, toHex } from '../../../src/core/bytes.ts';
import { decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { type EntryId, type FeedId, nodeIdFrom, type SpaceId } from '../../../src/core/ids.ts';
import { type Beat, beatPayload, decodeBeat, MAX_BEAT_HEADS } from '../../../src/feed/beat.ts';
import { encodeSign1, signedBytes } from '../../../src/feed/entry.ts';
import { Actor, nodeCrypto, sign } from '../identity/test-space.ts';
import { named } from './feed-builder.ts';

const actor = new Actor('beating');
const raw = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toHex(bytes));
const beat: fc.Arbitrary<Beat> = fc.record({
  space: raw(32) as fc.Arbitrary<SpaceId>,
  author: fc.constant(actor.node),
  timeMs: fc.integer({ min: 0, max: 8.64e15 }),
  heads: fc.array(
    fc.record({
      author: fc.constant(actor.node),
      feed: raw(16) as fc.Arbitrary<FeedId>,
      seq: fc.maxSafeNat(),
      id: raw(32) as fc.Arbitrary<EntryId>,
    }),
    { maxLength: 5 },
  ),
  extra: fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
});

function signed(one: Beat): Bytes {
  const payload = beatPayload(one);
  return encodeSign1(payload, sign(actor.signSeed, signedBytes(payload)));
}

const example: Beat = {
  space: toHex(named('space')) as SpaceId,
  author: actor.node,
  timeMs: 1_767_225_600_000,
  heads: [
    { author: actor.node, feed: toHex(named('f', 16)) as FeedId, seq: 7, id: toHex(named('e')) as EntryId },
  ],
  extra: new Uint8Array(0),
};

describe('a beat', () => {
  it('comes back as it was, with a signature that fits', () => {
    fc.assert(
      fc.property(beat, (one) => {
        const read = decodeBeat(signed(one));
        expect(read.beat).toEqual(one);
        expect(nodeCrypto.verify([read.verification])).toEqual([true]);
      }),
      { numRuns: 50 },
    );
  });

  it('with any one bit flipped is refused or its signature does not fit', () => {
    const bytes = signed(example);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        const { verification } = decodeBeat(flipped);
        // Verifying one bit of every byte keeps the test short.
        if ((bit & 7) === ((bit >> 3) & 7))
          expect(nodeCrypto.verify([verification]), `bit ${bit}`).toEqual([false]);
      } catch (error) {
        expect(isWaystationError(error), `bit ${bit}: ${String(error)}`).toBe(true);
      }
    }
  });

  it('is refused in any other shape, though its author signed it', () => {
    const value = decodeCbor(beatPayload(example), 8_192) as unknown[];
    const head = (value[4] as unknown[])[0] as unknown[];
    const refused = [
      [...value, 0],
      value.slice(0, 5),
      ['waystation/beat/2', ...value.slice(1)],
      value.with(1, named('short', 31)),
      value.with(2, 'author'),
      value.with(3, -1),
      value.with(3, 1.5),
      // No Date can hold it: whoever shows it would be stopped.
      value.with(3, 8.64e15 + 1),
      value.with(4, null),
      value.with(
        4,
        Array.from({ length: MAX_BEAT_HEADS + 1 }, () => head),
      ),
      value.with(4, [[...head, 0]]),
      value.with(4, [head.slice(0, 2)]),
      value.with(4, [head.with(1, -1)]),
      value.with(5, 'extra'),
    ];
    for (const wrong of refused) {
      const payload = encodeCbor(wrong as never);
      const bytes = encodeSign1(payload, sign(actor.signSeed, signedBytes(payload)));
      expect(() => decodeBeat(bytes), JSON.stringify(wrong.length)).toThrow(
        expect.objectContaining({ code: 'malformed' }),
      );
    }
    expect(() => decodeBeat(concatBytes(signed(example), Uint8Array.of(0)))).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
    expect(() => decodeBeat(new Uint8Array(100_000).fill(0xd2))).toThrow(
      expect.objectContaining({ code: 'limit' }),
    );
  });

  it('is not taken for an entry’s signature, nor an entry’s for a beat’s', () => {
    const bytes = signed({ ...example, author: nodeIdFrom(named('somebody else')) });
    expect(nodeCrypto.verify([decodeBeat(bytes).verification])).toEqual([false]);
  });
});
