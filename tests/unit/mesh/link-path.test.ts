import { describe, expect, it } from 'vitest';
import { isPrivateAddress, pathKind } from '../../../src/mesh/link-path.ts';

describe('the way of a link', () => {
  it.each([
    '10.0.0.1',
    '127.0.0.1',
    '169.254.7.1',
    '172.16.0.1',
    '172.31.255.1',
    '192.168.1.20',
    '100.64.0.1',
    '::1',
    'fe80::1',
    'fd12::1',
    '::ffff:192.168.0.1',
    '8f0c.local',
  ])('%s is an address of the local network', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '172.15.0.1', '100.128.0.1', '2001:db8::1', '::ffff:8.8.8.8', '::12'])(
    '%s is an address of the internet',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
    },
  );

  it('goes by the other side’s address where it is known, and by the kinds of candidates where it is hidden', () => {
    const host = { type: 'host', address: '192.168.1.2' };
    expect(pathKind(host, { type: 'prflx', address: '192.168.1.3' })).toBe('local');
    expect(pathKind(host, { type: 'host', address: '203.0.113.4' })).toBe('internet');
    expect(pathKind(host, { type: 'prflx', address: null })).toBe('local');
    expect(pathKind({ type: 'srflx', address: null }, { type: 'prflx', address: null })).toBe('internet');
    expect(pathKind(host, { type: 'relay', address: '192.168.1.3' })).toBe('internet');
  });
});
