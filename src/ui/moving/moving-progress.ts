/** How far a file is: bytes, time left, and a way to stop. */
import { msg, str } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import type { MovingWork } from '../model/moving.ts';
import { bytesText } from '../parts/words.ts';

/** Before this much time has passed a guess at the rest would only jump about. */
const GUESS_AFTER_MS = 2_000;

/** Milliseconds left at the pace so far; null when it cannot be told. */
export function leftMs({ doneBytes, totalBytes, sinceMs }: MovingWork, nowMs: number): number | null {
  const spentMs = nowMs - sinceMs;
  if (totalBytes === null || doneBytes <= 0 || spentMs < GUESS_AFTER_MS) return null;
  return Math.max(0, (spentMs / doneBytes) * (totalBytes - doneBytes));
}

/** Time left as people say it: seconds in tens, then minutes. */
export function leftText(ms: number): string {
  if (ms < 10_000) return msg('a few seconds left');
  if (ms < 90_000) return msg(str`about ${Math.round(ms / 10_000) * 10} s left`);
  return msg(str`about ${Math.round(ms / 60_000)} min left`);
}

/** @param doing what is under way, such as “Writing the file” */
export function movingProgress(doing: string, work: MovingWork, stop: () => void): TemplateResult {
  const { doneBytes, totalBytes } = work;
  const share = totalBytes === null ? null : Math.min(100, (doneBytes / Math.max(1, totalBytes)) * 100);
  const left = leftMs(work, performance.now());
  const amount =
    totalBytes === null || doneBytes > totalBytes
      ? bytesText(doneBytes)
      : msg(str`${bytesText(doneBytes)} of ${bytesText(totalBytes)}`);
  return html`
    <p role="status">${doing}</p>
    <wa-progress-bar
      label=${doing}
      .value=${share ?? 0}
      .indeterminate=${share === null || doneBytes === 0}
    ></wa-progress-bar>
    <p class="numbers">${amount}${left === null ? '' : `, ${leftText(left)}`}</p>
    <div class="buttons">
      <wa-button appearance="outlined" @click=${stop}>${msg('Stop')}</wa-button>
    </div>
  `;
}
