import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorityName,
  certificatePem,
  fingerprintOf,
  issueLeaf,
  keyFromPem,
  keyPem,
  makeAuthority,
} from '../../../../src/node/https/certificates.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const authority = makeAuthority({ name: 'waystation.local', shortId: 'a1B2c3' });
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystation-certificates-'));
  writeFileSync(join(folder, 'authority.pem'), certificatePem(authority.certificate));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What OpenSSL says of a certificate when the authority is all it trusts. */
function verdict(certificate: Uint8Array): string {
  const file = join(folder, 'one.pem');
  writeFileSync(file, certificatePem(certificate));
  const words = [
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-CAfile',
    join(folder, 'authority.pem'),
    file,
  ];
  const { status, stdout, stderr } = spawnSync('openssl', words, { encoding: 'utf8' });
  return status === 0 ? 'good' : (/error \d+ at \d depth lookup: (.*)/.exec(stdout + stderr)?.[1] ?? stderr);
}

const leafFor = (...names: string[]) => issueLeaf(authority, names, NOW).certificate;

describe('the authority', () => {
  it('says in the list of a phone whose it is', () => {
    const { subject } = new X509Certificate(authority.certificate);
    expect(subject).toBe('O=Waystation\nCN=waystation.local (relay a1B2c3)');
  });

  it('is good from before it was made until 2049, so that a wrong clock cannot spoil it', () => {
    const { validFrom, validTo } = new X509Certificate(authority.certificate);
    expect([validFrom, validTo]).toEqual(['Jan  1 00:00:00 2025 GMT', 'Dec 31 23:59:59 2049 GMT']);
  });

  it('is read back from its PEM', () => {
    expect(authorityName(authority.certificate)).toBe('waystation.local');
    expect(keyPem(keyFromPem(keyPem(authority.key)))).toBe(keyPem(authority.key));
    expect(authorityName(leafFor('localhost'))).toBeUndefined();
  });

  it('has the fingerprint that others compute', () => {
    const { fingerprint256 } = new X509Certificate(authority.certificate);
    expect(fingerprintOf(authority.certificate)).toBe(fingerprint256);
  });
});

describe('what the authority can vouch for', () => {
  it.each([
    'waystation.local',
    'sub.waystation.local',
    'localhost',
    '127.0.0.1',
    '::1',
    '10.9.8.7',
    '172.16.5.5',
    '192.168.1.20',
    '169.254.1.1',
    'fd00::5',
    'fe80::5',
  ])('%s', (name) => {
    expect(verdict(leafFor(name))).toBe('good');
  });

  it.each([
    'example.org',
    'other.local',
    'local',
    'waystation.local.example.org',
    '*.org',
    '8.8.8.8',
    '172.32.0.1',
    '100.64.0.1',
    '2001:db8::1',
  ])('is not %s, even beside what it may', (name) => {
    expect(verdict(leafFor(name))).toBe('permitted subtree violation');
    expect(verdict(leafFor('waystation.local', name))).toBe('permitted subtree violation');
  });

  it('is no further authority', () => {
    const second = makeAuthority({ name: 'waystation.local', shortId: 'x' });
    const forged = issueLeaf(
      { key: authority.key, certificate: second.certificate },
      ['waystation.local'],
      NOW,
    );
    // Under the same key, but named by another authority: the chain does not close.
    expect(verdict(forged.certificate)).not.toBe('good');
    expect(new X509Certificate(leafFor('waystation.local')).ca).toBe(false);
  });
});

describe('a relay’s own certificate', () => {
  it('lives for 90 days, and is good already for a clock that is a day behind', () => {
    const { validFrom, validTo } = new X509Certificate(leafFor('waystation.local'));
    expect(Date.parse(validTo) - NOW).toBeLessThanOrEqual(90 * DAY_MS);
    expect(Date.parse(validTo) - NOW).toBeGreaterThan(89 * DAY_MS);
    expect(Date.parse(validFrom)).toBeLessThan(NOW - DAY_MS);
  });

  it('has a key of its own every time', () => {
    const [one, other] = [issueLeaf(authority, ['localhost'], NOW), issueLeaf(authority, ['localhost'], NOW)];
    expect(keyPem(one.key)).not.toBe(keyPem(other.key));
  });
});
