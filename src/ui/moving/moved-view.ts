/** At the old address, when the device lives elsewhere: where it went, and the way back. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { timeText, zoneName } from '../parts/words.ts';
import { MOVING_STYLES } from './moving-styles.ts';
import { stayingWarning } from './staying-warning.ts';

/** An address that may be a link; nothing that runs. */
export function linkOf(address: string): string | null {
  try {
    const url = new URL(address);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

export class MovedView extends LitElement {
  static override styles = [SHARED_STYLES, MOVING_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    isAsked: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** The person wants it back. */
  declare isAsked: boolean;
  readonly #staying = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.isAsked = false;
  }

  protected override render(): TemplateResult {
    const { leaving } = this.model.moving.state;
    const name = this.state.deviceName === '' ? msg('This device') : this.state.deviceName;
    const to = leaving?.to ?? null;
    return html`
      <section>
        <h1>${msg(str`${name} has moved`)}</h1>
        ${to === null ? html`<p>${msg('It lives at another address now.')}</p>` : this.#where(to)}
        <p>
          ${msg('Here it does not record, does not connect to other devices and writes nothing. What it held when it left is still kept by this browser; you can clear it with the data of this site.')}
        </p>
        ${
          leaving === null || leaving.sinceMs === 0
            ? nothing
            : html`<p class="soft">${msg(str`Moved on ${timeText(leaving.sinceMs)} (${zoneName()}).`)}</p>`
        }
        ${this.isAsked ? stayingWarning(this.#staying, this.model, () => this.#ask(false)) : html`<wa-button appearance="outlined" @click=${() => this.#ask(true)}>${msg('Undo: stay here after all')}</wa-button>`}
      </section>
    `;
  }

  #where(to: string): TemplateResult {
    const link = linkOf(to);
    return html`<p>
      ${msg('It lives here now:')}
      ${link === null ? html`<span class="address">${to}</span>` : html`<a class="address" href=${link}>${to}</a>`}
    </p>`;
  }

  #ask(isAsked: boolean): void {
    this.isAsked = isAsked;
  }
}

customElements.define('moved-view', MovedView);
