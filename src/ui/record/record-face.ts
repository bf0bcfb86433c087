/**
 * The face of a device that records: black, with the time it has recorded in numbers that can be read from a metre, whether it works,
 * and what is missing. A tap or any key brings the page back and does nothing else: what lies under the finger is out of reach until the
 * face has gone.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { BatteryMedium, CircleCheck, TriangleAlert } from 'lucide';
import type { RecordingView } from '../model/app-state.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { icon } from '../parts/icon.ts';
import { durationText, zoneName } from '../parts/words.ts';
import { BatteryWatch } from './battery-watch.ts';
import { standing } from './gap-words.ts';

/** So long the face keeps catching taps after the one that dismissed it: the second of a double tap. */
const GUARD_MS = 500;
/** The picture moves by at most so much, px, so that no pixel of the screen shows the same thing for hours. */
const DRIFT_PX = 12;
const MINUTE_MS = 60_000;

export class RecordFace extends LitElement {
  static override properties = {
    recording: { attribute: false },
    nowMs: { attribute: false },
    _isLeaving: { state: true },
  };
  static override styles = css`
    :host {
      position: fixed;
      inset: 0;
      z-index: 1000;
      display: flex;
      align-items: center;
      justify-content: center;
      background: #000;
      color: #b9c2bd;
      cursor: none;
      user-select: none;
      -webkit-user-select: none;
      touch-action: manipulation;
      font-variant-numeric: tabular-nums;
      outline: none;
      transition: opacity var(--ws-motion) linear;
    }
    :host([leaving]) {
      opacity: 0;
    }
    .face {
      display: flex;
      flex-direction: column;
      align-items: center;
      gap: 3vmin;
      width: 100%;
      padding: 24px;
      text-align: center;
    }
    .elapsed {
      font-weight: 600;
      line-height: 1;
      margin: 0;
      color: #d3dad6;
      white-space: nowrap;
    }
    .standing {
      display: flex;
      align-items: center;
      justify-content: center;
      gap: 0.5em;
      margin: 0;
      font-size: clamp(1.75rem, 7vmin, 4rem);
      font-weight: 700;
      line-height: 1.15;
    }
    .fine {
      color: #7ddb98;
    }
    .wrong {
      color: #000;
      background: #f3b95f;
      border-radius: 16px;
      padding: 0.4em 0.6em;
      max-width: calc(100vw - 64px);
      overflow-wrap: anywhere;
    }
    .clock {
      margin: 0;
      font-size: clamp(1.5rem, 8vmin, 4.5rem);
    }
    .clock small {
      font-size: 0.5em;
    }
    .pulse {
      width: 0.7em;
      height: 0.7em;
      flex: none;
      border-radius: 50%;
      background: currentColor;
      opacity: 0.35;
    }
    .battery {
      margin: 0;
      font-size: 1.25rem;
    }
    button {
      font: inherit;
      color: inherit;
      background: none;
      border: 0;
      min-height: 48px;
      padding: 8px 24px;
    }
    .hidden-text {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
  `;

  declare recording: RecordingView;
  declare nowMs: number;
  declare private _isLeaving: boolean;
  readonly #watch = new BatteryWatch(this);
  #rows = -1;
  #said = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasFull = false;

  constructor() {
    super();
    this._isLeaving = false;
    updateWhenLocaleChanges(this);
    this.addEventListener('click', this.#leave);
    this.addEventListener('keydown', this.#leave);
    new BackCloses(this, () => this.#end(), { isBare: true });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.tabIndex = -1;
    document.addEventListener('fullscreenchange', this.#fullscreenChanged);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    document.removeEventListener('fullscreenchange', this.#fullscreenChanged);
    if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => undefined);
  }

  protected override firstUpdated(): void {
    this.focus({ preventScroll: true });
    // Only straight after a touch; without one the face covers the page, which is enough.
    if (navigator.userActivation?.isActive && this.requestFullscreen !== undefined)
      this.requestFullscreen({ navigationUI: 'hide' }).catch(() => undefined);
  }

  readonly #fullscreenChanged = (): void => {
    // Leaving the full screen (a swipe, Escape) is leaving the face.
    const isFull = document.fullscreenElement !== null;
    if (this.#wasFull && !isFull) this.#end();
    this.#wasFull = isFull;
  };

  readonly #leave = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
    if (this._isLeaving) return;
    this._isLeaving = true;
    this.toggleAttribute('leaving', true);
    this.#timer = setTimeout(() => this.#end(), GUARD_MS);
  };

  #end(): void {
    this.dispatchEvent(new CustomEvent('leave'));
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('recording')) return;
    const rows = this.recording.streams.reduce((sum, stream) => sum + stream.rows, 0);
    if (this.#rows >= 0 && rows > this.#rows) this.#pulse();
    this.#rows = rows;
  }

  /** Readings really came in the last second. */
  #pulse(): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.renderRoot
      .querySelector('.pulse')
      ?.animate([{ opacity: 1 }, { opacity: 0.35 }], { duration: 800, easing: 'ease-out' });
  }

  protected override render(): TemplateResult {
    const { recording, nowMs } = this;
    const elapsed = durationText(Math.max(0, nowMs - recording.sinceMs));
    const state = standing(recording);
    const minute = Math.floor(nowMs / MINUTE_MS);
    // Two periods without a common factor: the same place comes back after hours.
    const x = Math.round(DRIFT_PX * Math.sin((2 * Math.PI * minute) / 17));
    const y = Math.round(DRIFT_PX * Math.cos((2 * Math.PI * minute) / 23));
    if (state.said !== this.#said) this.#said = state.said;
    return html`
      <div class="face" style="transform: translate(${x}px, ${y}px)">
        <p class="standing ${state.isFine ? 'fine' : 'wrong'}" aria-hidden="true">
          ${icon(state.isFine ? CircleCheck : TriangleAlert, 1)} <span>${state.word}</span>
          ${state.isFine ? html`<span class="pulse"></span>` : nothing}
        </p>
        <p
          class="elapsed"
          aria-hidden="true"
          style="font-size: min(calc(${(128 / elapsed.length).toFixed(1)}vw), 36vh, 16rem)"
        >
          ${elapsed}
        </p>
        <p class="clock" aria-hidden="true">${CLOCK.format(nowMs)} <small>${zoneName()}</small></p>
        ${this.#batteryText()}
        <button type="button">${msg('Tap to go back')}</button>
        <p class="hidden-text" role="status">${this.#said}</p>
      </div>
    `;
  }

  #batteryText(): TemplateResult | typeof nothing {
    const { battery } = this.#watch;
    if (battery === null) return nothing;
    const { level, charging } = battery;
    const percent = Math.round(level * 100);
    return html`<p class="battery" aria-hidden="true">
      ${icon(BatteryMedium)} ${charging ? msg(str`${percent} %, charging`) : msg(str`${percent} %`)}
    </p>`;
  }
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

customElements.define('record-face', RecordFace);
