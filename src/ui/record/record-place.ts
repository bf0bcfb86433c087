/**
 * This device as a station: whether it is let in, what it can sense, the recording that runs, and what there is when it has ended. While
 * it records and nobody touches it, the face covers the page.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import '@awesome.me/webawesome/dist/components/switch/switch.js';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { CircleDot, Moon, Square } from 'lucide';
import './record-admission.ts';
import './record-face.ts';
import './record-running.ts';
import './record-senses.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState, RecordingPhase, SensorFailure } from '../model/app-state.ts';
import type { RecordingSummary } from '../model/recording-story.ts';
import { Attempt } from '../parts/attempt.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { QuietWatch } from './quiet-watch.ts';
import { clockWarning, failureText, otherWays, summaryCard } from './record-cards.ts';
import { recordStyles } from './record-styles.ts';
import { meansOf } from './sense-words.ts';

/** A recording that is longer is not ended by one tap. */
const ASK_BEFORE_STOP_MS = 60_000;

export class RecordPlace extends LitElement {
  static override styles = [SHARED_STYLES, recordStyles];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    _hasFace: { state: true },
    _asksToStop: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare private _hasFace: boolean;
  declare private _asksToStop: boolean;
  readonly #recordAttempt = new Attempt(this);
  /** Its own: a tap on “Stop” is not lost while what follows a start is still under way. */
  readonly #stopAttempt = new Attempt(this);
  readonly #attach = new Attempt(this);
  readonly #quiet = new QuietWatch(() => this.#grownQuiet());
  #phase: RecordingPhase | undefined;

  constructor() {
    super();
    this._hasFace = false;
    this._asksToStop = false;
    new BackCloses(this, () => this.#closeQuestion(), { isOpen: () => this._asksToStop });
    updateWhenLocaleChanges(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#phase = undefined;
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#quiet.stop();
    this._hasFace = false;
    this.model?.sensing.look(false, this);
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const { recordingPhase: phase } = this.state;
    if (phase === this.#phase) return;
    // What can be read is read while nothing is recorded, and again when recording has ended, however it did.
    if (phase === 'idle' || this.#phase === undefined) this.model.sensing.look(true, this);
    this.#phase = phase;
    if (phase === 'running') this.#quiet.start();
    else {
      this.#quiet.stop();
      this._hasFace = false;
      this._asksToStop = false;
    }
  }

  #grownQuiet(): void {
    if (this.state.recording !== null && !this._asksToStop) this._hasFace = true;
  }

  protected override render(): TemplateResult {
    const { deviceName, recording, recordingPhase, role } = this.state;
    const records = role !== 'reader' && role !== 'mirror';
    const { clock, summary } = this.model.sensing.view;
    return html`
      <h1>${recording === null ? deviceName : msg(str`${deviceName} is recording`)}</h1>
      <record-admission .model=${this.model} .state=${this.state}></record-admission>
      ${clock === null ? nothing : clockWarning(clock)}
      ${
        !records
          ? html`<section><p class="soft">${msg('This device collects data; it does not record.')}</p></section>`
          : recordingPhase === 'stopping'
            ? this.#finishing()
            : recording === null
              ? this.#idle(summary)
              : this.#recording()
      }
    `;
  }

  #idle(summary: RecordingSummary | null): TemplateResult {
    const { recordingPhase, sensorFailure } = this.state;
    const busy = recordingPhase !== 'idle' || this.#recordAttempt.busy;
    const { view } = this.model.sensing;
    const means = meansOf(view);
    // What waits to go on or failed is tried again by whoever knows better than the browser.
    const hasNothing = (means === 'none' || means === 'off') && sensorFailure === null;
    return html`
      ${sensorFailure === null ? nothing : html`<section>${failureText(sensorFailure)}</section>`}
      ${summary === null ? nothing : summaryCard(summary, this.state, () => this.model.sensing.dismissSummary())}
      ${
        hasNothing
          ? otherWays(means, view, this.#attach.busy, () =>
              this.#attach.run(() => this.model.sensing.attachUsb()),
            )
          : nothing
      }
      ${this.#attach.trouble()}
      <section aria-labelledby="senses">
        <h2 id="senses">${msg('What this device can sense')}</h2>
        <record-senses .model=${this.model} .state=${this.state}></record-senses>
      </section>
      ${this.#recordAttempt.trouble()} ${this.#stopAttempt.trouble()}
      ${hasNothing ? nothing : this.#buttons(busy, sensorFailure)}
    `;
  }

  #buttons(busy: boolean, sensorFailure: SensorFailure | null): TemplateResult {
    return html`
      <div class="thumb">
        <wa-button
          class="record"
          variant="brand"
          size="large"
          ?disabled=${busy}
          @click=${() => this.#recordAttempt.run(() => this.model.record())}
        >
          ${icon(CircleDot)} &nbsp;${this.#recordWord(busy, sensorFailure)}
        </wa-button>
        ${
          sensorFailure === null
            ? nothing
            : html`<wa-button
                class="beside"
                appearance="outlined"
                ?disabled=${busy}
                @click=${() => this.#recordAttempt.run(() => this.model.stop())}
                >${msg('Do not record')}</wa-button
              >`
        }
      </div>
    `;
  }

  #recordWord(busy: boolean, failure: SensorFailure | null): string {
    if (busy) return msg('Starting …');
    if (failure === null) return msg('Record');
    return failure.isInterrupted ? msg('Continue recording') : msg('Try again');
  }

  #recording(): TemplateResult {
    const { recording, recordingPhase } = this.state;
    return html`
      <record-running .model=${this.model} .state=${this.state}></record-running>
      <section>
        <wa-switch
          .checked=${this.#quiet.isOn}
          @change=${(event: Event) => {
            this.#quiet.isOn = (event.target as unknown as { checked: boolean }).checked;
          }}
          >${msg('Darken the screen when nobody touches it')}</wa-switch
        >
      </section>
      ${this.#recordAttempt.trouble()} ${this.#stopAttempt.trouble()}
      <div class="thumb">
        <wa-button
          class="record"
          variant="danger"
          size="large"
          ?disabled=${recordingPhase !== 'running'}
          @click=${() => this.#askToStop()}
        >
          ${icon(Square)} &nbsp;${msg('Stop recording')}
        </wa-button>
        <wa-button
          class="darken"
          size="large"
          appearance="outlined"
          @click=${() => {
            this._hasFace = true;
          }}
        >
          <span class="above">${icon(Moon)}<span>${msg('Darken')}</span></span>
        </wa-button>
      </div>
      <wa-dialog
        label=${msg('Stop recording?')}
        ?open=${this._asksToStop}
        @wa-after-hide=${() => {
          this._asksToStop = false;
        }}
      >
        <p>
          ${msg('The open hour is finished and kept, and shared with the group. Readings from now on are not recorded until you tap Record again.')}
        </p>
        <wa-button slot="footer" size="large" appearance="outlined" autofocus @click=${() => this.#closeQuestion()}
          >${msg('Go on recording')}</wa-button
        >
        <wa-button slot="footer" size="large" variant="danger" @click=${() => this.#stop()}
          >${msg('Stop and finish')}</wa-button
        >
      </wa-dialog>
      ${
        this._hasFace && recording !== null
          ? html`<record-face
              .recording=${recording}
              .nowMs=${Date.now()}
              @leave=${() => this.#leaveFace()}
            ></record-face>`
          : nothing
      }
    `;
  }

  #askToStop(): void {
    const sinceMs = this.state.recording?.sinceMs ?? Date.now();
    if (Date.now() - sinceMs < ASK_BEFORE_STOP_MS) this.#stop();
    else this._asksToStop = true;
  }

  #closeQuestion(): void {
    this._asksToStop = false;
  }

  #stop(): void {
    this._asksToStop = false;
    void this.#stopAttempt.run(() => this.model.stop());
  }

  #leaveFace(): void {
    this._hasFace = false;
    this.#quiet.start();
    this.renderRoot.querySelector<HTMLElement>('.darken')?.focus({ preventScroll: true });
  }

  #finishing(): TemplateResult {
    return html`<section role="status">
      <h2>${msg('Finishing …')}</h2>
      <p>${msg('The open hour is being finished and stored. Keep the page open for a moment.')}</p>
      <wa-progress-bar indeterminate label=${msg('Finishing')}></wa-progress-bar>
    </section>`;
  }
}

customElements.define('record-place', RecordPlace);
