import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../src/core/cbor.ts';
import { isWaystationError } from '../../../src/core/errors.ts';
import { type NodeId, nodeIdFrom } from '../../../src/core/ids.ts';
import {
  decodeEndpoint,
  type EndpointBody,
  encodeEndpoint,
  isHostAddress,
} from '../../../src/station/endpoint-body.ts';

const NODE: NodeId = nodeIdFrom(new Uint8Array(32).fill(9));
const relay: EndpointBody = {
  node: NODE,
  hostId: 'abc_DEF-1',
  weight: 10,
  addresses: ['wss://waystation.local:7443', 'ws://192.168.1.10:7070', 'wss://[2001:db8::7]:7443'],
};

describe('the body of an announced host', () => {
  it.each([
    relay,
    { ...relay, node: null, weight: 100 },
    { ...relay, weight: 1, addresses: [] },
    { ...relay, addresses: Array.from({ length: 8 }, (_, i) => `ws://h${i}`) },
  ])('reads back as it was written', (body) => {
    expect(decodeEndpoint(encodeEndpoint(body))).toEqual(body);
  });

  it.each([
    ['weight 0', [1, null, 'a', 0, []]],
    ['weight 101', [1, null, 'a', 101, []]],
    ['a weight between two', [1, null, 'a', 1.5, []]],
    ['no host id', [1, null, '', 1, []]],
    ['a host id of 65', [1, null, 'a'.repeat(65), 1, []]],
    ['a host id that is none', [1, null, 'a b', 1, []]],
    ['half a node', [1, new Uint8Array(16), 'a', 1, []]],
    ['nine addresses', [1, null, 'a', 1, Array.from({ length: 9 }, (_, i) => `ws://h${i}`)]],
    ['one address twice', [1, null, 'a', 1, ['ws://h', 'ws://h']]],
    ['an address that is a number', [1, null, 'a', 1, [7]]],
    ['another version', [2, null, 'a', 1, []]],
    ['more than is known', [1, null, 'a', 1, [], 0]],
    ['less', [1, null, 'a', 1]],
  ])('is refused with %s', (_what, wire) => {
    expect(() => decodeEndpoint(encodeCbor(wire as never))).toThrow(/expected a host of a space/);
  });

  it('is refused or read, never anything else, whatever the bytes are', () => {
    const good = encodeEndpoint(relay);
    const changed = fc
      .tuple(fc.nat(good.length - 1), fc.nat(255))
      .map(([at, byte]) => good.map((old, i) => (i === at ? byte : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), changed), (bytes) => {
        try {
          const body = decodeEndpoint(bytes);
          expect(encodeEndpoint(body)).toEqual(new Uint8Array(bytes));
        } catch (error) {
          expect(isWaystationError(error)).toBe(true);
        }
      }),
    );
  });
});

describe('an address', () => {
  it.each([
    'ws://h',
    'wss://relay.example',
    'ws://192.168.1.10:7070',
    'ws://[fd00::1]:7070',
    'wss://xn--bcher-kva.example:7443',
  ])('%s may be announced', (text) => expect(isHostAddress(text)).toBe(true));

  it.each([
    ...[
      'http://h',
      'peerjs://h',
      'ws:h',
      'ws://',
      'h:1',
      '',
      'ws://h/',
      'ws://h/peerjs',
      'ws://h?x',
      'ws://h#x',
    ],
    ...[
      'ws://a:b@h',
      'ws://h:80',
      'wss://h:443',
      'ws://h:0',
      'ws://h:070',
      'ws://h:65536',
      'WS://h',
      'ws://H',
    ],
    ...[
      'ws://bücher.example',
      'ws://1',
      'ws://0x7f.1',
      'ws://10.1',
      'ws://h ',
      'ws://h\\x',
      'ws://-h',
      'ws://h.',
    ],
    ...['ws://localhost:1', 'ws://a.localhost', 'ws://127.0.0.1:7070', 'ws://127.9.9.9', 'ws://0.0.0.0:1'],
    ...['ws://[::1]:1', 'ws://[::]:1', 'ws://[::ffff:7f00:1]:1', 'ws://[0:0::1]', 'ws://[fe80::1%25eth0]'],
    // 0.0.0.0 inside IPv6 leads to the reader's own machine as well.
    ...['ws://[::ffff:0:0]:1', 'ws://[::ffff:ff:1]:1'],
    `ws://${'a'.repeat(196)}`,
  ])('%s may not', (text) => expect(isHostAddress(text)).toBe(false));
});
