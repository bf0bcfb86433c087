/** A recording on disk, plain or gzipped, as a replay driver. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fromUtf8 } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import type { Driver } from './port.ts';
import { createReplayDriver, type ReplayOptions } from './replay.ts';

/** Text of the largest recording that is read whole: a day of nine columns at 50 Hz. */
const MAX_TEXT_BYTES = 512 * 2 ** 20;
const inflate = promisify(gunzip);

export function openReplayFile(path: string, options: Omit<ReplayOptions, 'read' | 'fileName'>): Driver {
  const read = async (): Promise<string> => {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (cause) {
      throw new WaystationError(
        'not-found',
        `cannot read the recording ${path}: ${(cause as Error).message}`,
        { cause },
      );
    }
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      try {
        bytes = await inflate(bytes, { maxOutputLength: MAX_TEXT_BYTES });
      } catch (cause) {
        throw new WaystationError('malformed', `${path} does not unpack: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
    if (bytes.length > MAX_TEXT_BYTES)
      throw new WaystationError('limit', `${path} is longer than ${MAX_TEXT_BYTES} bytes: cut it up`);
    return fromUtf8(bytes);
  };
  return createReplayDriver({ ...options, read, fileName: basename(path) });
}
