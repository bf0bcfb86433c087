/** The van's view: one ring for everything that comes, the time it takes, and whether one may leave. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { CircleCheckBig, Hand, Pause, Play, TriangleAlert } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/switch/switch.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { CollectingView } from '../model/collecting-view.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { ring, ringStyles } from '../parts/ring.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText, momentText } from '../parts/words.ts';
import { setSignal, signal, wantsSignal } from './leave-signal.ts';
import { type Leaving, leaving, ofText } from './leave-words.ts';
import { leftText } from './time-words.ts';

const SIGNS = { leave: CircleCheckBig, stay: Hand, stuck: TriangleAlert } as const;

export class VanPanel extends LitElement {
  static override styles = [
    SHARED_STYLES,
    ringStyles,
    css`
      section {
        display: grid;
        gap: 16px 32px;
        justify-items: center;
      }
      .ring {
        width: min(54vw, 240px);
        aspect-ratio: 1;
      }
      .ring strong {
        display: block;
        font-size: 2.5rem;
        line-height: 1;
      }
      .ring .soft {
        font-size: var(--ws-size-small);
      }
      .ring svg.arc {
        stroke-width: 4px;
      }
      .numbers .most {
        flex-basis: 100%;
      }
      .numbers .most dd {
        font-size: var(--ws-size-title);
      }
      .words {
        columns: auto;
        max-width: none;
        font-weight: inherit;
        width: 100%;
      }
      .headline {
        display: flex;
        align-items: center;
        gap: 14px;
        font-size: clamp(1.5rem, 7vw, 2.25rem);
        font-weight: 700;
        line-height: 1.15;
        margin: 0 0 8px;
        padding: 12px 16px;
        border-radius: var(--ws-radius-small);
        border: var(--ws-border) solid currentColor;
      }
      .headline.leave {
        color: var(--ws-good);
        background: var(--ws-good-soft);
      }
      .headline.stay {
        color: var(--ws-accent);
        background: var(--ws-accent-soft);
      }
      .headline.stuck {
        color: var(--ws-warn);
        background: var(--ws-warn-soft);
      }
      .numbers {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 28px;
        margin: 0 0 12px;
      }
      .numbers div {
        display: flex;
        flex-direction: column;
      }
      dt {
        font-size: var(--ws-size-small);
        color: var(--ws-ink-soft);
      }
      dd {
        margin: 0;
        font-size: var(--ws-size-large);
        font-weight: 600;
      }
      ul {
        margin: 0 0 12px;
        padding-inline-start: 1.2em;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px 20px;
        align-items: center;
      }
      @media (min-width: 700px) {
        section {
          grid-template-columns: 240px minmax(0, 1fr);
          align-items: start;
        }
        .ring {
          width: 240px;
        }
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #pausing = new Attempt(this);
  #couldLeave: boolean | null = null;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override updated(): void {
    const mayLeave = this.state.collecting?.mayLeave === true;
    if (mayLeave && this.#couldLeave === false && wantsSignal(globalThis.localStorage)) signal();
    this.#couldLeave = mayLeave;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { collecting, stationFacts } = this.state;
    if (collecting === null) return nothing;
    const words = leaving(stationFacts, collecting, (ms) => momentText(ms - (ms % 60_000), Date.now()));
    return html`<section aria-label=${msg('Collecting')}>
      ${this.#ring(collecting)}
      <div class="words">
        <p class="headline ${words.kind}">${icon(SIGNS[words.kind], 1.4)} <span>${words.headline}</span></p>
        <p class="hidden-text" role="status">${said(words.kind)}</p>
        ${words.detail === '' ? nothing : html`<p>${words.detail}</p>`}
        ${this.#numbers(collecting, words)}
        ${
          words.missing.length === 0
            ? nothing
            : html`<p><strong>${msg('If you leave now, this stays behind:')}</strong></p>
                <ul>
                  ${words.missing.map((one) => html`<li>${one}</li>`)}
                </ul>`
        }
        ${this.#pausing.trouble()} ${this.#buttons(collecting)}
      </div>
    </section>`;
  }

  #ring({ bytes, mayLeave }: CollectingView): TemplateResult {
    const all = bytes.held + bytes.missing;
    const share = all === 0 ? null : (all - bytes.missing) / all;
    const percent = share === null ? 0 : share === 1 ? 100 : Math.min(99, Math.floor(share * 100));
    return ring({
      share,
      tone: mayLeave ? 'good' : 'accent',
      label: msg(
        str`${percent} percent of everything is on this device: ${ofText(all - bytes.missing, all)}`,
      ),
      middle: html`<strong>${percent}%</strong><span class="soft">${ofText(all - bytes.missing, all)}</span>`,
    });
  }

  #numbers(
    { leftMs, bytesPerSecond, connected, visit, limits }: CollectingView,
    { kind }: Leaving,
  ): TemplateResult {
    const speed = bytesPerSecond === null ? '–' : msg(str`${bytesText(Math.round(bytesPerSecond))} a second`);
    return html`<dl class="numbers">
      ${
        kind === 'stay'
          ? html`<div class="most"><dt>${msg('Time left')}</dt><dd>${leftMs === null ? msg('not known yet') : leftText(leftMs)}</dd></div>
              <div><dt>${msg('Speed')}</dt><dd>${limits.paused ? '–' : speed}</dd></div>`
          : nothing
      }
      ${visit === null ? nothing : html`<div><dt>${msg('Came on this visit')}</dt><dd>${bytesText(visit.bytes)}</dd></div>`}
      <div><dt>${msg('Connected')}</dt><dd>${connected === 1 ? msg('1 device') : msg(str`${connected} devices`)}</dd></div>
    </dl>`;
  }

  #buttons({ limits, mayLeave }: CollectingView): TemplateResult {
    return html`<div class="buttons">
      ${
        mayLeave
          ? nothing
          : html`<wa-button
              appearance="outlined"
              ?disabled=${this.#pausing.busy}
              @click=${() => this.#pausing.run(() => this.model.collecting.setPaused(!limits.paused))}
              >${limits.paused ? html`${icon(Play)} ${msg('Go on collecting')}` : html`${icon(Pause)} ${msg('Pause collecting')}`}</wa-button
            >`
      }
      <wa-button appearance="outlined" @click=${() => this.model.collecting.dismissVisit()}
        >${mayLeave ? msg('Done') : msg('Put this away')}</wa-button
      >
      <wa-switch
        ?checked=${wantsSignal(globalThis.localStorage)}
        @change=${(event: Event) => setSignal(globalThis.localStorage, (event.target as HTMLInputElement).checked)}
        >${msg('Sound and vibration when I can leave')}</wa-switch
      >
    </div>`;
  }
}

/** What is read out when it changes: without the numbers, which change each second. */
function said(kind: Leaving['kind']): string {
  switch (kind) {
    case 'leave':
      return msg('Everything is here: you can leave');
    case 'stay':
      return msg('Stay: recordings are still coming');
    case 'stuck':
      return msg('Not everything is here yet, and nothing comes');
  }
}

customElements.define('van-panel', VanPanel);
