/** What this device can sense, each with its switch, how it stands and what it says; what can be attached; what it lacks. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/option/option.js';
import '@awesome.me/webawesome/dist/components/select/select.js';
import '@awesome.me/webawesome/dist/components/switch/switch.js';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { Ban, Check, CircleQuestionMark, Hourglass, Minus, Usb } from 'lucide';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { SenseView, SensingView } from '../model/sensing-view.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sentence } from '../parts/words.ts';
import { isHere, lacks, meansOf, senseIcon, senseMeaning, senseTitle } from './sense-words.ts';
import { valuesLine } from './values.ts';

/** How often pictures may be taken, ms. */
const INTERVALS_MS = [2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000] as const;
const BAUD_RATES = [115_200, 57_600, 38_400, 19_200, 9_600, 4_800] as const;

export function intervalText(ms: number): string {
  if (ms < 60_000) return msg(str`${ms / 1_000} seconds`);
  if (ms === 60_000) return msg('minute');
  if (ms < 3_600_000) return msg(str`${ms / 60_000} minutes`);
  return msg('hour');
}

export class RecordSenses extends LitElement {
  static override properties = { model: { attribute: false }, state: { attribute: false } };
  static override styles = [
    SHARED_STYLES,
    css`
      /* Whatever is gone to by keyboard stays clear of the large button at the page's foot. */
      * {
        scroll-margin-block: 16px 190px;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .sense {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: 2px 14px;
        align-items: center;
        padding-block: 12px;
        border-block-end: var(--ws-border) solid var(--ws-line);
      }
      .sense > .icon {
        color: var(--ws-accent);
      }
      .sense[data-off] > .icon {
        color: var(--ws-ink-soft);
      }
      .title {
        margin: 0;
        font-weight: 650;
        font-size: 1.125rem;
      }
      .meaning,
      .standing,
      .live {
        grid-column: 2 / -1;
        margin: 0;
        font-size: 0.95rem;
      }
      .standing {
        display: flex;
        gap: 8px;
        align-items: baseline;
      }
      .live {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 12px;
        min-height: 1.45em;
      }
      .one {
        white-space: nowrap;
      }
      .figure {
        display: inline-block;
        min-width: 3.4em;
        text-align: end;
      }
      .choices {
        grid-column: 2 / -1;
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
        padding-block: 8px 4px;
      }
      .choices > * {
        flex: 1 1 200px;
        min-width: 0;
      }
      wa-switch::part(base) {
        min-height: var(--ws-target);
      }
      dl {
        margin: 0;
      }
      dt {
        font-weight: 650;
      }
      dd {
        margin: 0 0 12px;
      }
    `,
  ];

  declare model: AppModel;
  declare state: AppState;
  readonly #attempt = new Attempt(this);
  readonly #attach = new Attempt(this);
  #changes: Promise<void> = Promise.resolve();

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult {
    const { view } = this.model.sensing;
    if (!view.isKnown)
      return html`<p class="soft" role="status">${msg('Looking at what this device can sense …')}</p>`;
    const here = view.senses.filter(isHere);
    // Where nothing is switched on the place itself offers it.
    const { recording, sensorFailure } = this.state;
    const isOffered = recording === null && sensorFailure === null && meansOf(view) !== 'ready';
    return html`
      ${
        here.length === 0
          ? html`<p>${msg('Nothing: this device has no sensor that a page can read.')}</p>`
          : html`<ul aria-label=${msg('What this device can sense')}>
              ${here.map((sense) => this.#sense(sense, view))}
            </ul>`
      }
      ${this.#attempt.trouble()}
      ${
        view.canAttachUsb && !isOffered
          ? html`<p style="margin-block-start: 16px">
              <wa-button
                appearance="outlined"
                ?disabled=${this.#attach.busy}
                @click=${() => this.#attach.run(() => this.model.sensing.attachUsb())}
              >
                ${icon(Usb)} &nbsp;${msg('Attach a USB sensor')}
              </wa-button>
            </p>`
          : nothing
      }
      ${this.#attach.trouble()} ${this.#lacking(view)}
    `;
  }

  #sense(sense: SenseView, view: SensingView): TemplateResult {
    const { name, device, isChosen } = sense;
    const title = senseTitle(name, device);
    return html`
      <li class="sense" ?data-off=${!isChosen}>
        ${icon(senseIcon(name), 1.6)}
        <p class="title">${title}</p>
        <wa-switch
          aria-label=${msg(str`Record: ${title}`)}
          .checked=${isChosen}
          @change=${(event: Event) => {
            const { checked } = event.target as unknown as { checked: boolean };
            this.#change(() => this.model.sensing.choose(name, checked));
          }}
          ><span class="hidden-text">${msg(str`Record: ${title}`)}</span></wa-switch
        >
        <p class="meaning soft">${senseMeaning(sense)}</p>
        ${this.#standing(sense)} ${name === 'camera' && isChosen ? this.#cameraChoices(view) : nothing}
        ${name.startsWith('usb') && isChosen ? this.#cableChoices(view) : nothing}
      </li>
    `;
  }

  /** One after the other: what was switched while another change is under way must not be lost, for the switch shows it. */
  #change(action: () => Promise<void>): void {
    this.#changes = this.#changes.then(() => this.#attempt.run(action));
  }

  #standing({ isChosen, availability, live, name, trouble }: SenseView): TemplateResult {
    if (availability?.state === 'refused') {
      return html`<p class=${isChosen ? 'standing bad' : 'standing soft'}>${icon(Ban, 1)} <span>${sentence(availability.reason)}</span></p>`;
    }
    if (availability?.state === 'needs-permission') {
      return html`<p class="standing">
        ${icon(CircleQuestionMark, 1)}
        <span
          >${
            isChosen
              ? msg('When you tap Record, the browser asks whether this page may read it.')
              : msg('Needs your permission; you are asked when it is to be recorded.')
          }</span
        >
      </p>`;
    }
    if (isChosen && trouble !== null) {
      return html`<p class="standing bad">
        ${icon(Ban, 1)} <span>${msg(str`It did not deliver when it was last to be recorded: ${sentence(trouble)}`)}</span>
      </p>`;
    }
    if (!isChosen)
      return html`<p class="standing soft">${icon(Minus, 1)} <span>${msg('Not recorded')}</span></p>`;
    if (live === null || live.columns.every(({ last }) => last === null)) {
      // Whether a sensor delivers is known when it has.
      return name === 'camera' || name.startsWith('usb')
        ? html`<p class="standing good">${icon(Check, 1)} <span>${msg('Ready')}</span></p>`
        : html`<p class="standing soft">${icon(Hourglass, 1)} <span>${msg('No reading yet')}</span></p>`;
    }
    return html`<p class="live">
      ${valuesLine(live.columns)}
      ${live.rateHz === null ? nothing : html`<span class="one soft">${rateText(live.rateHz)}</span>`}
    </p>`;
  }

  #cameraChoices({ camera, cameras }: SensingView): TemplateResult {
    const choose = (change: Parameters<AppModel['sensing']['chooseCamera']>[0]) =>
      this.#change(() => this.model.sensing.chooseCamera(change));
    const intervals: number[] = [...INTERVALS_MS];
    if (!intervals.includes(camera.everyMs)) intervals.push(camera.everyMs);
    return html`<div class="choices">
      <wa-select
        label=${msg('A picture every')}
        .value=${String(camera.everyMs)}
        @change=${(event: Event) => choose({ everyMs: Number(chosenIn(event)) })}
      >
        ${intervals.map((ms) => html`<wa-option value=${String(ms)}>${intervalText(ms)}</wa-option>`)}
      </wa-select>
      ${
        cameras.length < 2
          ? nothing
          : html`<wa-select
              label=${msg('Camera')}
              .value=${cameras.some(({ id }) => id === camera.device) ? camera.device : ANY_CAMERA}
              @change=${(event: Event) => {
                const id = chosenIn(event);
                choose({ device: id === ANY_CAMERA ? '' : id });
              }}
            >
              <wa-option value=${ANY_CAMERA}>${msg('The one on the back')}</wa-option>
              ${cameras.map(
                ({ id, label }, i) =>
                  html`<wa-option value=${id}>${label === '' ? msg(str`Camera ${i + 1}`) : label}</wa-option>`,
              )}
            </wa-select>`
      }
    </div>`;
  }

  #cableChoices({ baudRate }: SensingView): TemplateResult {
    return html`<div class="choices">
      <wa-select
        label=${msg('Speed of the cable')}
        .value=${baudRate === null ? ANY_SPEED : String(baudRate)}
        @change=${(event: Event) => {
          const value = chosenIn(event);
          this.#change(() => this.model.sensing.chooseBaudRate(value === ANY_SPEED ? null : Number(value)));
        }}
      >
        <wa-option value=${ANY_SPEED}>${msg('Find it out')}</wa-option>
        ${BAUD_RATES.map((rate) => html`<wa-option value=${String(rate)}>${msg(str`${rate} baud`)}</wa-option>`)}
      </wa-select>
    </div>`;
  }

  #lacking(view: SensingView): TemplateResult {
    return html`<details>
      <summary>${msg('What this device cannot sense')}</summary>
      <dl>
        ${lacks(view).map(
          ({ what, why }) => html`<dt>${what}</dt>
          <dd class="soft">${why}</dd>`,
        )}
      </dl>
    </details>`;
  }
}

const ANY_CAMERA = 'any';
const ANY_SPEED = 'any';

function chosenIn(event: Event): string {
  return String((event.target as unknown as { value: unknown }).value ?? '');
}

/** Readings a second as they really come. */
export function rateText(rateHz: number): string {
  if (rateHz >= 0.95) return msg(str`${Number(rateHz.toFixed(rateHz < 9.95 ? 1 : 0))} a second`);
  return msg(str`one every ${Math.round(1 / rateHz)} s`);
}

customElements.define('record-senses', RecordSenses);
