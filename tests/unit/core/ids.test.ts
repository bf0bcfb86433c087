import { ed25519 } from '@noble/curves/ed25519.js';
import { base58 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import {
  blobKey,
  blobRootFrom,
  entryIdFrom,
  feedIdFrom,
  idBytes,
  nodeIdFrom,
  nodeIdText,
  parseNodeId,
  shortNodeId,
  spaceIdFrom,
  stationIdFrom,
} from '../../../src/core/ids.ts';

/**
 * The Ed25519 examples of the W3C did:key method's test vectors (w3c-ccg/did-method-key, test-vectors/ed25519-x25519.json):
 * seed and the identifier that follows from it.
 */
const DID_KEYS = [
  [
    '0000000000000000000000000000000000000000000000000000000000000000',
    'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
  ],
  [
    '0000000000000000000000000000000000000000000000000000000000000001',
    'did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG',
  ],
  [
    '0000000000000000000000000000000000000000000000000000000000000002',
    'did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf',
  ],
] as const;

const malformed = expect.objectContaining({ code: 'malformed' });
const id32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => nodeIdFrom(bytes));

describe('node ids', () => {
  it('are the did:key of the published vectors', () => {
    for (const [seed, did] of DID_KEYS) {
      const id = nodeIdFrom(ed25519.getPublicKey(fromHex(seed)));
      expect(nodeIdText(id)).toBe(did);
      expect(parseNodeId(did)).toBe(id);
    }
  });

  it('are read as did:key, as its bare multibase part, and as hex', () => {
    fc.assert(
      fc.property(id32, (id) => {
        const text = nodeIdText(id);
        expect(text).toMatch(/^did:key:z6Mk/);
        expect(parseNodeId(text)).toBe(id);
        expect(parseNodeId(text.slice('did:key:'.length))).toBe(id);
        expect(parseNodeId(id)).toBe(id);
        expect(text).toContain(`z6Mk${shortNodeId(id)}`);
        expect(shortNodeId(id)).toHaveLength(6);
      }),
    );
  });

  it('are refused with any character changed, cut off or added, or of another kind of key', () => {
    const id = nodeIdFrom(ed25519.getPublicKey(new Uint8Array(32)));
    const text = nodeIdText(id);
    const parses = (one: string): string | undefined => {
      try {
        return parseNodeId(one);
      } catch (error) {
        expect(error).toEqual(malformed);
        return undefined;
      }
    };
    for (let i = 0; i < text.length; i++) {
      expect(parses(text.slice(0, i) + text.slice(i + 1))).not.toBe(id);
      const other = text[i] === '2' ? '3' : '2';
      expect(parses(`${text.slice(0, i)}${other}${text.slice(i + 1)}`)).not.toBe(id);
    }
    for (const wrong of ['', 'did:key:', `${text}#key`, ` ${text}`, text.toUpperCase(), id.toUpperCase()])
      expect(parses(wrong)).toBeUndefined();
    const x25519 = `did:key:z${base58.encode(concatBytes(Uint8Array.of(0xec, 0x01), idBytes(id)))}`;
    expect(parses(x25519)).toBeUndefined();
    expect(
      parses(`did:key:z${base58.encode(concatBytes(Uint8Array.of(0xed, 0x01), new Uint8Array(31)))}`),
    ).toBeUndefined();
    expect(parses(`z${'1'.repeat(100_000)}`)).toBeUndefined();
  });
});

describe('ids', () => {
  it('have the one length of their kind', () => {
    const kinds = [
      [nodeIdFrom, 32],
      [spaceIdFrom, 32],
      [entryIdFrom, 32],
      [blobRootFrom, 32],
      [feedIdFrom, 16],
      [stationIdFrom, 16],
    ] as const;
    for (const [from, length] of kinds) {
      const bytes = Uint8Array.from({ length }, (_, i) => i);
      expect(idBytes(from(bytes))).toEqual(bytes);
      expect(from(bytes)).toBe(toHex(bytes));
      for (const wrong of [0, length - 1, length + 1])
        expect(() => from(new Uint8Array(wrong))).toThrow(malformed);
    }
  });

  it('name a blob by root and size together', () => {
    const root = blobRootFrom(new Uint8Array(32));
    expect(blobKey({ root, size: 1 })).not.toBe(blobKey({ root, size: 11 }));
  });
});
