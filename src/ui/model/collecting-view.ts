/** What the page shows of collecting, and what a person can do about it. */
import type { CollectingState } from '../../station/collecting.ts';

/** `none`: no folder was chosen. `idle`: one was, and nothing is copied now. */
export type ArchivePhase = 'none' | 'idle' | 'running' | 'checking' | 'failed';

/** Copying to a folder, as far as it is. */
export interface ArchiveView {
  /** This browser lets a person choose a folder. */
  readonly isPossible: boolean;
  readonly phase: ArchivePhase;
  /** Name of the folder; null when none was chosen. */
  readonly folder: string | null;
  /** Files in the folder, of those that this device holds or has let go of for it; null before it was looked. */
  readonly files: number | null;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Of the files such as this device does not keep itself any more. */
  readonly onlyThere: number;
  /** Files that are only in folders that were chosen before, and neither here nor in this one. */
  readonly inOtherFolders: number;
  /** Files that it keeps because it recorded them and nobody who is connected has them; counted when room was last freed. */
  readonly onlyHere: number;
  /** The person wants room to be freed as things are copied, and not only when it is short. */
  readonly frees: boolean;
  readonly leftMs: number | null;
  /** What went wrong; null when nothing did. */
  readonly error: string | null;
  /** Files read back so far, and those that were gone or changed; null while no check was asked for. */
  readonly checked: { readonly files: number; readonly damaged: readonly string[] } | null;
}

/** Before a folder was chosen. */
export const NO_ARCHIVE: ArchiveView = {
  isPossible: false,
  phase: 'none',
  folder: null,
  files: null,
  totalFiles: 0,
  bytes: 0,
  totalBytes: 0,
  onlyThere: 0,
  inOtherFolders: 0,
  onlyHere: 0,
  frees: false,
  leftMs: null,
  error: null,
  checked: null,
};

export interface CollectingView extends CollectingState {
  /** Devices that were met, by name. */
  readonly met: readonly string[];
  /** What a day takes here; null while it is not known. */
  readonly bytesPerDay: number | null;
  readonly archive: ArchiveView;
}

export interface CollectingModel {
  /** Fetches no more hours until told otherwise; connections stay, and what is held is still given to others. */
  setPaused(paused: boolean): Promise<void>;
  /** @param bytesPerSecond null for as fast as it goes. */
  setRate(bytesPerSecond: number | null): Promise<void>;
  /** @param bytes fetched at most from now on, newest first; null for all. */
  setAmount(bytes: number | null): Promise<void>;
  /** Shows the stations again instead of the visit. */
  dismissVisit(): void;
  /** Lets the person choose a folder and copies into it. Call from a tap. */
  chooseFolder(): Promise<void>;
  /** Copies what is not in the folder yet. Call from a tap. */
  startArchive(): Promise<void>;
  stopArchive(): void;
  /** Reads everything in the folder back. Call from a tap. */
  checkArchive(): Promise<void>;
  /** Folders that were chosen before are lost: what is only in them is fetched again from other devices. */
  fetchFromOtherFolders(): Promise<void>;
  forgetFolder(): Promise<void>;
  /** Whether this device lets go of what is in the folder as soon as it may, and not only when room is short. */
  setArchiveFrees(frees: boolean): Promise<void>;
}
