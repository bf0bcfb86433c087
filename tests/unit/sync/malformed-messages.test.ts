/** Refusing a malformed message costs no more than taking a good one in: lengths are looked at first, and the first fault ends it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CborValue } from '../../../src/core/cbor.ts';
import * as cbor from '../../../src/core/cbor.ts';
import {
  MAX_BEATS_PER_MESSAGE,
  MAX_CHUNKS_PER_MESSAGE,
  MAX_HEADS_PER_MESSAGE,
  MAX_NAMES_PER_MESSAGE,
  MAX_PULLS_PER_MESSAGE,
  MAX_RANGES,
  MAX_SPACE_TOKENS,
  MAX_WANTS_PER_MESSAGE,
} from '../../../src/sync/limits.ts';
import { decodeMessage, encodeMessage } from '../../../src/sync/messages.ts';
import { bytesOf } from '../identity/test-space.ts';

vi.mock('../../../src/core/cbor.ts', async (importActual) => {
  const actual = await importActual<typeof cbor>();
  return { ...actual, decodeCbor: vi.fn(actual.decodeCbor) };
});

afterEach(() => {
  vi.clearAllMocks();
});

/** A list that knows which of its items were looked at. */
function watched(items: readonly CborValue[]): { list: CborValue; looked: Set<number> } {
  const looked = new Set<number>();
  const list = new Proxy(items, {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looked.add(Number(key));
      return Reflect.get(target, key, receiver);
    },
  });
  return { list: list as CborValue, looked };
}

/** How many items of `items` are looked at where `fieldsWith` puts them, before the message is refused. */
function lookedAt(items: readonly CborValue[], fieldsWith: (list: CborValue) => CborValue[]): number {
  const { list, looked } = watched(items);
  vi.mocked(cbor.decodeCbor).mockReturnValueOnce(fieldsWith(list));
  expect(() => decodeMessage(new Uint8Array(1))).toThrowError(
    expect.objectContaining({ code: 'malformed' }) as Error,
  );
  return looked.size;
}

const SIGNATURE = new Uint8Array(64);
const alias = bytesOf('alias', 8);
const [id, feed] = [bytesOf('id'), new Uint8Array(48)];

/** Every list of every message: how many items it may have, and the message around it. */
const LISTS: readonly [name: string, max: number, around: (list: CborValue) => CborValue[]][] = [
  ['tokens of a proof', MAX_SPACE_TOKENS, (list) => [2, SIGNATURE, list]],
  ['ranges', MAX_RANGES, (list) => [7, alias, list]],
  ['answers to ranges', MAX_RANGES, (list) => [8, alias, list]],
  ['heads in an answer', MAX_HEADS_PER_MESSAGE, (list) => [8, alias, [[null, null, [0, list]]]]],
  ['ranges in an answer', MAX_RANGES, (list) => [8, alias, [[null, null, [1, list]]]]],
  ['heads', MAX_HEADS_PER_MESSAGE, (list) => [9, alias, list]],
  ['wanted entries', MAX_WANTS_PER_MESSAGE, (list) => [10, alias, list]],
  ['entries', 4_096, (list) => [11, alias, feed, [1, 0, null, list], true]],
  ['news', 4_096, (list) => [20, alias, feed, [1, 0, null, list]]],
  [
    'blobs of an entry',
    16,
    (list) => [11, alias, 0, [1, 0, null, [[0, 0, 0, null, list, id, SIGNATURE]]], true],
  ],
  ['names', MAX_NAMES_PER_MESSAGE, (list) => [19, alias, list]],
  ['feeds with holdings', MAX_HEADS_PER_MESSAGE, (list) => [12, alias, list]],
  ['runs of holdings', 8_192, (list) => [12, alias, [[feed, list]]]],
  ['wanted chunks', MAX_CHUNKS_PER_MESSAGE, (list) => [13, alias, 0, list]],
  ['hashes of a chunk’s proof', 40, (list) => [14, alias, 1, list, new Uint8Array(1)]],
  ['blobs to pull', MAX_PULLS_PER_MESSAGE, (list) => [16, alias, list, 1]],
  ['beats', MAX_BEATS_PER_MESSAGE, (list) => [17, alias, list]],
  ['blobs that are held', MAX_PULLS_PER_MESSAGE, (list) => [18, alias, list]],
];

describe.each(LISTS)('a list of %s', (_, max, around) => {
  it('that is too long is refused without a look at what is in it', () => {
    const items = Array.from({ length: max + 1 }, () => 'no such item');
    expect(lookedAt(items, around)).toBe(0);
  });

  it('is refused at its first malformed item', () => {
    const items = Array.from({ length: max }, () => 'no such item');
    expect(lookedAt(items, around)).toBe(1);
  });
});

it('a message as long as a link carries is refused by its length of list, whatever is in it', () => {
  const integers = cbor.encodeCbor([7, alias, new Array(262_000).fill(0)]);
  const pairs = cbor.encodeCbor([8, alias, new Array(87_000).fill([0, 0])]);
  for (const bytes of [integers, pairs])
    expect(() => decodeMessage(bytes)).toThrow(/expected a list of 0 to/);
});

it('a proof names as many spaces as a node may be in, and no more', () => {
  const tokens = (count: number) => Array.from({ length: count }, (_, i) => bytesOf(`token ${i}`));
  const proof = (count: number) => encodeMessage('prove', SIGNATURE, tokens(count));
  expect(decodeMessage(proof(MAX_SPACE_TOKENS)).fields[2]).toEqual(tokens(MAX_SPACE_TOKENS));
  expect(() => decodeMessage(proof(MAX_SPACE_TOKENS + 1))).toThrow(/expected a list/);
});
