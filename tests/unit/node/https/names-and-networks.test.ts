import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { localNameFrom, suffixedName } from '../../../../src/node/https/local-name.ts';
import { isPrivateAddress } from '../../../../src/node/https/private-networks.ts';
import { certifiedAddresses } from '../../../../src/node/https/serving-certificate.ts';
import { securePlace } from '../../../../src/node/relay-place.ts';

describe('the name in the local network', () => {
  it('is waystation.local, or what the relay is called, as a label of DNS', () => {
    for (const [name, local] of [
      [undefined, 'waystation.local'],
      ['Cupboard', 'cupboard.local'],
      ['Köhler’s hut', 'kohler-s-hut.local'],
      ['  -- ', 'waystation.local'],
      ['谷', 'waystation.local'],
      ['localhost', 'waystation.local'],
      ['a.b/c"<', 'a-b-c.local'],
    ] as const)
      expect({ name, local: localNameFrom(name) }).toEqual({ name, local });
  });

  it('is short enough for a certificate and for DNS, whatever it is made from', () => {
    const name = suffixedName(localNameFrom('very long name '.repeat(20)), 'a1b2c3');
    expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?\.local$/);
    expect(`${name} (relay a1b2c3)`.length).toBeLessThanOrEqual(64);
  });
});

describe('private addresses', () => {
  it('are those of no owner on the internet', () => {
    for (const address of [
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.9.9',
      '127.0.0.1',
      'fd12::1',
      '::1',
    ])
      expect({ address, isPrivate: isPrivateAddress(address) }).toEqual({ address, isPrivate: true });
    for (const address of [
      '172.32.0.1',
      '100.64.0.1',
      '8.8.8.8',
      '2001:db8::1',
      'example.org',
      '',
      'fe80::1%eth0',
    ])
      expect({ address, isPrivate: isPrivateAddress(address) }).toEqual({ address, isPrivate: false });
  });

  it('of this machine are in its certificate, but not those that no URL can name', () => {
    const one = (address: string) => ({ address }) as NetworkInterfaceInfo;
    const interfaces = {
      lo: [one('127.0.0.1'), one('::1')],
      wlan0: [one('192.168.1.20'), one('fe80::1'), one('2001:db8::20'), one('fd00::20')],
      ppp0: [one('203.0.113.7')],
    };
    expect(certifiedAddresses(interfaces)).toEqual(['127.0.0.1', '192.168.1.20', '::1', 'fd00::20']);
  });
});

describe('where a relay with HTTPS is found', () => {
  const ports = {
    listen: '::',
    port: 7070,
    securePort: 7443,
    name: 'waystation.local',
    isAnnounced: true,
    fingerprint: 'AA:BB',
  };

  it('is an address that a phone opens; pages meet over wss, programs over ws', () => {
    const place = securePlace(ports, { names: ['192.168.1.20', '[2001:db8::20]'], isLocal: false });
    expect(place).toMatchObject({
      url: 'http://192.168.1.20:7070',
      hosts: ['wss://waystation.local:7443', 'wss://192.168.1.20:7443', 'ws://192.168.1.20:7070'],
      isLocal: false,
      secure: { url: 'https://waystation.local:7443', here: 'http://localhost:7070', publicNames: [] },
    });
  });

  it('leaves a public address to programs, and names it', () => {
    const place = securePlace(ports, { names: ['203.0.113.7'], isLocal: false });
    expect(place.hosts).toEqual(['wss://waystation.local:7443', 'ws://203.0.113.7:7070']);
    expect(place.secure?.publicNames).toEqual(['203.0.113.7']);
  });

  it('is this machine alone where there is no network', () => {
    const place = securePlace({ ...ports, listen: '127.0.0.1' }, { names: ['localhost'], isLocal: true });
    expect(place).toMatchObject({
      url: 'http://localhost:7070',
      hosts: ['ws://localhost:7070'],
      isLocal: true,
    });
  });

  it('never has more hosts than an invite can hold', () => {
    const names = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    expect(securePlace(ports, { names, isLocal: false }).hosts).toHaveLength(8);
  });
});
