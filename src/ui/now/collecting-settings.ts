/** What this device collects, as sentences with numbers: pause, speed, amount; the folder that it copies to; what was picked up when. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { Pause, Play } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/option/option.js';
import '@awesome.me/webawesome/dist/components/select/select.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { CollectingView } from '../model/collecting-view.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText, timeText, zoneName } from '../parts/words.ts';
import './archive-panel.ts';
import { limitsText } from './collecting-words.ts';
import { roomDays } from './now-sentence.ts';
import { stretchText, thingsText } from './time-words.ts';

const DAY_MS = 86_400_000;
/** Beyond two years the number says nothing. */
const MANY_DAYS = 730;
/** Bytes a second to choose from: a metered link, a shared one, most of a Wi-Fi. */
const RATES = [50_000, 200_000, 1_000_000, 5_000_000];
/** Bytes to choose from: what a phone's plan gives for a day, and what a small phone has room for. */
const AMOUNTS = [100e6, 500e6, 2e9, 10e9];
/** Rounds shown of those that are remembered. */
const MAX_SHOWN = 5;

export class CollectingSettings extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      .choices {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(220px, 1fr));
        gap: 16px;
        margin-block-end: 16px;
      }
      h3 {
        font-size: 1rem;
        margin: 16px 0 8px;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        padding-block: 6px;
        border-block-end: 1px solid var(--ws-line);
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #changing = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { collecting } = this.state;
    if (collecting === null) return nothing;
    return html`<section>
      <h2>${msg('What this device collects')}</h2>
      <p>${limitsText(collecting)}</p>
      <p class="soft">${this.#room()}</p>
      ${this.#changing.trouble()}
      <div class="choices">
        ${this.#choice(
          msg('Speed'),
          collecting.limits.bytesPerSecond,
          RATES,
          msg('As fast as it goes'),
          (bytes) => msg(str`At most ${bytesText(bytes)} a second`),
          (bytes) => this.model.collecting.setRate(bytes),
        )}
        ${this.#choice(
          msg('Amount'),
          collecting.limits.amountBytes,
          AMOUNTS,
          msg('All there is'),
          (bytes) => msg(str`At most ${bytesText(bytes)} from now on`),
          (bytes) => this.model.collecting.setAmount(bytes),
        )}
      </div>
      ${collecting.visit === null ? this.#pause(collecting) : nothing}
      <archive-panel .model=${this.model} .state=${this.state}></archive-panel>
      ${this.#history(collecting)}
    </section>`;
  }

  /** While others are collected from, the panel above has it. */
  #pause({ limits }: CollectingView): TemplateResult {
    return html`<wa-button
        appearance="outlined"
        ?disabled=${this.#changing.busy}
        @click=${() => this.#changing.run(() => this.model.collecting.setPaused(!limits.paused))}
        >${limits.paused ? html`${icon(Play)} ${msg('Go on collecting')}` : html`${icon(Pause)} ${msg('Pause collecting')}`}</wa-button
      >`;
  }

  /** Room in bytes and, where it is known, in days. */
  #room(): string {
    const { freeBytes } = this.state.storage;
    if (freeBytes === null) return msg('This browser does not say how much room is left.');
    const days = roomDays(this.state);
    const room = bytesText(freeBytes);
    if (days !== null && days > MANY_DAYS)
      return msg(str`${room} of room left on this device: enough for years as things are recorded now.`);
    return days === null
      ? msg(str`${room} of room left on this device; for how long is known after an hour of recording.`)
      : msg(
          str`${room} of room left on this device: about ${stretchText(days * DAY_MS)} as things are recorded now.`,
        );
  }

  #choice(
    label: string,
    chosen: number | null,
    offered: readonly number[],
    none: string,
    text: (bytes: number) => string,
    choose: (bytes: number | null) => Promise<void>,
  ): TemplateResult {
    // What is left of an amount is none of those that were offered.
    const values = chosen === null || offered.includes(chosen) ? offered : [chosen, ...offered];
    const value = chosen === null ? 'none' : String(chosen);
    return html`<wa-select
      label=${label}
      .value=${value}
      @change=${(event: Event) => {
        const { value: picked } = event.target as HTMLSelectElement;
        void this.#changing.run(() => choose(picked === 'none' ? null : Number(picked)));
      }}
    >
      <wa-option value="none">${none}</wa-option>
      ${values.map((bytes) => html`<wa-option value=${String(bytes)}>${text(bytes)}</wa-option>`)}
    </wa-select>`;
  }

  #history({ history }: CollectingView): TemplateResult | typeof nothing {
    if (history.length === 0) return nothing;
    return html`<h3>${msg(str`Rounds on which everything came (${zoneName()})`)}</h3>
      <ul>
        ${history.slice(0, MAX_SHOWN).map(({ atMs, things, bytes }) => html`<li>${timeText(atMs)}: ${thingsText(things)}, ${bytesText(bytes)}</li>`)}
      </ul>`;
  }
}

customElements.define('collecting-settings', CollectingSettings);
