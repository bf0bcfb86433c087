/** The recovery words of a group that was made here, as the page shows them; recovery.ts keeps them. */

/**
 * `none`: nothing to do. `waiting`: they are in memory and want to be written down. `open`: they are being shown. `lost`: the page
 * was closed or reloaded before they were confirmed.
 */
export type RecoveryStep = 'none' | 'waiting' | 'open' | 'lost';

export interface RecoveryModel {
  /** Shows the words, and nothing else. */
  open(): void;
  /** Back to what was shown before; they wait as long as the page is open. */
  putOff(): void;
  /** They are written down, or it is understood that they are gone. */
  confirm(): Promise<void>;
}
