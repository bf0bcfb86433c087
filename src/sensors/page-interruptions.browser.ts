/** When the page is hidden or frozen sensors fall silent: this tells the drivers since when and why. */
import type { GapCause } from '../hour/types.ts';

/** Calls `interrupted` when the page is hidden or frozen; the result stops listening. */
export function watchInterruptions(interrupted: (fromMs: number, cause: GapCause) => void): () => void {
  const hidden = () => {
    if (document.visibilityState === 'hidden') interrupted(Date.now(), 'hidden');
  };
  const frozen = () => interrupted(Date.now(), 'frozen');
  document.addEventListener('visibilitychange', hidden);
  document.addEventListener('freeze', frozen);
  return () => {
    document.removeEventListener('visibilitychange', hidden);
    document.removeEventListener('freeze', frozen);
  };
}
