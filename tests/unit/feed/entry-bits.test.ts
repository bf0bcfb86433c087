import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toUtf8 } from '../../../src/core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import {
  decodeEntry,
  decodeSign1,
  type Entry,
  encodeHeader,
  encodePayload,
  encodeSign1,
  entryVerification,
  MAX_ENTRY_BLOBS,
  MAX_ENTRY_BYTES,
  MAX_SEEN,
} from '../../../src/feed/entry.ts';
import { FIRST_SEALED_KIND, isClearKind, KIND } from '../../../src/feed/kinds.ts';
import { Actor, nodeCrypto } from '../identity/test-space.ts';
import { AUTHOR, entryAfter, FEED } from './feed-builder.ts';

const malformed = expect.objectContaining({ code: 'malformed' });

function signedEntry(): Entry {
  const actor = new Actor('bits');
  const { header } = entryAfter(null, { author: actor.node });
  return actor.signEntry(
    {
      ...header,
      blobs: [{ root: entryAfter(null).id as never, size: 70_000 }],
      epoch: entryAfter(null).id,
      seen: [{ author: AUTHOR, feed: FEED, seq: 3, id: entryAfter(null).id }],
    },
    toUtf8('a body'),
  );
}

/** The payload with its header's map written by hand: [encoded key, encoded value] in this order. */
function payloadOf(pairs: readonly (readonly [CborValue, CborValue])[], body: Uint8Array): Uint8Array {
  const items = pairs.map(([key, value]) => concatBytes(encodeCbor(key), encodeCbor(value)));
  return concatBytes(Uint8Array.of(0x82, 0xa0 | pairs.length), ...items, encodeCbor(body));
}

describe('a signed entry', () => {
  it('with any one bit flipped is refused, or has another id and a signature that does not fit', () => {
    const entry = signedEntry();
    expect(nodeCrypto.verify([entryVerification(entry)])).toEqual([true]);
    let decoded = 0;
    for (let bit = 0; bit < entry.bytes.length * 8; bit++) {
      const flipped = entry.bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      let read: Entry;
      try {
        read = decodeEntry(flipped);
      } catch (error) {
        expect(isWaystationError(error), `bit ${bit}: ${String(error)}`).toBe(true);
        continue;
      }
      decoded++;
      expect(read.id, `bit ${bit}`).not.toBe(entry.id);
      // Every bit changes the id; verifying one bit of every byte keeps the test short.
      if ((bit & 7) === ((bit >> 3) & 7))
        expect(nodeCrypto.verify([entryVerification(read)]), `bit ${bit}`).toEqual([false]);
    }
    expect(decoded).toBeGreaterThan(1_000);
  });

  it('is refused with a header key that this version does not know, wherever it stands', () => {
    const entry = signedEntry();
    const { payload, signature } = decodeSign1(entry.bytes, MAX_ENTRY_BYTES);
    const [header, body] = decodeCbor(payload, MAX_ENTRY_BYTES) as [Map<number, CborValue>, Uint8Array];
    const pairs = [...header];
    expect(decodeEntry(encodeSign1(payloadOf(pairs, body), signature)).id).toBe(entry.id);
    for (const extra of [0, 15, 23, -1, 'x']) {
      const more = encodeCbor(new Map<number | string, CborValue>([...pairs, [extra, 1]]));
      const wild = concatBytes(Uint8Array.of(0x82), more, encodeCbor(body));
      expect(() => decodeEntry(encodeSign1(wild, signature))).toThrow(malformed);
    }
  });

  it('is refused with its header keys in another order, a key twice, or one missing', () => {
    const entry = signedEntry();
    const { payload, signature } = decodeSign1(entry.bytes, MAX_ENTRY_BYTES);
    const [header, body] = decodeCbor(payload, MAX_ENTRY_BYTES) as [Map<number, CborValue>, Uint8Array];
    const pairs = [...header];
    const optional = new Set([11, 12, 13, 14]);
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as (typeof pairs)[number];
      const without = pairs.filter((one) => one !== pair);
      const reordered = [...without, pair];
      if (i < pairs.length - 1)
        expect(() => decodeEntry(encodeSign1(payloadOf(reordered, body), signature))).toThrow(malformed);
      const twice = [...pairs.slice(0, i + 1), pair, ...pairs.slice(i + 1)];
      if (twice.length < 16)
        expect(() => decodeEntry(encodeSign1(payloadOf(twice, body), signature))).toThrow(malformed);
      if (!optional.has(pair[0]))
        expect(() => decodeEntry(encodeSign1(payloadOf(without, body), signature))).toThrow(malformed);
    }
  });

  it('is refused with empty or overlong lists, a previous entry at 0, or a predecessor after 0', () => {
    const first = entryAfter(null);
    const { header } = first;
    const head = { author: AUTHOR, feed: FEED, seq: 0, id: first.id };
    const blob = { root: first.id as never, size: 1 };
    const write = (change: Partial<typeof header>) => {
      const payload = encodePayload(encodeHeader({ ...header, ...change }), toUtf8('x'));
      return encodeSign1(payload, new Uint8Array(64));
    };
    const many = <T>(one: T, count: number): T[] => Array.from({ length: count }, () => one);
    expect(decodeEntry(write({ blobs: many(blob, MAX_ENTRY_BLOBS) })).header.blobs).toHaveLength(
      MAX_ENTRY_BLOBS,
    );
    expect(decodeEntry(write({ seen: many(head, MAX_SEEN) })).header.seen).toHaveLength(MAX_SEEN);
    const wrong = [
      { blobs: many(blob, MAX_ENTRY_BLOBS + 1) },
      { seen: many(head, MAX_SEEN + 1) },
      { blobs: [{ ...blob, size: 0 }] },
      { blobs: [{ ...blob, size: 2 ** 34 + 1 }] },
      { previous: first.id },
      { seq: 1 },
      { seq: 1, previous: first.id, succeeds: head },
      { lamport: -1 },
      { timeMs: 0.5 },
      // No Date can hold it: whoever shows it would be stopped.
      { timeMs: 8.64e15 + 1 },
      { kind: -1 },
    ];
    for (const change of wrong)
      expect(() => decodeEntry(write(change)), JSON.stringify(change)).toThrow(malformed);
    const pairs = [...(decodeCbor(encodeHeader(header), MAX_ENTRY_BYTES) as Map<number, CborValue>)];
    for (const key of [11, 13]) {
      const empty = payloadOf([...pairs, [key, []]], toUtf8('x'));
      expect(() => decodeEntry(encodeSign1(empty, new Uint8Array(64)))).toThrow(malformed);
    }
  });

  it('is bounded: the largest that decodes is what every bound above it reckons with', () => {
    const { header } = entryAfter(null);
    const sized = (body: number) =>
      encodeSign1(encodePayload(encodeHeader(header), new Uint8Array(body)), new Uint8Array(64));
    const overhead = sized(60_000).length - 60_000;
    expect(decodeEntry(sized(MAX_ENTRY_BYTES - overhead)).bytes).toHaveLength(MAX_ENTRY_BYTES);
    expect(() => decodeEntry(sized(MAX_ENTRY_BYTES - overhead + 1))).toThrow(
      expect.objectContaining({ code: 'limit' }),
    );
  });

  it('of an unknown kind or purpose decodes, and says that it is sealed or clear by its number', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (kind, purpose) => {
        const entry = entryAfter(null, { kind, purpose });
        expect(decodeEntry(entry.bytes)).toEqual(entry);
        expect(isClearKind(kind)).toBe(kind < FIRST_SEALED_KIND);
      }),
    );
    expect(Object.values(KIND).filter(isClearKind)).toHaveLength(8);
  });
});
