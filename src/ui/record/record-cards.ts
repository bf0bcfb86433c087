/** Cards of the place “Record”: what a recording has left, why nothing is recorded, a clock that is wrong. */
import { msg, str } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { html, nothing, type TemplateResult } from 'lit';
import { Smartphone, Usb } from 'lucide';
import { routeHash } from '../app/router.ts';
import type { AppState, SensorFailure } from '../model/app-state.ts';
import type { ClockDifference } from '../model/clock-check.ts';
import type { RecordingSummary } from '../model/recording-story.ts';
import type { SensingView } from '../model/sensing-view.ts';
import { icon } from '../parts/icon.ts';
import {
  bytesText,
  countText,
  lengthInHoursText,
  lengthText,
  sentence,
  timeText,
  zoneName,
} from '../parts/words.ts';
import { gapLine } from './record-running.ts';
import { type Means, senseTitle } from './sense-words.ts';

/** Of a long recording the newest; all of them stand in its hours. */
const GAPS_IN_SUMMARY = 10;

/** What a recording that was ended has left. */
export function summaryCard(
  { fromMs, toMs, hours, waitingHours, recordedMs, pictures, bytes, gaps, heldBy }: RecordingSummary,
  { connections }: AppState,
  dismiss: () => void,
): TemplateResult {
  const length = lengthInHoursText(recordedMs);
  const kept =
    bytes > 0 ? msg(str`${length} of readings (${bytesText(bytes)})`) : msg(str`${length} of readings`);
  return html`<section aria-labelledby="summary" role="status">
      <h2 id="summary">${msg(str`Recorded for ${lengthText(toMs - fromMs)}`)}</h2>
      <p>${msg(str`From ${timeText(fromMs)} to ${timeText(toMs)} (${zoneName()}).`)}</p>
      <p>
        ${hours === 0 ? msg('Nothing of it is finished and safe on this device yet') : msg(str`${kept}, finished and safe on this device`)}${pictures > 0 ? msg(str`, ${countText(pictures, msg('picture'), msg('pictures'))}`) : nothing}.
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

/** What can be done with a device that has nothing to record with: a button to record would only lead to a refusal. */
export function otherWays(
  means: Means,
  { canAttachUsb }: SensingView,
  isAttaching: boolean,
  attach: () => void,
): TemplateResult {
  return html`<section aria-labelledby="ways" class="ways">
    <h2 id="ways">
      ${means === 'none' ? msg('This device has nothing to record with') : msg('Nothing is switched on')}
    </h2>
    <p>
      ${
        means === 'none'
          ? msg('It can collect, show and pass on what others record. To record:')
          : msg('Switch on below what is to be recorded. Or record with something else:')
      }
    </p>
    <ul class="plain">
      <li>
        <wa-button variant="brand" size="large" href=${routeHash('people', { show: 'invite' })}
          >${icon(Smartphone)} &nbsp;${msg('Use a phone: invite it')}</wa-button
        >
        <p class="soft">${msg('Phones measure movement, turning and take pictures. It scans a code and is a station.')}</p>
      </li>
      <li>
        ${
          canAttachUsb
            ? html`<wa-button size="large" appearance="outlined" ?disabled=${isAttaching} @click=${attach}
                >${icon(Usb)} &nbsp;${msg('Attach a USB sensor')}</wa-button
              >`
            : html`<p><strong>${msg('Attach a USB sensor')}</strong></p>`
        }
        <p class="soft">
          ${
            canAttachUsb
              ? msg('Air pressure, temperature and whatever else it measures; it sends lines of text.')
              : msg('With Chrome or Edge on a computer; this browser cannot read USB sensors.')
          }
        </p>
      </li>
    </ul>
  </section>`;
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
export function failureText({ denied, sensors, troubles, isInterrupted }: SensorFailure): TemplateResult {
  const names = sensors.map((name) => senseTitle(name));
  return html`
    <div role="alert">
      <p class="bad"><strong>${denied ? msg('Not recording: no sensor is permitted') : msg('Not recording: no sensor delivers')}</strong></p>
      ${isInterrupted ? html`<p>${msg('The recording that ran before the page was opened anew waits to go on: the browser wants a tap first, or a sensor is missing.')}</p>` : nothing}
      ${
        denied
          ? html`<p>
              ${names.length === 0 ? nothing : msg(str`Not permitted: ${names.join(', ')}.`)} ${msg('Tap the sign beside the page’s address, open the site settings, permit it, and then tap the button below.')}
            </p>`
          : html`<ul>
                ${troubles.map((trouble, i) => html`<li>${namedTrouble(sensors[i], trouble)}</li>`)}
              </ul>
              <p>${msg('Attach or free a sensor, or switch the camera on, and then tap the button below.')}</p>`
      }
    </div>
  `;
}

/** `Movement: this device does not have it …`: by the name that it has everywhere else. */
function namedTrouble(driver: string | undefined, trouble: string): string {
  if (driver === undefined) return sentence(trouble);
  const what = trouble.startsWith(`${driver}: `) ? trouble.slice(driver.length + 2) : trouble;
  const title = senseTitle(driver);
  return what.toLowerCase().startsWith(title.toLowerCase()) ? sentence(what) : sentence(`${title}: ${what}`);
}
