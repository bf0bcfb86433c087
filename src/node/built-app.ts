/**
 * The built app as one relay serves it: read whole into memory, so that a build in its folder changes nothing of what open pages still ask
 * for, and no request meets a file that is just being replaced.
 *
 * Invariant: everything that is served is of one build, the first whole one that was found. A newer one is served from the next start on.
 */
import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const PAGE = 'index.html';
/** Written last by a build: a folder without it is still being filled. */
const WORKER = 'service-worker.js';
/** Names in here carry a hash of their content. */
const HASHED = 'assets/';
/** A build has about 9 MB with its source maps; far more is no build of ours, and must not fill a small computer. */
const MAX_BYTES = 128 * 2 ** 20;
/** Less than a packet is not worth packing. */
const LEAST_ZIPPED_BYTES = 1_024;

const TEXT = '; charset=utf-8';
const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', `text/html${TEXT}`],
  ['.js', `text/javascript${TEXT}`],
  ['.css', `text/css${TEXT}`],
  ['.json', 'application/json'],
  ['.map', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.wasm', 'application/wasm'],
]);
/** Packed already. */
const DENSE: ReadonlySet<string> = new Set(['.png', '.woff2']);

interface AppFile {
  readonly bytes: Buffer;
  readonly type: string;
  /** Weak: the packed form has the same one. */
  readonly etag: string;
  readonly isHashed: boolean;
  readonly isDense: boolean;
  /** Made when first asked for. */
  zipped?: Buffer;
}

export class BuiltApp {
  readonly #folders: readonly string[];
  #files: ReadonlyMap<string, AppFile> | undefined;

  /** @param folders where a build may be; the first that has a whole one counts. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#look();
  }

  /** Whether there is anything to serve. */
  get isBuilt(): boolean {
    return this.#look() !== undefined;
  }

  /** Answers for a file of the app; false for everything else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#look()?.get(nameIn(request.url ?? '/'));
    if (file === undefined) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return true;
    }
    response.setHeader('etag', file.etag);
    response.setHeader('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.setHeader('vary', 'accept-encoding');
    if (knows(request, file.etag)) {
      response.writeHead(304).end();
      return true;
    }
    const isZipped = takesGzip(request) && !file.isDense && file.bytes.length >= LEAST_ZIPPED_BYTES;
    if (isZipped) response.setHeader('content-encoding', 'gzip');
    const body = isZipped ? zippedOf(file) : file.bytes;
    response.writeHead(200, { 'content-type': file.type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  /** What was found, or is found now: somebody may have built since. */
  #look(): ReadonlyMap<string, AppFile> | undefined {
    for (const folder of this.#folders) this.#files ??= readBuild(folder);
    return this.#files;
  }
}

function zippedOf(file: AppFile): Buffer {
  file.zipped ??= gzipSync(file.bytes);
  return file.zipped;
}

/** The file that an address means; one that is in no build when the address is malformed. */
function nameIn(url: string): string {
  const path = url.split(/[?#]/)[0] ?? '/';
  if (path === '/') return PAGE;
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return '';
  }
}

function knows({ headers }: IncomingMessage, etag: string): boolean {
  return (headers['if-none-match'] ?? '').split(',').some((one) => one.trim() === etag);
}

function takesGzip({ headers }: IncomingMessage): boolean {
  const accepted = headers['accept-encoding'];
  const all = typeof accepted === 'string' ? accepted.split(',') : [];
  return all.some((one) => /^gzip(?!\s*;\s*q=0(?:\.0*)?$)/i.test(one.trim()));
}

/** All files of a build; undefined when there is none, or one that is just being made or taken away. */
function readBuild(folder: string): ReadonlyMap<string, AppFile> | undefined {
  const files = new Map<string, AppFile>();
  let bytes = 0;
  try {
    const names = namesIn(folder);
    if (!names.includes(PAGE) || !names.includes(WORKER)) return undefined;
    for (const name of names) {
      const file = appFile(name, readFileSync(join(folder, name)));
      bytes += file.bytes.length;
      if (bytes > MAX_BYTES) return undefined;
      files.set(name, file);
    }
    return namesIn(folder).join() === names.join() ? files : undefined;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  const nameOf = ({ parentPath, name }: Dirent) =>
    relative(folder, join(parentPath, name)).split(sep).join('/');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(nameOf)
    .sort();
}

function appFile(name: string, bytes: Buffer): AppFile {
  const ending = extname(name).toLowerCase();
  return {
    bytes,
    type: TYPES.get(ending) ?? 'application/octet-stream',
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    isHashed: name.startsWith(HASHED),
    isDense: DENSE.has(ending),
  };
}
