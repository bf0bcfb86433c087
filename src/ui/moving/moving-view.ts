/**
 * Moving this device to another web address, whichever side this is: the offer to move while it lives here, the steps while it
 * rests, where it went afterwards, and the way in at the new address.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { Truck } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import './arriving-view.ts';
import './leaving-view.ts';
import './moved-view.ts';
import { MOVING_STYLES } from './moving-styles.ts';

export class MovingView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    MOVING_STYLES,
    css`
      h2 {
        display: flex;
        gap: 10px;
        align-items: center;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    isAsked: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** The person has opened the offer. */
  declare isAsked: boolean;
  readonly #resting = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.isAsked = false;
  }

  /** Something big is under way: closing the tab asks first. */
  readonly #hold = (event: BeforeUnloadEvent): void => {
    if (this.model.moving.state.work !== null) event.preventDefault();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('beforeunload', this.#hold);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('beforeunload', this.#hold);
  }

  protected override render(): TemplateResult {
    if (this.state.phase !== 'moving') return this.#offer();
    const { leaving } = this.model.moving.state;
    if (leaving === null)
      return html`<arriving-view alone .model=${this.model} .state=${this.state}></arriving-view>`;
    return leaving.phase === 'moved'
      ? html`<moved-view alone .model=${this.model} .state=${this.state}></moved-view>`
      : html`<leaving-view alone .model=${this.model} .state=${this.state}></leaving-view>`;
  }

  #offer(): TemplateResult {
    return html`
      <section>
        <h2>${icon(Truck)}${msg('Move to another address')}</h2>
        <p>
          ${msg('A browser keeps what a page stores apart for each web address. When you open Waystation at a new address, this device is not there until you bring it along.')}
        </p>
        ${
          this.isAsked
            ? this.#steps()
            : html`<wa-button appearance="outlined" @click=${() => {
                this.isAsked = true;
              }}>${msg('Move this device …')}</wa-button>`
        }
      </section>
    `;
  }

  #steps(): TemplateResult {
    const isRecording = this.state.recordingPhase !== 'idle';
    return html`
      <p>${msg('It takes three steps, all of them in this browser:')}</p>
      <ol class="steps">
        <li>${msg('Here this device rests, and everything goes into one file that only six words can open.')}</li>
        <li>${msg('At the new address you choose “Bring a device here”, the file, and type the words.')}</li>
        <li>${msg('Back here you say that it has moved. Until then you can stay at any time.')}</li>
      </ol>
      ${isRecording ? html`<p class="warn">${msg('It is recording. What was recorded so far is kept, and the recording ends.')}</p>` : nothing}
      ${this.#resting.trouble()}
      <div class="buttons">
        <wa-button
          variant="brand"
          ?loading=${this.#resting.busy}
          @click=${() => this.#resting.run(() => this.model.moving.rest())}
          >${isRecording ? msg('Stop recording and get ready') : msg('Get ready to move')}</wa-button
        >
        <wa-button appearance="outlined" ?disabled=${this.#resting.busy} @click=${() => {
          this.isAsked = false;
        }}>${msg('Not now')}</wa-button>
      </div>
    `;
  }
}

customElements.define('moving-view', MovingView);
