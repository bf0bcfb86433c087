/** STUN messages against the vectors of RFC 5769, and against whatever else may come. */
import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../signaling/ip-address.ts';
import {
  decodeStun,
  encodeStun,
  errorCode,
  looksLikeStun,
  readXorMappedAddress,
  STUN_ATTRIBUTE,
  type StunMessage,
  stunLength,
  unknownAttributes,
  xorMappedAddress,
} from '../../../signaling/stun-message.ts';
import vectors from '../../vectors/stun.json' with { type: 'json' };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

function decoded(bytes: Uint8Array): StunMessage {
  const message = decodeStun(bytes);
  if (typeof message === 'string') throw new Error(`refused: ${message}`);
  return message;
}

describe.each(vectors.messages)('RFC 5769 $section, $name', (vector) => {
  const bytes = bytesOf(vector.bytes);

  it('is read', () => {
    const { messageClass, method, transaction, attributes, hasFingerprint } = decoded(bytes);
    expect({ messageClass, method, transaction: hex(transaction) }).toEqual({
      messageClass: vector.class,
      method: 1,
      transaction: vector.transaction,
    });
    const expected = vector.attributes.filter(({ name }) => name !== 'FINGERPRINT');
    expect(attributes.map(({ type, value }) => ({ type, value: hex(value) }))).toEqual(
      expected.map(({ type, value }) => ({ type, value })),
    );
    expect(hasFingerprint).toBe(expected.length < vector.attributes.length);
  });

  it('has the integrity that its key gives, so the vector is copied right', () => {
    const { key } = vector;
    const at = vector.bytes.indexOf('00080014') / 2;
    const secret =
      'realm' in key
        ? createHash('md5').update(`${key.username}:${key.realm}:${key.password}`).digest()
        : key.password;
    const covered = Buffer.from(bytes.subarray(0, at));
    covered.writeUInt16BE(at + 24 - 20, 2);
    expect(createHmac('sha1', secret).update(covered).digest('hex')).toBe(
      hex(bytes.subarray(at + 4, at + 24)),
    );
  });

  it('names the mapped address, and is written the same but for padding', () => {
    const { mapped } = vector;
    if (mapped === undefined) return;
    const message = decoded(bytes);
    const attribute = message.attributes.find(({ type }) => type === STUN_ATTRIBUTE.xorMappedAddress);
    const address = parseIp(mapped.address) as Uint8Array;
    const read = readXorMappedAddress(attribute?.value ?? new Uint8Array(), message.transaction);
    expect(read).toEqual({ address: new Uint8Array(address), port: mapped.port });
    expect(xorMappedAddress({ address, port: mapped.port }, message.transaction)).toEqual(attribute);
    // The vectors pad with spaces, we with zeros: everything else is the same.
    const written = encodeStun(message);
    const differing = [...written.keys()].filter((i) => written[i] !== bytes[i]);
    expect(written.length).toBe(bytes.length);
    expect(differing.filter((i) => i < bytes.length - 4).map((i) => [bytes[i], written[i]])).toEqual([
      [0x20, 0],
    ]);
  });

  it('with one bit flipped is refused, or has lost its fingerprint to another attribute', () => {
    if (!decoded(bytes).hasFingerprint) return;
    for (let bit = 0; bit < (bytes.length - 8) * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const read = decodeStun(flipped);
      expect(typeof read === 'string' || !read.hasFingerprint, `bit ${bit}`).toBe(true);
    }
  });
});

const attribute = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== STUN_ATTRIBUTE.fingerprint),
  value: fc.uint8Array({ maxLength: 40 }),
});
const anyMessage: fc.Arbitrary<StunMessage> = fc.record({
  messageClass: fc.constantFrom('request', 'indication', 'success', 'error'),
  method: fc.integer({ min: 0, max: 0xfff }),
  transaction: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  attributes: fc.array(attribute, { maxLength: 8 }),
  hasFingerprint: fc.boolean(),
});

describe('a STUN message', () => {
  it('comes back as it was written, at the length that was said', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = encodeStun(message);
        expect(looksLikeStun(bytes)).toBe(true);
        expect(decodeStun(bytes)).toEqual(message);
        const lengths = message.attributes.map(({ value }) => value.length);
        expect(bytes.length).toBe(stunLength(lengths, message.hasFingerprint));
      }),
    );
  });

  it('hides every address so that it can be found again', () => {
    const anyAddress = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    const transaction = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(anyAddress, fc.integer({ min: 0, max: 65_535 }), transaction, (address, port, id) => {
        const { value } = xorMappedAddress({ address, port }, id);
        expect(readXorMappedAddress(value, id)).toEqual({ address, port });
        expect(readXorMappedAddress(value.subarray(1), id)).toBeUndefined();
      }),
    );
  });

  it('says errors and unknown attributes as the RFC writes them', () => {
    expect(hex(errorCode(420, 'no').value)).toBe('000004146e6f');
    expect(hex(unknownAttributes([0x0003, 0x7abc]).value)).toBe('00037abc');
  });

  it('is refused, never thrown over, whatever bytes come', () => {
    const mutated = fc.tuple(
      anyMessage,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(60),
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (input) => {
        let bytes: Uint8Array;
        if (input instanceof Uint8Array) bytes = input;
        else {
          const [message, changes, cut] = input;
          bytes = encodeStun(message);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          bytes = bytes.subarray(0, Math.max(0, bytes.length - cut));
        }
        const message = decodeStun(bytes);
        if (typeof message !== 'string') expect(decodeStun(encodeStun(message))).toEqual(message);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is refused with an attribute that leaves it, one after the fingerprint, or a length of its own', () => {
    const base = {
      messageClass: 'request',
      method: 1,
      transaction: new Uint8Array(12),
      hasFingerprint: false,
    } as const;
    const bytes = encodeStun({ ...base, attributes: [{ type: 0x8022, value: new Uint8Array(8) }] });
    bytes[23] = 9;
    expect(decodeStun(bytes)).toBe('bad-attribute');
    const marked = encodeStun({ ...base, attributes: [], hasFingerprint: true });
    const after = new Uint8Array(marked.length + 4);
    after.set(marked);
    after[3] = after.length - 20;
    after[marked.length] = 0x80;
    expect(typeof decodeStun(after)).toBe('string');
    expect(decodeStun(bytes.subarray(0, 28))).toBe('bad-length');
    expect(decodeStun(new Uint8Array(20))).toBe('not-stun');
    expect(() => encodeStun({ ...base, transaction: new Uint8Array(11), attributes: [] })).toThrow(
      RangeError,
    );
  });
});
