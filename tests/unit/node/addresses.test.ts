import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLocalUrl, reachOf } from '../../../src/node/addresses.ts';

function address(address: string, internal = false): NetworkInterfaceInfo {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  return { address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 } as NetworkInterfaceInfo;
}
const LAN = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  wlan0: [address('192.168.1.20'), address('fe80::1'), address('2001:db8::20')],
  eth0: [address('10.0.0.5'), address('169.254.3.4')],
};

describe('the addresses of a relay', () => {
  it('are localhost on loopback, and the address itself where it listens on one', () => {
    expect(reachOf('127.0.0.1', LAN)).toEqual({ names: ['localhost'], isLocal: true });
    expect(reachOf('::1', LAN)).toEqual({ names: ['[::1]'], isLocal: true });
    expect(reachOf('192.168.1.20', LAN)).toEqual({ names: ['192.168.1.20'], isLocal: false });
  });

  it('are those that others reach when it listens on all', () => {
    expect(reachOf('0.0.0.0', LAN)).toEqual({ names: ['192.168.1.20', '10.0.0.5'], isLocal: false });
    expect(reachOf('::', LAN).names).toEqual(['192.168.1.20', '10.0.0.5', '[2001:db8::20]']);
  });

  it('are of this machine alone when it is in no network', () => {
    expect(reachOf('0.0.0.0', { lo: LAN.lo })).toEqual({ names: ['localhost'], isLocal: true });
  });

  it('tell which URL means the machine that opens it', () => {
    for (const url of ['ws://localhost:7070', 'ws://127.0.0.1:1', 'wss://[::1]:2/x'])
      expect({ url, local: isLocalUrl(url) }).toEqual({ url, local: true });
    for (const url of ['ws://192.168.1.20:7070', 'wss://relay.example'])
      expect({ url, local: isLocalUrl(url) }).toEqual({ url, local: false });
  });
});
