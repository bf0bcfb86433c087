import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority, keptAuthority } from '../../../../src/node/https/authority.ts';

const NAMES = { name: 'waystation.local', shortId: 'a1B2c3' };
let data: string;
let file: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'waystation-authority-'));
  file = join(data, 'https/authority.pem');
});
afterEach(() => rmSync(data, { recursive: true }));

describe('the authority of a data folder', () => {
  it('is none before it was made, and the same ever after, under the same name', async () => {
    expect(await keptAuthority(data)).toBeUndefined();
    const made = await createAuthority(data, NAMES);
    const kept = await keptAuthority(data);
    expect(kept?.name).toBe('waystation.local');
    expect(kept?.certificate.equals(made.certificate)).toBe(true);
  });

  it('is for its owner’s eyes alone', async () => {
    await createAuthority(data, NAMES);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'https')).mode & 0o777).toBe(0o700);
    chmodSync(file, 0o640);
    await expect(keptAuthority(data)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is never replaced', async () => {
    await createAuthority(data, NAMES);
    const before = readFileSync(file);
    await expect(createAuthority(data, NAMES)).rejects.toThrow();
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(join(data, 'https'))).toEqual(['authority.pem']);
  });

  it('that is damaged is refused with what to do, and not made anew', async () => {
    await createAuthority(data, NAMES);
    const text = readFileSync(file, 'utf8');
    const other = mkdtempSync(join(tmpdir(), 'waystation-authority-'));
    await createAuthority(other, NAMES);
    const foreign = readFileSync(join(other, 'https/authority.pem'), 'utf8');
    rmSync(other, { recursive: true });
    const half = text.indexOf('-----BEGIN CERTIFICATE');
    const broken = ['', 'x', text.slice(0, half), text.slice(half), 'y'.repeat(20_000)];
    for (const content of [
      ...broken,
      text.slice(0, half) + foreign.slice(foreign.indexOf('-----BEGIN CERT')),
    ]) {
      writeFileSync(file, content);
      await expect(keptAuthority(data)).rejects.toMatchObject({ code: 'corrupt' });
      await expect(keptAuthority(data)).rejects.toThrow('Restore it from a copy');
    }
  });
});
