/** What may be fetched, in words. */
import { msg, str } from '@lit/localize';
import type { CollectingView } from '../model/collecting-view.ts';
import { bytesText } from '../parts/words.ts';

/** The limits in force, as a sentence. */
export function limitsText({ limits, isFull, isSpent, bytes }: CollectingView): string {
  const { paused, bytesPerSecond, amountBytes } = limits;
  if (paused)
    return msg(
      'Collecting is paused. Connections stay, new hours are listed, and what is here is still given to others; no hours are fetched.',
    );
  if (isFull)
    return msg(
      'This device is full: nothing more is fetched until space is freed on it. What is here stays, and can be copied to a folder.',
    );
  if (isSpent)
    return msg(
      str`The amount is used up: ${bytesText(amountBytes ?? 0)} are left of it, and the next hour is larger. ${bytesText(bytes.missing)} are missing.`,
    );
  const rate =
    bytesPerSecond === null
      ? msg('as fast as it goes')
      : msg(str`at most ${bytesText(bytesPerSecond)} a second`);
  return amountBytes === null
    ? msg(str`Everything is collected, newest first, ${rate}.`)
    : msg(str`At most ${bytesText(amountBytes)} more are collected, newest first, ${rate}.`);
}
