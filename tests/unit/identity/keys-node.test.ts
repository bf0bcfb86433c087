import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { loadOrCreateNodeKeys, placeNodeKeys } from '../../../src/identity/keys.node.ts';
import { makeSeeds } from '../station/moving-world.ts';
import { nodeCrypto } from './test-space.ts';

describe('keys on disk', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'waystation-keys-')), 'keys');
    path = join(directory, 'node.pem');
  });
  afterEach(async () => {
    await rm(join(directory, '..'), { recursive: true });
  });

  it('are made once, in one file that only the owner may read', async () => {
    const made = await loadOrCreateNodeKeys(directory);
    const again = await loadOrCreateNodeKeys(directory);
    expect(again.publicKey).toEqual(made.publicKey);
    expect(again.sealKey).toEqual(made.sealKey);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['node.pem']);
    expect(await readFile(path, 'utf8')).toMatch(
      /^(-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n){2}$/,
    );
  });

  it('are the same for all who start at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => loadOrCreateNodeKeys(directory)));
    expect(new Set(all.map(({ publicKey }) => publicKey.join())).size).toBe(1);
    expect(await readdir(directory)).toEqual(['node.pem']);
  });

  it('can come from elsewhere, and never take the place of others', async () => {
    const { seeds, publicKey } = makeSeeds();
    const placed = await placeNodeKeys(directory, seeds);
    expect(placed.publicKey).toEqual(publicKey);
    expect((await loadOrCreateNodeKeys(directory)).publicKey).toEqual(publicKey);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(placeNodeKeys(directory, makeSeeds().seeds)).rejects.toMatchObject({ code: 'conflict' });
    expect((await loadOrCreateNodeKeys(directory)).publicKey).toEqual(publicKey);
  });

  it('sign, and open what is sealed to them', async () => {
    const keys = await loadOrCreateNodeKeys(directory);
    const message = toUtf8('message');
    const [signature] = await keys.sign([message]);
    expect(
      nodeCrypto.verify([{ publicKey: keys.publicKey, message, signature: signature as Uint8Array }]),
    ).toEqual([true]);
    const box = await nodeCrypto.hpkeSeal(keys.sealKey, toUtf8('info'), message);
    expect(await keys.hpkeOpen(toUtf8('info'), box)).toEqual(message);
    await expect(keys.hpkeOpen(toUtf8('other'), box)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it.skipIf(process.platform === 'win32')(
    'are refused when others may read them, with what to do about it',
    async () => {
      await loadOrCreateNodeKeys(directory);
      await chmod(path, 0o640);
      await expect(loadOrCreateNodeKeys(directory)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining(`chmod 600 ${path}`),
      });
    },
  );

  it('are never replaced when the file is damaged', async () => {
    await loadOrCreateNodeKeys(directory);
    const whole = await readFile(path, 'utf8');
    for (const damaged of ['', whole.slice(0, whole.length / 2), `${whole}${whole}`, 'x'.repeat(5000)]) {
      await writeFile(path, damaged);
      await expect(loadOrCreateNodeKeys(directory)).rejects.toMatchObject({ code: 'corrupt' });
      expect(await readFile(path, 'utf8')).toBe(damaged);
    }
  });

  it('say so when their folder cannot be made', async () => {
    await writeFile(join(directory, '..', 'file'), '');
    await expect(loadOrCreateNodeKeys(join(directory, '..', 'file', 'keys'))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
