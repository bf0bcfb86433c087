/**
 * A relay's certificate authority on disk: one file of a PKCS#8 key and a certificate in PEM, mode 0600, in the data folder. It
 * is made once and never replaced, because phones have been asked to trust it; and the name it vouches for is the relay's
 * name for good, because browsers keep people's data under it.
 *
 * One file, put in place by one link(2): a crash leaves nothing or a whole authority. The data folder is locked by its node, so
 * nobody else makes one meanwhile.
 */
import { randomBytes } from 'node:crypto';
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { DIRECTORY_MODE, DirectorySync, diskError, FILE_MODE } from '../../store/file-api.node.ts';
import { parseKeyedPem, readKeyedFile } from '../keyed-file.ts';
import {
  type AuthorityNames,
  authorityName,
  certificatePem,
  type KeyedCertificate,
  keyPem,
  makeAuthority,
} from './certificates.ts';

/** What of the file system it uses; a test plays a process that is killed in between. */
export type AuthorityFiles = Pick<
  typeof fsPromises,
  'open' | 'mkdir' | 'readdir' | 'readFile' | 'rename' | 'unlink' | 'link' | 'copyFile' | 'statfs' | 'stat'
>;

const FOLDER = 'https';
const FILE = 'authority.pem';
const DRAFT = `.${FILE}-`;
/** A key and a certificate are 1.3 kB; whatever is far larger is no authority. */
const MAX_FILE_BYTES = 16_384;

export interface Authority extends KeyedCertificate {
  /** The DNS name it vouches for, such as `waystation.local`. */
  readonly name: string;
}

function parse(text: string): Authority {
  const { key, certificate } = parseKeyedPem(text);
  const name = authorityName(certificate.raw);
  if (name === undefined || !certificate.ca) throw new TypeError('expected a certificate authority');
  return { key, certificate: certificate.raw, name };
}

/**
 * The authority kept in the data folder; undefined when none was made yet.
 * @throws WaystationError `forbidden` when others may read its key, `corrupt` when the file holds none, `unavailable`.
 */
export async function keptAuthority(
  dataFolder: string,
  fs: AuthorityFiles = fsPromises,
): Promise<Authority | undefined> {
  const path = join(dataFolder, FOLDER, FILE);
  const text = await readKeyedFile(path, MAX_FILE_BYTES, fs);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (cause) {
    throw new WaystationError(
      'corrupt',
      `expected ${path} to hold this relay's certificate authority: ${errorMessage(cause)}. Restore it from a copy, ` +
        'or remove it: then a new one is made, and every phone has to trust that one anew',
      { cause },
    );
  }
}

/** Drafts of a process that was killed; each holds a key that was never used. */
async function removeDrafts(folder: string, fs: AuthorityFiles): Promise<void> {
  for (const name of await fs.readdir(folder))
    if (name.startsWith(DRAFT)) await fs.unlink(join(folder, name));
}

/**
 * Makes the authority of a data folder that has none; durable on return.
 * @throws WaystationError `store-full`, `unavailable` when it cannot be written.
 */
export async function createAuthority(
  dataFolder: string,
  names: AuthorityNames,
  fs: AuthorityFiles = fsPromises,
): Promise<Authority> {
  const folder = join(dataFolder, FOLDER);
  const path = join(folder, FILE);
  const made = makeAuthority(names);
  try {
    await fs.mkdir(folder, { recursive: true, mode: DIRECTORY_MODE });
    await removeDrafts(folder, fs);
    const draft = join(folder, `${DRAFT}${randomBytes(8).toString('hex')}`);
    const handle = await fs.open(draft, 'wx', FILE_MODE);
    try {
      await handle.writeFile(keyPem(made.key) + certificatePem(made.certificate));
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      // Unlike rename, link never replaces an authority that is there.
      await fs.link(draft, path);
    } finally {
      await fs.unlink(draft);
    }
    const directories = new DirectorySync(fs);
    await directories.sync(folder);
    await directories.sync(dataFolder);
  } catch (error) {
    if (isWaystationError(error)) throw error;
    throw diskError(error, `writing ${path}`);
  }
  return { ...made, name: names.name };
}
