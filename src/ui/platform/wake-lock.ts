/**
 * Keeps the screen on while recording: sensors stop with it. The lock is lost whenever the page is hidden, and the system may take it
 * back at any time (low battery, heat), so it is asked for again whenever the page is shown, and after it was taken.
 */

/** `unsupported`: this browser has no such thing. `refused`: the system did not give it, or took it back. */
export type AwakeState = 'held' | 'asking' | 'refused' | 'unsupported';

/** After the system took the lock back it is asked for again so often: soon enough to see the battery plugged in. */
const ASK_AGAIN_MS = 30_000;

/** @param tell is told each time that changes; at first it is being asked for. */
export function keepAwake(tell: (state: AwakeState) => void = () => undefined): () => void {
  if (!('wakeLock' in navigator)) {
    tell('unsupported');
    return () => undefined;
  }
  let lock: WakeLockSentinel | undefined;
  let over = false;
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(again, ASK_AGAIN_MS);
  };
  const ask = async (): Promise<void> => {
    if (over || asking || document.visibilityState !== 'visible') return;
    if (lock !== undefined && !lock.released) return;
    asking = true;
    try {
      const got = await navigator.wakeLock.request('screen');
      if (over) return await got.release();
      lock = got;
      tell('held');
      got.addEventListener('release', () => {
        if (over || lock !== got) return;
        lock = undefined;
        // While hidden nobody can be shown anything, and the lock comes back with the page.
        if (document.visibilityState === 'visible') {
          tell('refused');
          later();
        }
      });
    } catch {
      if (!over) tell('refused');
      later();
    } finally {
      asking = false;
    }
  };
  const again = () => void ask();
  document.addEventListener('visibilitychange', again);
  tell('asking');
  void ask();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', again);
    void lock?.release();
  };
}
