/** The page of crypto.test.ts: runs the crypto contract and the browser's keys where a page, or a worker, has them. */
import { toHex } from '../../src/core/bytes.ts';
import { createWebCrypto } from '../../src/identity/crypto.web.ts';
import { loadOrCreateBrowserKeys } from '../../src/identity/keys.browser.ts';
import { CRYPTO_CONTRACT, type CryptoVectors, checkNodeKeys } from '../contract/crypto-contract.ts';

async function outcome(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  }
}

/** The empty string when the case holds, else what did not. */
function runCase(name: string, vectors: CryptoVectors): Promise<string> {
  return outcome(async () => {
    const found = CRYPTO_CONTRACT.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no case “${name}”`);
    await found.run(createWebCrypto(), vectors);
  });
}

function runKeys(database: string): Promise<string> {
  return outcome(async () => checkNodeKeys(createWebCrypto(), await loadOrCreateBrowserKeys(database)));
}

async function publicKeys(database: string): Promise<string> {
  const { publicKey, sealKey } = await loadOrCreateBrowserKeys(database);
  return `${toHex(publicKey)} ${toHex(sealKey)}`;
}

/** What the export of each stored private key says; keys that may be exported say `exported`. */
async function exportPrivateHalves(database: string): Promise<string[]> {
  await loadOrCreateBrowserKeys(database);
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(database);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const stored = await new Promise<Record<'sign' | 'seal', CryptoKeyPair>>((resolve, reject) => {
    const request = db.transaction('keys').objectStore('keys').get('node');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  db.close();
  const tries = [stored.sign.privateKey, stored.seal.privateKey].flatMap((key) =>
    (['pkcs8', 'jwk'] as const).map((format) =>
      crypto.subtle.exportKey(format, key).then(
        () => 'exported',
        (error: Error) => error.name,
      ),
    ),
  );
  return Promise.all(tries);
}

const cryptoPage = { runCase, runKeys, publicKeys, exportPrivateHalves };
export type CryptoPage = typeof cryptoPage;
Object.assign(globalThis, { cryptoPage });
