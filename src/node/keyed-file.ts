/** Files of a private key and its certificate in PEM: read only where nobody else can read them. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type * as fsPromises from 'node:fs/promises';
import { WaystationError } from '../core/errors.ts';
import { diskError, systemCode } from '../store/file-api.node.ts';
import { keyFromPem } from './https/certificates.ts';

const OTHERS_MASK = 0o077;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;
const KEY_BLOCK = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/;

/**
 * The file's text, empty when it is longer than `maxBytes`; undefined when there is none.
 * @throws WaystationError `forbidden` when others may read it, `unavailable`.
 */
export async function readKeyedFile(
  path: string,
  maxBytes: number,
  fs: Pick<typeof fsPromises, 'stat' | 'readFile'>,
): Promise<string | undefined> {
  try {
    const { mode, size } = await fs.stat(path);
    // Windows has no such bits; its folders are private to the user by default.
    if (process.platform !== 'win32' && (mode & OTHERS_MASK) !== 0) {
      throw new WaystationError(
        'forbidden',
        `expected ${path} to be readable by its owner alone, its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}: ` +
          `whoever has it can pretend to be this relay. If nobody else can have read it, run: chmod 600 ${path}`,
      );
    }
    return size > maxBytes ? '' : await fs.readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw diskError(error, `reading ${path}`);
  }
}

export interface KeyedPem {
  readonly keyText: string;
  readonly certificateText: string;
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

/** @throws Error when the text has no key and certificate, or they do not belong together. */
export function parseKeyedPem(text: string): KeyedPem {
  const certificateText = CERTIFICATE_BLOCK.exec(text)?.[0];
  const keyText = KEY_BLOCK.exec(text)?.[0];
  if (certificateText === undefined || keyText === undefined)
    throw new TypeError('expected a private key and a certificate');
  const certificate = new X509Certificate(certificateText);
  const key = keyFromPem(keyText);
  if (!certificate.verify(createPublicKey(key))) throw new TypeError('key and certificate do not fit');
  return { keyText, certificateText, key, certificate };
}
