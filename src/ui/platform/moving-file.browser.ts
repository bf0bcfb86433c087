/** The copy of a moving device's file that browsers without a save dialog make it into, in the origin's own file system. */

/** Its name there. */
export const MOVING_FILE = 'waystation-moving-out';

/**
 * Deletes it: as large as all recordings, it is of no use once the person has the file, or will not move. Harmless when there is none,
 * or no such file system.
 */
export async function forgetMovingFile(
  storage: Pick<StorageManager, 'getDirectory'> = navigator.storage,
): Promise<void> {
  try {
    await (await storage.getDirectory()).removeEntry(MOVING_FILE);
  } catch {
    // There is none.
  }
}
