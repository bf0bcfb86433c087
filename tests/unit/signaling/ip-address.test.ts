import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { houseBytes, neighbourhoodBytes, parseIp } from '../../../signaling/ip-address.ts';

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

describe('an IP address', () => {
  it.each([
    ['192.0.2.1', 'c0000201'],
    ['::ffff:192.0.2.1', 'c0000201'],
    ['::FFFF:c000:201', 'c0000201'],
    ['::', '00'.repeat(16)],
    ['::1', `${'00'.repeat(15)}01`],
    ['fe80::1%eth0', `fe80${'00'.repeat(13)}01`],
    ['2001:db8:1234:5678:11:2233:4455:6677', '20010db8123456780011223344556677'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ])('%s is read', (text, bytes) => {
    expect(hex(parseIp(text))).toBe(bytes);
  });

  it('is not made of anything else', () => {
    for (const text of [
      '',
      'localhost',
      '1.2.3',
      '1.2.3.256',
      '01.2.3.4',
      '1:2',
      ':::',
      '1::2::3',
      '::12345',
      '1:2:3:4:5:6:7:8::',
    ])
      expect(parseIp(text), text).toBeUndefined();
  });

  it('is one exactly when Node says so', () => {
    const likely = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom('0', '1', 'f', '.', ':', '::'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(likely, (text) => {
        expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3_000 },
    );
  });

  it('belongs to a house and a neighbourhood', () => {
    const four = parseIp('192.0.2.1') as Uint8Array;
    const six = parseIp('2001:db8::1') as Uint8Array;
    expect([houseBytes(four), neighbourhoodBytes(four), houseBytes(six), neighbourhoodBytes(six)]).toEqual([
      4, 3, 8, 6,
    ]);
  });
});
