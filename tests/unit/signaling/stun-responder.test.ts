/** What the STUN server answers, what it does not, and how little of it can be sent to anybody who did not ask. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../signaling/ip-address.ts';
import {
  decodeStun,
  encodeStun,
  readXorMappedAddress,
  STUN_ATTRIBUTE,
  type StunAttribute,
  type StunEndpoint,
  type StunMessage,
} from '../../../signaling/stun-message.ts';
import {
  BYTES_PER_TOKEN,
  MAX_AMPLIFICATION,
  MAX_STUN_REQUEST_BYTES,
  STUN_LIMITS,
  type StunLimits,
  StunResponder,
} from '../../../signaling/stun-responder.ts';
import vectors from '../../vectors/stun.json' with { type: 'json' };

const TRANSACTION = Uint8Array.from({ length: 12 }, (_, i) => i + 1);
const endpoint = (address: string, port = 40_000): StunEndpoint => ({
  address: parseIp(address) as Uint8Array,
  port,
});
const FOUR = endpoint('192.0.2.7');
const SIX = endpoint('2001:db8::7');

function request(attributes: readonly StunAttribute[] = [], more: Partial<StunMessage> = {}): Uint8Array {
  const base = {
    messageClass: 'request',
    method: 1,
    transaction: TRANSACTION,
    hasFingerprint: false,
  } as const;
  return encodeStun({ ...base, attributes, ...more });
}

function responder(limits: Partial<StunLimits> = {}): StunResponder {
  return new StunResponder({ salt: 12_345, software: 'waystation', limits });
}

function answered(bytes: Uint8Array | undefined): StunMessage {
  const message = bytes && decodeStun(bytes);
  if (message === undefined || typeof message === 'string') throw new Error(`no answer: ${message}`);
  return message;
}

const value = (message: StunMessage, type: number) =>
  message.attributes.find((one) => one.type === type)?.value;
const software = (length: number) => ({ type: STUN_ATTRIBUTE.software, value: new Uint8Array(length) });

describe('a Binding request', () => {
  it.each([
    ['IPv4', FOUR],
    ['IPv6', SIX],
  ])('over %s is told the address that it came from', (_, source) => {
    const message = answered(responder().answer(request(), source, 0));
    expect(message).toMatchObject({ messageClass: 'success', method: 1, transaction: TRANSACTION });
    const mapped = value(message, STUN_ATTRIBUTE.xorMappedAddress) ?? new Uint8Array();
    expect(readXorMappedAddress(mapped, TRANSACTION)).toEqual({
      ...source,
      address: new Uint8Array(source.address),
    });
  });

  it('is answered with its fingerprint when it has one, and with SOFTWARE and FINGERPRINT where there is room', () => {
    const stun = responder();
    expect(stun.answer(request(), FOUR, 0)).toHaveLength(32);
    expect(stun.answer(request(), SIX, 0)).toHaveLength(44);
    expect(stun.answer(request([], { hasFingerprint: true }), FOUR, 0)).toHaveLength(40);
    const roomy = answered(stun.answer(request([software(40)]), FOUR, 0));
    expect(roomy.hasFingerprint).toBe(true);
    expect(Buffer.from(value(roomy, STUN_ATTRIBUTE.software) ?? []).toString()).toBe('waystation');
  });

  it('may carry what RFC 8489 knows and we do not need', () => {
    const types = ['username', 'realm', 'nonce', 'userhash', 'passwordAlgorithm'] as const;
    const attributes = types.map((name) => ({ type: STUN_ATTRIBUTE[name], value: new Uint8Array(8) }));
    expect(answered(responder().answer(request(attributes), FOUR, 0)).messageClass).toBe('success');
    const [, , , longTerm] = vectors.messages;
    const bytes = new Uint8Array(Buffer.from(longTerm?.bytes ?? '', 'hex'));
    expect(answered(responder().answer(bytes, FOUR, 0)).messageClass).toBe('success');
  });

  it('with attributes that must be understood and are not is refused with 420 and their names', () => {
    const stun = responder();
    const unknown = [0x0003, 0x7fff, 0x0003].map((type) => ({ type, value: new Uint8Array(4) }));
    const message = answered(stun.answer(request([...unknown, software(64)]), FOUR, 0));
    expect(message.messageClass).toBe('error');
    const error = value(message, STUN_ATTRIBUTE.errorCode) ?? new Uint8Array();
    expect([error[2], error[3], Buffer.from(error.subarray(4)).toString()]).toEqual([
      4,
      20,
      'Unknown Attribute',
    ]);
    expect(Buffer.from(value(message, STUN_ATTRIBUTE.unknownAttributes) ?? []).toString('hex')).toBe(
      '00037fff',
    );
    const [ice] = vectors.messages;
    const check = answered(stun.answer(new Uint8Array(Buffer.from(ice?.bytes ?? '', 'hex')), FOUR, 0));
    // PRIORITY is ICE’s, which this server does not speak.
    expect(Buffer.from(value(check, STUN_ATTRIBUTE.unknownAttributes) ?? []).toString('hex')).toBe('0024');
    expect(stun.stats()).toMatchObject({ requests: 2, answers: 2, errors: 2 });
  });

  it('is not asked to understand what stands behind its integrity', () => {
    const integrity = { type: STUN_ATTRIBUTE.messageIntegrity, value: new Uint8Array(20) };
    const late = { type: 0x0003, value: new Uint8Array(4) };
    expect(answered(responder().answer(request([integrity, late]), FOUR, 0)).messageClass).toBe('success');
  });
});

describe('silence', () => {
  it('is the answer to everything else, counted by its reason', () => {
    const stun = responder();
    const damaged = request([], { hasFingerprint: true });
    damaged[12] = 99;
    const sent: [string, Uint8Array, StunEndpoint?][] = [
      ['not-stun', new Uint8Array(0)],
      ['not-stun', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n and more')],
      ['not-stun', Uint8Array.of(0x16, 0xfe, 0xfd, ...new Array(40).fill(0))],
      ['bad-length', request([software(8)]).subarray(0, 28)],
      ['bad-fingerprint', damaged],
      ['not-a-request', request([], { messageClass: 'indication' })],
      ['not-a-request', request([], { messageClass: 'success' })],
      ['not-a-request', request([], { messageClass: 'error' })],
      ['unknown-method', request([], { method: 0x003 })],
      ['too-long', request([software(MAX_STUN_REQUEST_BYTES)])],
      ['no-port', request(), { ...FOUR, port: 0 }],
    ];
    const expected: Record<string, number> = {};
    for (const [reason, bytes, source] of sent) {
      expect(stun.answer(bytes, source ?? FOUR, 0), reason).toBeUndefined();
      expected[reason] = (expected[reason] ?? 0) + 1;
    }
    expect(stun.stats()).toMatchObject({ answers: 0, bytesOut: 0, dropped: expected });
  });

  it('meets our own answers, so that two servers cannot be set on each other', () => {
    const [one, other] = [responder(), responder()];
    const first = one.answer(request([{ type: 3, value: new Uint8Array(4) }]), FOUR, 0) as Uint8Array;
    const second = one.answer(request(), FOUR, 0) as Uint8Array;
    expect([other.answer(first, SIX, 0), other.answer(second, SIX, 0)]).toEqual([undefined, undefined]);
  });
});

const anyRequest = fc.record({
  attributes: fc.array(
    fc.record({
      type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== STUN_ATTRIBUTE.fingerprint),
      value: fc.uint8Array({ maxLength: 24 }),
    }),
    { maxLength: 30 },
  ),
  hasFingerprint: fc.boolean(),
  isSix: fc.boolean(),
});

describe('what is sent to whoever is named as the source', () => {
  it('is never more than 2.2 times what came, and no more than came where the RFC needs no more', () => {
    fc.assert(
      fc.property(anyRequest, ({ attributes, hasFingerprint, isSix }) => {
        const asked = request(attributes, { hasFingerprint });
        const answer = responder().answer(asked, isSix ? SIX : FOUR, 0);
        if (answer === undefined) return;
        const message = answered(answer);
        const needed = message.attributes.filter(({ type }) => type !== STUN_ATTRIBUTE.software);
        const bare = encodeStun({ ...message, attributes: needed, hasFingerprint });
        expect(answer.length).toBeLessThanOrEqual(Math.max(asked.length, bare.length));
        expect(answer.length / asked.length).toBeLessThanOrEqual(MAX_AMPLIFICATION);
        if (!isSix) expect(answer.length / asked.length).toBeLessThanOrEqual(1.6);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reaches the bound that is stated, so the bound is true', () => {
    expect((responder().answer(request(), SIX, 0)?.length ?? 0) / 20).toBe(MAX_AMPLIFICATION);
  });

  const FLOOD_MS = 10_000;
  /** Bytes sent to `victims`, taking turns, by as many requests a second as one likes, for ten seconds. */
  function flood(stun: StunResponder, victims: readonly StunEndpoint[], perMs = 4): number {
    let bytes = 0;
    for (let ms = 0; ms < FLOOD_MS; ms++) {
      for (let i = 0; i < perMs; i++) {
        const victim = victims[(ms * perMs + i) % victims.length] as StunEndpoint;
        bytes += stun.answer(request(), victim, ms)?.length ?? 0;
      }
    }
    return bytes;
  }
  const bound = ({ burst, perSecond }: { burst: number; perSecond: number }) =>
    (burst + (FLOOD_MS / 1000) * perSecond) * BYTES_PER_TOKEN;

  it('is bounded for one address, and a flood to it costs nobody else an answer', () => {
    const stun = responder();
    expect(flood(stun, [FOUR])).toBeLessThanOrEqual(bound(STUN_LIMITS.house));
    expect(stun.stats().dropped['rate-address']).toBeGreaterThan(30_000);
    expect(stun.answer(request(), endpoint('198.51.100.1'), FLOOD_MS)).toBeDefined();
  });

  it('is bounded for the addresses of one IPv6 /64 together', () => {
    const addresses = Array.from({ length: 200 }, (_, i) =>
      endpoint(`2001:db8:0:1::${(i + 1).toString(16)}`),
    );
    expect(flood(responder(), addresses)).toBeLessThanOrEqual(bound(STUN_LIMITS.house));
  });

  it('is bounded for the addresses of one IPv4 /24, and of one IPv6 /48', () => {
    const four = Array.from({ length: 250 }, (_, i) => endpoint(`192.0.2.${i + 1}`));
    const six = Array.from({ length: 250 }, (_, i) => endpoint(`2001:db8:1:${i.toString(16)}::1`));
    for (const addresses of [four, six]) {
      const stun = responder();
      expect(flood(stun, addresses)).toBeLessThanOrEqual(bound(STUN_LIMITS.neighbourhood));
      expect(stun.stats().dropped['rate-network']).toBeGreaterThan(30_000);
    }
  });

  it('is bounded for all together, from however many addresses', () => {
    const stun = responder();
    const addresses = Array.from({ length: 60_000 }, (_, i) =>
      endpoint(`10.${i % 200}.${(i >> 8) % 251}.${i % 253}`),
    );
    expect(flood(stun, addresses, 20)).toBeLessThanOrEqual(bound(STUN_LIMITS.total));
    expect(stun.stats().dropped['rate-total']).toBeGreaterThan(0);
  });

  it('is never thrown over, whatever comes', () => {
    const stun = responder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (junk, isFramed) => {
        // Half of it with a header that fits, so that the attributes are looked at.
        const bytes = isFramed
          ? Uint8Array.of(0, 1, 0, junk.length & ~3, 0x21, 0x12, 0xa4, 0x42, ...TRANSACTION, ...junk)
          : junk;
        const whole = isFramed ? bytes.subarray(0, 20 + (junk.length & ~3)) : bytes;
        const answer = stun.answer(whole, FOUR, 1e9);
        if (answer !== undefined) expect(answer.length / whole.length).toBeLessThanOrEqual(MAX_AMPLIFICATION);
      }),
      { numRuns: 3_000 },
    );
  });
});
