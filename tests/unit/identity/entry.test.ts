import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BLOB_BYTES } from '../../../src/blob/merkle.ts';
import { type Bytes, concatBytes, toHex } from '../../../src/core/bytes.ts';
import { decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import type { BlobRoot, EntryId, FeedId, NodeId, SpaceId } from '../../../src/core/ids.ts';
import {
  assembleEntry,
  decodeEntry,
  decodeSign1,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  encodeSign1,
  entryVerification,
  MAX_ENTRY_BYTES,
} from '../../../src/feed/entry.ts';
import { bytesOf, nodeCrypto, TestSpace } from './test-space.ts';

const raw = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new Uint8Array(bytes));
const id = <T extends string>(length: number): fc.Arbitrary<T> =>
  raw(length).map((bytes) => toHex(bytes) as T);
const head = fc.record({
  author: id<NodeId>(32),
  feed: id<FeedId>(16),
  seq: fc.maxSafeNat(),
  id: id<EntryId>(32),
});
const blob = fc.record({ root: id<BlobRoot>(32), size: fc.integer({ min: 1, max: MAX_BLOB_BYTES }) });

const header: fc.Arbitrary<EntryHeader> = fc
  .record({
    space: fc.option(id<SpaceId>(32)),
    author: id<NodeId>(32),
    feed: id<FeedId>(16),
    purpose: fc.nat({ max: 9 }),
    seq: fc.oneof(fc.constant(0), fc.maxSafeNat()),
    lamport: fc.maxSafeNat(),
    timeMs: fc.integer({ min: 0, max: 8.64e15 }),
    kind: fc.nat({ max: 300 }),
    blobs: fc.array(blob, { maxLength: 3 }),
    epoch: fc.option(id<EntryId>(32)),
    seen: fc.array(head, { maxLength: 3 }),
    previous: id<EntryId>(32),
    succeeds: fc.option(head),
  })
  .map((one) => ({
    ...one,
    previous: one.seq === 0 ? null : one.previous,
    succeeds: one.seq === 0 ? one.succeeds : null,
  }));

const entry = fc.tuple(header, fc.uint8Array({ maxLength: 200 }), raw(64)).map(([one, body, signature]) => {
  const whole = new Uint8Array(body);
  return assembleEntry(one, whole, encodePayload(encodeHeader(one), whole), signature);
});

function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(isWaystationError(error), String(error)).toBe(true);
  }
}

describe('signed entries', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(decodeEntry(one.bytes)).toEqual(one);
      }),
    );
  });

  it('have one byte form: whatever decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.integer({ min: 0, max: 255 }), (one, at, byte) => {
        const changed = one.bytes.slice();
        changed[at % changed.length] = byte;
        survives(() => {
          const read = decodeEntry(changed);
          const { payload, signature } = decodeSign1(changed, MAX_ENTRY_BYTES);
          expect(encodePayload(encodeHeader(read.header), read.body)).toEqual(payload);
          expect(encodeSign1(payload, signature)).toEqual(changed);
        });
      }),
      { numRuns: 400 },
    );
  });

  it('never make the decoder throw anything but the project’s errors, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        survives(() => decodeEntry(new Uint8Array(bytes)));
        survives(() =>
          decodeEntry(concatBytes(Uint8Array.of(0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0), bytes)),
        );
      }),
      { numRuns: 400 },
    );
    survives(() => decodeEntry(new Uint8Array(MAX_ENTRY_BYTES * 2)));
    survives(() =>
      decodeEntry(concatBytes(Uint8Array.of(0xd2), new Uint8Array(MAX_ENTRY_BYTES - 2).fill(0x81))),
    );
  });

  it('are refused when they are cut off or something follows them', () => {
    const { genesis } = new TestSpace();
    for (let length = 0; length < genesis.bytes.length; length++) {
      expect(() => decodeEntry(genesis.bytes.slice(0, length))).toThrow(/expected/);
    }
    expect(() => decodeEntry(concatBytes(genesis.bytes, Uint8Array.of(0)))).toThrow(/expected/);
  });

  it('are refused in another CBOR form of the same value', () => {
    const { genesis } = new TestSpace();
    const { payload, signature } = decodeSign1(genesis.bytes, MAX_ENTRY_BYTES);
    const [first, body] = decodeCbor(payload, MAX_ENTRY_BYTES) as [ReadonlyMap<number, never>, Uint8Array];
    const reversed = new Map([...first].reverse());
    // A map written in another order: heads and items by hand, for the encoder would sort them.
    const items = [...reversed].map(([key, value]) => concatBytes(encodeCbor(key), encodeCbor(value)));
    const wild = concatBytes(Uint8Array.of(0x82, 0xa0 | reversed.size), ...items, encodeCbor(body));
    expect(() => decodeEntry(encodeSign1(wild, signature))).toThrow(/expected/);
    const extra = encodeCbor([new Map<number, never>([...first, [23, 1 as never]]), body]);
    expect(() => decodeEntry(encodeSign1(extra, signature))).toThrow(/one deterministic form/);
  });

  it('are signed over header and body: a change of either fails verification', () => {
    const { genesis, admin } = new TestSpace();
    expect(nodeCrypto.verify([entryVerification(genesis)])).toEqual([true]);
    const { signature } = decodeSign1(genesis.bytes, MAX_ENTRY_BYTES);
    const later = { ...genesis.header, timeMs: genesis.header.timeMs + 1 };
    const changed = [
      assembleEntry(later, genesis.body, encodePayload(encodeHeader(later), genesis.body), signature),
      assembleEntry(
        genesis.header,
        bytesOf('x'),
        encodePayload(encodeHeader(genesis.header), bytesOf('x')),
        signature,
      ),
    ];
    expect(nodeCrypto.verify(changed.map(entryVerification))).toEqual([false, false]);
    expect(admin.node).toBe(genesis.header.author);
  });
});
