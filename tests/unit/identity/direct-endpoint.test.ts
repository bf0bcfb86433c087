import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DirectAddress,
  directAddressText,
  directEndpointText,
  isDirectEndpoint,
  MAX_DIRECT_LENGTH,
  parseDirectEndpoint,
} from '../../../src/identity/direct-endpoint.ts';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { encodeInvite, isMeetingPlace, parseInvite } from '../../../src/identity/invite.ts';
import { bytesOf, TestSpace } from './test-space.ts';

const certificateHash = new Uint8Array(32).map((_, i) => i);
const HASH = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';

const address: fc.Arbitrary<DirectAddress> = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
});

describe('a direct endpoint', () => {
  it('is text with addresses, ports and a hash', () => {
    const addresses = [
      { address: '192.0.2.7', port: 4477 },
      { address: '2001:db8::7', port: 4478 },
    ];
    const text = directEndpointText({ addresses, certificateHash });
    expect(text).toBe(`direct:192.0.2.7:4477,[2001:db8::7]:4478#${HASH}`);
    expect(parseDirectEndpoint(text)).toEqual({ addresses, certificateHash });
    expect([isDirectEndpoint(text), isDirectEndpoint('ws://192.0.2.7:7070')]).toEqual([true, false]);
  });

  it('comes back with as many of its addresses as have room', () => {
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 6 }), (addresses) => {
        const text = directEndpointText({ addresses, certificateHash });
        expect(text.length).toBeLessThanOrEqual(MAX_DIRECT_LENGTH);
        const read = parseDirectEndpoint(text).addresses;
        expect(read).toEqual(addresses.slice(0, read.length));
        const next = addresses[read.length];
        if (read.length < Math.min(4, addresses.length) && next !== undefined)
          expect(text.length + directAddressText(next).length + 1).toBeGreaterThan(MAX_DIRECT_LENGTH);
      }),
    );
  });

  it.each([
    ['no hash', 'direct:192.0.2.7:4477'],
    ['a short hash', `direct:192.0.2.7:4477#${HASH.slice(1)}`],
    ['a hash with bits to spare', `direct:192.0.2.7:4477#${HASH.slice(0, -1)}9`],
    ['no address', `direct:#${HASH}`],
    ['a name', `direct:relay.example:4477#${HASH}`],
    ['no port', `direct:192.0.2.7#${HASH}`],
    ['port 0', `direct:192.0.2.7:0#${HASH}`],
    ['a port beyond all', `direct:192.0.2.7:65536#${HASH}`],
    ['a zero before the port', `direct:192.0.2.7:04477#${HASH}`],
    ['no IPv4 address', `direct:192.0.2.256:4477#${HASH}`],
    ['octal digits', `direct:192.0.02.7:4477#${HASH}`],
    ['no IPv6 address', `direct:[2001:::7]:4477#${HASH}`],
    ['IPv6 without brackets', `direct:2001:db8::7:4477#${HASH}`],
    ['a card’s name', `direct:[fe80::1%eth0]:4477#${HASH}`],
    ['a line break', `direct:192.0.2.7:4477\r\na=x#${HASH}`],
    ['five addresses', `direct:${'192.0.2.7:1,'.repeat(4)}192.0.2.7:1#${HASH}`],
    ['an empty address', `direct:192.0.2.7:1,#${HASH}`],
    ['too much', `direct:${'[2001:db8:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa]:65535,'.repeat(4)}#${HASH}`],
  ])('is not taken with %s', (_what, text) => {
    expect(() => parseDirectEndpoint(text)).toThrow('expected an address to dial directly');
    expect(isMeetingPlace(text)).toBe(false);
  });

  it('stands among the hosts of an invite, and a bad one makes the invite unreadable', () => {
    const space = new TestSpace();
    const { seed, chain } = space.grant(space.admin, 'member');
    const invite = (host: string) => ({
      space: space.id,
      hosts: ['ws://192.0.2.7:7070', host],
      meetSecret: bytesOf('meet'),
      seed,
      chain: encodeChain(chain),
    });
    const good = invite(`direct:192.0.2.7:4477#${HASH}`);
    expect(parseInvite(encodeInvite('http://192.0.2.7:7070/', good))).toEqual(good);
    expect(() => encodeInvite('http://192.0.2.7:7070/', invite('direct:192.0.2.7:4477'))).toThrow(RangeError);
  });

  it('has no form without an address', () => {
    expect(() => directEndpointText({ addresses: [], certificateHash })).toThrow(RangeError);
    expect(() =>
      directEndpointText({ addresses: [{ address: 'relay.example', port: 1 }], certificateHash }),
    ).toThrow(RangeError);
  });
});
