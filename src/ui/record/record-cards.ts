/** Cards of the place “Record”: what a recording has left, why nothing is recorded, a clock that is wrong. */
import { msg, str } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { html, nothing, type TemplateResult } from 'lit';
import type { AppState, SensorFailure } from '../model/app-state.ts';
import type { ClockDifference } from '../model/clock-check.ts';
import type { RecordingSummary } from '../model/recording-story.ts';
import { bytesText, countText, sentence, timeText, zoneName } from '../parts/words.ts';
import { lengthText } from './gap-words.ts';
import { gapLine } from './record-running.ts';

/** Of a long recording the newest; all of them stand in its hours. */
const GAPS_IN_SUMMARY = 10;

/** What a recording that was ended has left. */
export function summaryCard(
  { fromMs, toMs, hours, waitingHours, pictures, bytes, gaps, heldBy }: RecordingSummary,
  { connections }: AppState,
  dismiss: () => void,
): TemplateResult {
  const kept =
    bytes > 0
      ? msg(str`${countText(hours, msg('hour'), msg('hours'))} (${bytesText(bytes)})`)
      : countText(hours, msg('hour'), msg('hours'));
  return html`<section aria-labelledby="summary" role="status">
      <h2 id="summary">${msg(str`Recorded for ${lengthText(toMs - fromMs)}`)}</h2>
      <p>${msg(str`From ${timeText(fromMs)} to ${timeText(toMs)} (${zoneName()}).`)}</p>
      <p>
        ${msg(str`${kept} finished and safe on this device`)}${pictures > 0 ? msg(str`, ${countText(pictures, msg('picture'), msg('pictures'))}`) : nothing}.
        ${
          waitingHours > 0
            ? html`<strong class="warn"
                >${msg(str`${countText(waitingHours, msg('hour waits'), msg('hours wait'))} to be stored: this device must be let in by another device, and have space left.`)}</strong
              >`
            : nothing
        }
      </p>
      ${heldBy === null ? nothing : whereItIs(heldBy, connections.length)}
      ${
        gaps.length === 0
          ? html`<p>${msg('Nothing interrupted it.')}</p>`
          : html`<h3>${countText(gaps.length, msg('interruption'), msg('interruptions'))}</h3>
              <ul class="plain">
                ${gaps.slice(0, GAPS_IN_SUMMARY).map((gap) => gapLine(gap, true))}
              </ul>`
      }
      <wa-button appearance="outlined" @click=${dismiss}>${msg('OK')}</wa-button>
    </section>`;
}

/** Copies of what was recorded, as far as connected devices tell: one that has all of it need not say so. */
function whereItIs(heldBy: number, connected: number): TemplateResult {
  if (heldBy > 1)
    return html`<p class="good">${msg(str`Held by at least ${heldBy} devices, this one included.`)}</p>`;
  return connected === 0
    ? html`<p class="warn">
        ${msg('No other device is connected now: this one may have the only copy. It is shared by itself when another device is met.')}
      </p>`
    : html`<p class="soft">
        ${msg(str`Held by this device, and shared by itself with ${countText(connected, msg('connected device'), msg('connected devices'))}.`)}
      </p>`;
}

/** Others say that this device's clock is wrong. */
export function clockWarning({ behindMs, devices }: ClockDifference): TemplateResult {
  const by = lengthText(behindMs);
  const from = devices === 1 ? msg('another device') : msg(str`${devices} other devices`);
  return html`<section class="notice" role="alert">
    <p>
      <strong
        >${
          behindMs > 0
            ? msg(str`This device’s clock is about ${by} behind ${from}.`)
            : msg(str`This device’s clock is about ${by} ahead of ${from}.`)
        }</strong
      >
      ${msg('What it records gets wrong times. Switch on the automatic time in the device’s settings.')}
    </p>
  </section>`;
}

/** Why nothing is recorded though it was asked for. */
export function failureText({ denied, troubles, isInterrupted }: SensorFailure): TemplateResult {
  return html`
    <div role="alert">
      <p class="bad"><strong>${denied ? msg('Not recording: no sensor is permitted') : msg('Not recording: no sensor delivers')}</strong></p>
      ${isInterrupted ? html`<p>${msg('The recording that ran before the page was opened anew waits to go on: the browser wants a tap first, or a sensor is missing.')}</p>` : nothing}
      <ul>
        ${troubles.map((trouble) => html`<li>${sentence(trouble)}</li>`)}
      </ul>
      ${
        denied
          ? html`<p>
              ${msg('Tap the sign beside the page’s address, open the site settings, permit what is named above, and then tap the button below.')}
            </p>`
          : html`<p>${msg('Attach or free a sensor, or switch the camera on, and then tap the button below.')}</p>`
      }
    </div>
  `;
}
