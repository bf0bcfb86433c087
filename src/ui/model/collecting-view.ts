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
  /** Files in the folder, of those that this device holds; null before it was looked. */
  readonly files: number | null;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly leftMs: number | null;
  /** What went wrong; null when nothing did. */
  readonly error: string | null;
  /** Files read back so far, and those that were gone or changed; null while no check was asked for. */
  readonly checked: { readonly files: number; readonly damaged: readonly string[] } | null;
}

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
  forgetFolder(): Promise<void>;
}
