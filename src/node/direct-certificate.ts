/**
 * The certificate by which a relay is dialled directly: one file of a PKCS#8 key and a certificate in PEM, mode 0600, in the data
 * folder. It is made once and never replaced, because invites name its hash.
 *
 * One file, put in place by one link(2): a crash leaves nothing or a whole one. The data folder is locked by its node.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import { DIRECTORY_MODE, diskError, FILE_MODE } from '../store/file-api.node.ts';
import { certificatePem, keyPem, makeSelfSigned } from './https/certificates.ts';
import { parseKeyedPem, readKeyedFile } from './keyed-file.ts';

const FOLDER = 'direct';
const FILE = 'certificate.pem';
/** A key and a certificate are under 1 kB; whatever is far larger is neither. */
const MAX_FILE_BYTES = 8_192;

export interface DirectCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the certificate (DER), 32 bytes. */
  readonly hash: Bytes;
}

/**
 * The certificate of a data folder, made on first use and durable on return.
 * @throws WaystationError `forbidden` when others may read its key, `corrupt` when the file holds none, `store-full`, `unavailable`.
 */
export async function loadOrCreateDirectCertificate(dataFolder: string): Promise<DirectCertificate> {
  const path = join(dataFolder, FOLDER, FILE);
  const kept = await keptCertificate(path);
  if (kept !== undefined) return kept;
  const made = makeSelfSigned('relay');
  try {
    await place(dataFolder, path, keyPem(made.key) + certificatePem(made.certificate));
  } catch (error) {
    throw diskError(error, `writing ${path}`);
  }
  const whole = await keptCertificate(path);
  if (whole === undefined)
    throw new WaystationError('unavailable', `${path} was removed just now: try again`);
  return whole;
}

async function keptCertificate(path: string): Promise<DirectCertificate | undefined> {
  const text = await readKeyedFile(path, MAX_FILE_BYTES, { stat, readFile });
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (cause) {
    throw new WaystationError(
      'corrupt',
      `expected ${path} to hold the certificate by which this relay is dialled directly: ${errorMessage(cause)}. Restore it from a copy, ` +
        'or remove it: then a new one is made, and invites made so far lead here by their other addresses only',
      { cause },
    );
  }
}

function parse(text: string): DirectCertificate {
  const { keyText, certificateText, certificate } = parseKeyedPem(text);
  const hash = createHash('sha256').update(certificate.raw).digest();
  return { certificate: certificateText, key: keyText, hash: asBytes(new Uint8Array(hash)) };
}

async function place(dataFolder: string, path: string, text: string): Promise<void> {
  await mkdir(join(dataFolder, FOLDER), { recursive: true, mode: DIRECTORY_MODE });
  const draft = `${path}-${randomBytes(8).toString('hex')}`;
  const handle = await open(draft, 'wx', FILE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Unlike rename, link never replaces one that is there.
    await link(draft, path);
  } finally {
    await unlink(draft);
  }
  if (process.platform === 'win32') return; // directories cannot be opened there
  for (const folder of [join(dataFolder, FOLDER), dataFolder]) {
    const directory = await open(folder, 'r');
    await directory.sync().finally(() => directory.close());
  }
}
