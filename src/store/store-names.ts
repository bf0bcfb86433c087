/** Names of logs and keys, checked in one place so that every adapter accepts and refuses the same. */
import type { StoreName } from './port.ts';

/** Longest name: with a suffix it still fits the 255 bytes that file systems allow. */
const MAX_NAME_LENGTH = 200;
const NAME = /^[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/;

/** @throws RangeError unless `name` is 1 to 200 of `[a-z0-9._-]` in segments joined by `/`, none of them `.` or `..`. */
export function checkStoreName(name: StoreName): void {
  const dots = name.split('/').some((segment) => segment === '.' || segment === '..');
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name) || dots) {
    throw new RangeError(
      `expected a store name of 1 to ${MAX_NAME_LENGTH} characters [a-z0-9._-] in segments joined by /, got “${name.slice(0, 80)}”`,
    );
  }
}

/** The name as one file name: `/` becomes `~`, which no name contains. */
export function flatName(name: StoreName): string {
  return name.replaceAll('/', '~');
}

/** Undoes {@link flatName}; undefined when it is the flat form of no name. */
export function nameFromFlat(flat: string): StoreName | undefined {
  const name = flat.replaceAll('~', '/');
  try {
    checkStoreName(name);
  } catch {
    return undefined;
  }
  return name;
}
