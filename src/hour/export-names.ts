/**
 * Names that stations, streams and columns bear, as names of columns, files and folders. They are text from strangers: they may say
 * `../..`, be 500 characters long, or differ in nothing but their case.
 */

import { toUtf8 } from '../core/bytes.ts';
import { crc32 } from '../core/crc32.ts';

/** Most file systems take 255 bytes; what is written aside and its ending need some. */
const MAX_NAME_BYTES = 180;
/** One character of an escaped name: the bytes of UTF-8 behind the first are 80 to BF. */
const CHARACTER = /%[0-9A-F]{2}(?:%[89AB][0-9A-F])*|./gu;

/**
 * A name as part of a path, as Hive and its readers escape partitions: what is neither letter, digit, `-`, `_` nor a `.` within becomes
 * `%XX`. Never empty, never `.` or `..`, nothing that readers of folders skip (a leading `.` or `_`); long names are cut, and told apart
 * by a checksum.
 */
export function pathName(name: string): string {
  const text = name.normalize('NFC').replaceAll(/[^\p{L}\p{N}\p{M}_.-]|^[._]|\.$/gu, escaped);
  if (text === '') return 'unnamed';
  if (toUtf8(text).length <= MAX_NAME_BYTES) return text;
  const mark = `~${crc32(toUtf8(name)).toString(16).padStart(8, '0')}`;
  let [cut, room] = ['', MAX_NAME_BYTES - mark.length];
  for (const [one] of text.matchAll(CHARACTER)) {
    room -= toUtf8(one).length;
    if (room < 0) break;
    cut += one;
  }
  return cut + mark;
}

function escaped(one: string): string {
  return [...toUtf8(one)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** Gives names out so that no two are the same, in whatever case they are written; the same name again gets a number. */
export class DistinctNames {
  readonly #taken: Set<string>;

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  /** `name`, or `name_2` and so on. */
  take(name: string): string {
    let free = name;
    for (let n = 2; this.#taken.has(free.toLowerCase()); n++) free = `${name}_${n}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}
