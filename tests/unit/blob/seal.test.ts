import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAF_BYTES, leafCount } from '../../../src/blob/merkle.ts';
import { padmeLength } from '../../../src/blob/padme.ts';
import { openBlob, openBlobRange, type SealContext, sealBlob, sealedSize } from '../../../src/blob/seal.ts';
import { openBody, sealBody } from '../../../src/blob/seal-body.ts';
import { concatBytes, equalBytes } from '../../../src/core/bytes.ts';
import type { FeedId, NodeId, SpaceId } from '../../../src/core/ids.ts';
import { blobBytes, nodeCrypto } from './node-crypto.ts';

const context: SealContext = {
  epochKey: blobBytes(32, 'epoch'),
  space: 'a1'.repeat(32) as SpaceId,
  author: 'b2'.repeat(32) as NodeId,
  feed: 'c3'.repeat(16) as FeedId,
};
const salt = blobBytes(32, 'salt');
const FIRST = 16_303 - 8;
const PIECE = 16_368;
const EDGES = [0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + PIECE, FIRST + PIECE + 1, FIRST + 70 * PIECE];

const others: readonly SealContext[] = [
  { ...context, epochKey: blobBytes(32, 'other epoch') },
  { ...context, space: 'a2'.repeat(32) as SpaceId },
  { ...context, author: 'b3'.repeat(32) as NodeId },
  { ...context, feed: 'c4'.repeat(16) as FeedId },
];

describe('sealed blobs', () => {
  test.each(EDGES)('%i bytes come back, plain and padded', async (size) => {
    const plaintext = blobBytes(size);
    for (const pad of ['none', 'padme'] as const) {
      const sealed = await sealBlob(nodeCrypto, context, salt, plaintext, pad);
      expect(sealed.length).toBe(sealedSize(size, pad));
      expect(equalBytes(await openBlob(nodeCrypto, context, sealed), plaintext)).toBe(true);
    }
  });

  test('padded sizes show only what Padmé lets through', async () => {
    const sizes = new Set<number>();
    for (let size = 100_000; size < 110_000; size += 100) sizes.add(sealedSize(size, 'padme'));
    expect(sizes.size).toBeLessThanOrEqual(6);
    expect(padmeLength(100_000)).toBe(100_352);
  });

  test('padding never shrinks, costs at most 12 % and is monotone', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (length) => {
        const padded = padmeLength(length);
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(Math.ceil(length * 1.12));
        expect(padmeLength(length + 1)).toBeGreaterThanOrEqual(padded);
      }),
    );
  });

  test('another key, space, author or feed is told apart before anything is opened', async () => {
    const sealed = await sealBlob(nodeCrypto, context, salt, blobBytes(50_000));
    const untouchable = {
      ...nodeCrypto,
      aeadOpen: () => expect.unreachable('opened before the commitment fitted'),
    };
    for (const other of others) {
      await expect(openBlob(untouchable, other, sealed)).rejects.toMatchObject({ code: 'no-key' });
    }
  });

  test('any flipped bit is noticed', async () => {
    const sealed = await sealBlob(nodeCrypto, context, salt, blobBytes(40_000), 'padme');
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const changed = sealed.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        await expect(openBlob(nodeCrypto, context, changed)).rejects.toMatchObject({
          code: expect.stringMatching(/^(corrupt|no-key|malformed)$/),
        });
      }),
      { numRuns: 150 },
    );
  });

  test('cutting, lengthening, swapping and borrowing leaves is noticed', async () => {
    const sealed = await sealBlob(nodeCrypto, context, salt, blobBytes(60_000));
    const again = await sealBlob(nodeCrypto, context, blobBytes(32, 'second salt'), blobBytes(60_000));
    const leaf = (bytes: Uint8Array, i: number) => bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES);
    expect(leafCount(sealed.length)).toBe(4);
    const forgeries = [
      ...[16_384, 32_768, 49_152, sealed.length - 1, 49_152 + 16, 100, 81, 80, 1, 0].map((n) =>
        sealed.subarray(0, n),
      ),
      concatBytes(sealed, new Uint8Array(1)),
      concatBytes(sealed, new Uint8Array(LEAF_BYTES)),
      concatBytes(leaf(sealed, 0), leaf(sealed, 2), leaf(sealed, 1), leaf(sealed, 3)),
      concatBytes(leaf(sealed, 0), leaf(sealed, 1), leaf(again, 2), leaf(sealed, 3)),
    ];
    for (const forgery of forgeries) {
      await expect(openBlob(nodeCrypto, context, forgery)).rejects.toMatchObject({
        code: expect.stringMatching(/^(corrupt|malformed)$/),
      });
    }
  });

  test('equal plaintexts under two salts share no leaf', async () => {
    const a = await sealBlob(nodeCrypto, context, salt, new Uint8Array(50_000));
    const b = await sealBlob(nodeCrypto, context, blobBytes(32, 'x'), new Uint8Array(50_000));
    for (let i = 0; i < a.length; i += LEAF_BYTES) {
      expect(a.subarray(i + 65, i + 200)).not.toEqual(b.subarray(i + 65, i + 200));
    }
  });

  test('a range opens from the leaves it lies in', async () => {
    const plaintext = blobBytes(150_000);
    for (const pad of ['none', 'padme'] as const) {
      const sealed = await sealBlob(nodeCrypto, context, salt, plaintext, pad);
      await fc.assert(
        fc.asyncProperty(fc.nat(160_000), fc.nat(60_000), async (offset, length) => {
          let bytesRead = 0;
          const read = (from: number, to: number) => {
            bytesRead += to - from;
            return sealed.subarray(from, to);
          };
          const part = await openBlobRange(nodeCrypto, context, sealed.length, read, offset, length);
          expect(equalBytes(part, plaintext.subarray(offset, offset + length))).toBe(true);
          expect(bytesRead).toBeLessThanOrEqual(length + 4 * LEAF_BYTES);
        }),
        { numRuns: 60 },
      );
    }
  });

  test('a source that gives too little or lies about the size is noticed', async () => {
    const sealed = await sealBlob(nodeCrypto, context, salt, blobBytes(50_000));
    const open = (size: number, read: (from: number, to: number) => Uint8Array) =>
      openBlobRange(nodeCrypto, context, size, read, 40_000, 10);
    await expect(open(sealed.length, (from, to) => sealed.subarray(from, to - 1))).rejects.toMatchObject({
      code: 'corrupt',
    });
    await expect(open(49_152 + 15, (from, to) => sealed.subarray(from, to))).rejects.toMatchObject({
      code: 'malformed',
    });
  });

  test('salts and keys of the wrong length are a bug of the caller', async () => {
    await expect(sealBlob(nodeCrypto, context, salt.subarray(1), salt)).rejects.toThrow(RangeError);
    const short = { ...context, epochKey: salt.subarray(1) };
    await expect(sealBlob(nodeCrypto, short, salt, salt)).rejects.toThrow(RangeError);
  });
});

describe('sealed bodies', () => {
  const aad = blobBytes(90, 'header');

  test('any body comes back with its associated data, and no bit of either can change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (body, where) => {
        const sealed = await sealBody(nodeCrypto, context, salt, body, aad);
        expect(sealed.length).toBe(body.length + 80);
        expect(await openBody(nodeCrypto, context, sealed, aad)).toEqual(new Uint8Array(body));
        const bit = where % (sealed.length * 8);
        sealed[bit >> 3] = (sealed[bit >> 3] as number) ^ (1 << (bit & 7));
        await expect(openBody(nodeCrypto, context, sealed, aad)).rejects.toMatchObject({
          code: bit < 512 ? 'no-key' : 'corrupt',
        });
      }),
      { numRuns: 50 },
    );
    const sealed = await sealBody(nodeCrypto, context, salt, salt, aad);
    await expect(openBody(nodeCrypto, context, sealed, salt)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(openBody(nodeCrypto, context, sealed.subarray(0, 79), aad)).rejects.toMatchObject({
      code: 'malformed',
    });
  });

  test('another key or place does not open it', async () => {
    const sealed = await sealBody(nodeCrypto, context, salt, salt, aad);
    for (const other of others) {
      await expect(openBody(nodeCrypto, other, sealed, aad)).rejects.toMatchObject({ code: 'no-key' });
    }
  });

  test('a body key is never a blob key', async () => {
    const body = await sealBody(nodeCrypto, context, salt, salt, aad);
    const blob = await sealBlob(nodeCrypto, context, salt, salt);
    expect(body.subarray(32, 64)).not.toEqual(blob.subarray(33, 65));
  });
});
