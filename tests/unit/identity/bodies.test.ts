import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, toHex } from '../../../src/core/bytes.ts';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import type { EntryId, FeedId, NodeId } from '../../../src/core/ids.ts';
import { BODY, MAX_INVITE_USES, MAX_REASON_LENGTH } from '../../../src/identity/bodies.ts';
import { ROLES } from '../../../src/identity/roles.ts';
import { bytesOf } from './test-space.ts';

const raw = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new Uint8Array(bytes));
const id = <T extends string>(length: number): fc.Arbitrary<T> =>
  raw(length).map((bytes) => toHex(bytes) as T);
const key = raw(32);
const node = id<NodeId>(32);
const entryId = id<EntryId>(32);

const BODIES = {
  genesis: fc.record({
    adminSealKey: key,
    recoveryKey: node,
    recoverySealKey: key,
    isPublic: fc.boolean(),
    nonce: raw(16),
  }),
  grant: fc.record({
    inviteKey: key,
    inviteSealKey: key,
    role: fc.constantFrom(...ROLES),
    uses: fc.integer({ min: 1, max: MAX_INVITE_USES }),
    expiresMs: fc.maxSafeNat(),
    owner: fc.option(node),
  }),
  admit: fc.record({
    grant: entryId,
    inviteKey: key,
    redemption: fc.record({ node, sealKey: key, signature: raw(64) }),
  }),
  revoke: fc.record({
    node,
    feeds: fc.array(fc.record({ feed: id<FeedId>(16), seq: fc.maxSafeNat(), id: entryId }), { maxLength: 5 }),
    reason: fc.string({ maxLength: MAX_REASON_LENGTH / 2, unit: 'grapheme-ascii' }),
  }),
  epoch: fc.record({
    of: fc.option(entryId),
    commitment: key,
    boxes: fc.array(
      fc.record({
        recipient: key,
        box: fc.record({ enc: key, ciphertext: fc.uint8Array().map((b) => new Uint8Array(b)) }),
      }),
      { maxLength: 4 },
    ),
  }),
  succeed: fc.record({ heir: node, heirSealKey: key }),
};
type Kind = keyof typeof BODIES;
const KINDS = Object.keys(BODIES) as Kind[];

describe.each(KINDS)('body of a %s entry', (kind) => {
  const { encode, decode } = BODY[kind] as {
    encode(body: unknown): Bytes;
    decode(bytes: Uint8Array): unknown;
  };

  it('comes back as it was', () => {
    fc.assert(
      fc.property(BODIES[kind] as fc.Arbitrary<unknown>, (body) => {
        expect(decode(encode(body))).toEqual(body);
      }),
    );
  });

  it('is refused with a key that does not belong in it, or without one that does', () => {
    fc.assert(
      fc.property(BODIES[kind] as fc.Arbitrary<unknown>, fc.integer({ min: 7, max: 40 }), (body, extra) => {
        const map = new Map(decodeCbor(encode(body), 65_536) as ReadonlyMap<number, CborValue>);
        const first = [...map.keys()][0] as number;
        expect(() => decode(encodeCbor(new Map([...map, [extra, 1]])))).toThrow(/deterministic form/);
        map.delete(first);
        expect(() => decode(encodeCbor(map))).toThrow(/expected/);
      }),
      { numRuns: 20 },
    );
  });

  it('never makes its decoder throw anything but the project’s errors', () => {
    const [sample] = fc.sample(BODIES[kind] as fc.Arbitrary<unknown>, { numRuns: 1, seed: 7 });
    const good = encode(sample);
    const mutated = fc
      .tuple(fc.nat({ max: good.length - 1 }), fc.uint8Array({ maxLength: 9 }))
      .map(([at, bytes]) => {
        const copy = good.slice();
        copy.set(bytes.subarray(0, copy.length - at), at);
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
        try {
          decode(new Uint8Array(bytes));
        } catch (error) {
          expect(isWaystationError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('bodies out of bounds', () => {
  const grant = {
    inviteKey: bytesOf('a'),
    inviteSealKey: bytesOf('b'),
    role: 'member',
    uses: 1,
    expiresMs: 1,
    owner: null,
  } as const;

  it('are not written', () => {
    expect(() => BODY.grant.encode({ ...grant, uses: 0 })).toThrow(RangeError);
    expect(() => BODY.grant.encode({ ...grant, uses: MAX_INVITE_USES + 1 })).toThrow(RangeError);
    expect(() => BODY.grant.encode({ ...grant, expiresMs: -1 })).toThrow(RangeError);
    expect(() => BODY.grant.encode({ ...grant, inviteKey: bytesOf('a', 31) })).toThrow(RangeError);
    const revoke = {
      node: toHex(bytesOf('a')) as NodeId,
      feeds: [],
      reason: 'x'.repeat(MAX_REASON_LENGTH + 1),
    };
    expect(() => BODY.revoke.encode(revoke)).toThrow(RangeError);
  });

  it('are not read', () => {
    const map = decodeCbor(BODY.grant.encode(grant), 65_536) as ReadonlyMap<number, CborValue>;
    for (const [field, value] of [
      [3, 5],
      [3, 'admin'],
      [4, 0],
      [4, MAX_INVITE_USES + 1],
      [5, -1],
      [1, bytesOf('a', 31)],
      [6, null],
    ] as const) {
      expect(() => BODY.grant.decode(encodeCbor(new Map(map).set(field, value)))).toThrow(/expected/);
    }
  });
});
