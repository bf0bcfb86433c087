/** What leaving a group deletes, in words. Pure. */
import { msg, str } from '@lit/localize';
import type { AppState } from '../model/app-state.ts';
import type { LeavingCosts } from '../model/people-model.ts';
import { countText, lengthInHoursText } from '../parts/words.ts';

/** `6 minutes`, where it is known for how long they were recorded: a part of an hour is not one. */
function recordedText(hours: number, ms: number | null): string {
  return ms === null ? countText(hours, msg('hour'), msg('hours')) : lengthInHoursText(ms);
}

/** What is deleted, the worst first; that nothing is lost is said only where nothing is. */
export function leavingLosses(
  { ownHours, othersHours, ownMs, othersMs, pictures, isWaiting }: LeavingCosts,
  { refusal, recordingPhase }: Pick<AppState, 'refusal' | 'recordingPhase'>,
): string[] {
  const isRemoved = refusal === 'revoked';
  const own = recordedText(ownHours, ownMs);
  const others = recordedText(othersHours, othersMs);
  const losses: string[] = [];
  if (recordingPhase !== 'idle')
    losses.push(
      msg(
        'Recording stops, and what was recorded since the last full hour is deleted, too. To export it, stop the recording first.',
      ),
    );
  if (ownHours > 0) {
    losses.push(
      isRemoved
        ? msg(
            str`Deleted here: ${own} that this device recorded. What the others have of them stays with them. Export what you want to keep before.`,
          )
        : msg(
            str`Deleted: ${own} that this device recorded, and no other device of the group is known to have. Export what you want to keep before.`,
          ),
    );
  }
  if (othersHours > 0) losses.push(msg(str`Deleted here: ${others} that other devices recorded.`));
  if (pictures > 0)
    losses.push(msg(str`Deleted here: ${countText(pictures, msg('picture'), msg('pictures'))}.`));
  if (isWaiting) losses.push(msg('What this device recorded while it waited to be let in is deleted.'));
  if (losses.length === 0) losses.push(msg('Nothing was recorded in this group yet: no recording is lost.'));
  if (!isWaiting && !isRemoved)
    losses.push(
      msg('The group ends with its last device: invites to it and its recovery words lead nowhere any more.'),
    );
  losses.push(
    msg('The page starts again at the beginning. This device is a new one to every group from then on.'),
  );
  return losses;
}
