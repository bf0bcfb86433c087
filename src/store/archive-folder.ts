/**
 * A folder outside of this device's own storage that hours are copied to: a disk or a stick that a person chose. Adapters:
 * `directory-archive.browser.ts` (File System Access), `memory-archive.ts`; one contract for both in
 * `tests/contract/archive-folder-contract.ts`.
 *
 * Invariants every adapter keeps: a file is there whole or not at all, whatever happens while it is written; nothing is changed but the
 * file that is named.
 */
import type { Bytes } from '../core/bytes.ts';

/** Folder names and a file name at the end: none empty, none `.` or `..`, none with a slash, a control or a reserved character. */
export type ArchivePath = readonly string[];

export interface ArchiveFolder {
  /** As the person knows it. */
  readonly name: string;
  /** Tells it from other folders that were chosen before. */
  readonly id: string;
  /** Bytes of a file; undefined when there is none. */
  size(path: ArchivePath): Promise<number | undefined>;
  /** @throws WaystationError `not-found`, `unavailable` (the permission or the disk is gone). */
  read(path: ArchivePath): Promise<Bytes>;
  /**
   * Makes the file and the folders that lead to it, or replaces it.
   * @throws WaystationError `store-full`, `unavailable` (the permission or the disk is gone), `malformed` (the path).
   */
  write(path: ArchivePath, bytes: Uint8Array): Promise<void>;
}

/**
 * Characters that some file system or browser forbids in names: reserved ones, and whatever cannot be seen (controls, marks of
 * direction, halves of a pair), but for the joiners that scripts and pictures need.
 */
const FORBIDDEN = /[<>:"/\\|?*]|(?![\u200c\u200d])\p{C}/gu;
/** FAT and exFAT, NTFS and ext4 take 255; a number and an extension are added. */
const MAX_NAME_CHARS = 80;
/** Names that Windows keeps for devices. */
const RESERVED = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;

/** The first `room` characters, without half a pair or what disks drop at an end. */
function cut(text: string, room: number): string {
  return text
    .slice(0, room)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/[\s.]+$/, '');
}

/**
 * A name that every file system takes, as like to `text` as can be. What it gives stays as it is when it is given again.
 * @param ending stays whole, whatever is cut: ASCII, and shorter than a name may be.
 */
export function fileName(text: string, ending = ''): string {
  const bare = text
    .normalize('NFC')
    .replace(FORBIDDEN, '-')
    .replace(/^[\s.]+/, '');
  const room = MAX_NAME_CHARS - ending.length;
  const name = `${cut(bare, room) || '-'}${ending}`;
  return RESERVED.test(name) ? `${cut(`-${bare}`, room)}${ending}` : name;
}

/** True when {@link fileName} would leave every part as it is. */
export function isArchivePath(path: ArchivePath): boolean {
  return path.length > 0 && path.every((part) => part !== '' && fileName(part) === part);
}
