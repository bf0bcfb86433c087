/** A recording on disk, plain or gzipped, as a replay driver. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { WaystationError } from '../core/errors.ts';
import type { Driver } from './port.ts';
import { createReplayDriver, type ReplayOptions } from './replay.ts';

/** The bytes of a recording. @throws WaystationError `not-found` when there is no readable file at `path`. */
export async function readRecordingFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    if (!(await stat(path)).isFile()) throw new Error(`${path} is a folder or a device, no file`);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no file ${path}` : message;
    throw new WaystationError('not-found', `cannot read the recording: ${why}`, { cause });
  }
  return createReadStream(path);
}

/** @throws WaystationError `not-found` from `run` when there is no readable file at `path`. */
export function openReplayFile(path: string, options: Omit<ReplayOptions, 'read' | 'fileName'>): Driver {
  return createReplayDriver({
    ...options,
    read: () => readRecordingFile(path),
    fileName: basename(path),
  });
}
