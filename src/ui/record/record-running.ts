/** A recording that runs: how long, what delivers and what does not, what is safe, how long the room lasts, what interrupted it. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { Check, CircleCheck, TriangleAlert } from 'lucide';
import './record-senses.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState, RecordingView, StreamView } from '../model/app-state.ts';
import type { GapView } from '../model/gap-ledger.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import {
  bytesText,
  clockText,
  countText,
  durationText,
  lengthInHoursText,
  lengthText,
  nextPartMs,
  sentence,
  timeText,
  zoneName,
} from '../parts/words.ts';
import { BatteryWatch } from './battery-watch.ts';
import { gapStreams, gapWords, roomText, sleepyText, standing } from './gap-words.ts';
import { rateText } from './record-senses.ts';
import { senseTitle } from './sense-words.ts';
import { valuesLine } from './values.ts';

/** Interruptions shown at once; the others behind a button. */
const GAPS_SHOWN = 5;
const DAY_MS = 86_400_000;

export class RecordRunning extends LitElement {
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    _showsAll: { state: true },
  };
  static override styles = [
    SHARED_STYLES,
    css`
      /* Whatever is gone to by keyboard stays clear of the large button at the page's foot. */
      * {
        scroll-margin-block: 16px 190px;
      }
      .elapsed {
        font-size: clamp(2.5rem, 14vw, 4rem);
        font-weight: 650;
        line-height: 1.1;
        margin: 0;
      }
      .standing {
        display: flex;
        align-items: center;
        gap: 10px;
        font-size: var(--ws-size-large);
        font-weight: 650;
        margin-block: 4px 12px;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .stream {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 12px;
        padding-block: 12px;
        border-block-end: var(--ws-border) solid var(--ws-line);
      }
      .stream p {
        margin: 0;
      }
      .title {
        font-weight: 650;
      }
      .rate {
        text-align: end;
      }
      .values {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        gap: 2px 12px;
      }
      .one {
        white-space: nowrap;
      }
      .figure {
        display: inline-block;
        min-width: 3.4em;
        text-align: end;
      }
      .notice {
        border-inline-start: 6px solid var(--ws-warn);
      }
      .wrong {
        grid-column: 1 / -1;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 8px;
        align-items: baseline;
      }
      .wrong wa-button {
        grid-column: 2;
        justify-self: start;
      }
      .facts {
        display: grid;
        gap: 6px;
      }
      .facts p {
        margin: 0;
      }
      .gap {
        padding-block: 10px;
        border-block-end: var(--ws-border) solid var(--ws-line);
      }
      .gap p {
        margin: 0;
      }
    `,
  ];

  declare model: AppModel;
  declare state: AppState;
  declare private _showsAll: boolean;
  readonly #retry = new Attempt(this);
  readonly #battery = new BatteryWatch(this);

  constructor() {
    super();
    this._showsAll = false;
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { recording } = this.state;
    if (recording === null) return nothing;
    return html`
      ${this.#head(recording)} ${this.#notices(recording)}
      <section aria-labelledby="streams">
        <h2 id="streams">${msg('What is recorded')}</h2>
        <ul>
          ${recording.streams.map((stream) => this.#stream(stream))}
        </ul>
        ${this.#retry.trouble()}
        <details>
          <summary>${msg('Switch sensors on or off')}</summary>
          <record-senses .model=${this.model} .state=${this.state}></record-senses>
        </details>
      </section>
      ${this.#safe(recording)} ${this.#gaps(recording.gaps)}
    `;
  }

  #head(recording: RecordingView): TemplateResult {
    const { isFine, word } = standing(recording);
    return html`
      <p class="elapsed">${durationText(Math.max(0, Date.now() - recording.sinceMs))}</p>
      <p class="standing ${isFine ? 'good' : 'warn'}">
        ${icon(isFine ? CircleCheck : TriangleAlert)} <span>${isFine ? msg('Everything delivers') : word}</span>
      </p>
    `;
  }

  #notices({ resumed, awake, fullSinceMs }: RecordingView): TemplateResult {
    return html`
      ${
        resumed === null
          ? nothing
          : html`<section class="notice">
              <p>
                ${msg(
                  str`Recording went on by itself at ${clockText(resumed.atMs - (resumed.atMs % 1_000))} (${zoneName()}), after ${lengthText(resumed.missedMs)} without readings.`,
                )}
              </p>
            </section>`
      }
      ${
        fullSinceMs === null
          ? nothing
          : html`<section class="notice bad" role="alert">
              <p>
                ${msg(
                  str`This device is full since ${clockText(fullSinceMs - (fullSinceMs % 1_000))}. What was recorded before is safe; what comes now is in memory alone and is lost when the page is closed. Free some space on the device: recording goes on by itself.`,
                )}
              </p>
            </section>`
      }
      ${
        awake === 'refused' || awake === 'unsupported'
          ? html`<section class="notice">
              <p>
                ${sleepyText(awake, this.#battery.battery)}
              </p>
            </section>`
          : nothing
      }
    `;
  }

  #stream(stream: StreamView): TemplateResult {
    const isCamera = stream.name === 'camera';
    const title = senseTitle(stream.name);
    return html`
      <li class="stream">
        <p class="title">
          ${title}${stream.replay ? html` <span class="label warn">${msg('replay of a recording')}</span>` : nothing}
        </p>
        <p class="rate soft value">${stream.rateHz === null ? nothing : rateText(stream.rateHz)}</p>
        ${
          stream.trouble === null
            ? html`<p class="values">
                ${
                  isCamera
                    ? msg(str`last one ${bytesText(stream.columns[0]?.last ?? 0)}`)
                    : valuesLine(stream.columns)
                }
              </p>`
            : html`<div class="wrong bad">
                ${icon(TriangleAlert, 1)}
                <span>${stream.silentMs === null ? nothing : msg(str`Silent for ${lengthText(stream.silentMs)}. `)}${sentence(stream.trouble)}</span>
                ${
                  stream.isOver
                    ? html`<wa-button
                        appearance="outlined"
                        ?disabled=${this.#retry.busy}
                        @click=${() => this.#retry.run(() => this.model.sensing.retry(stream.driver))}
                        >${msg('Try again')}<span class="hidden-text"> ${title}</span></wa-button
                      >`
                    : nothing
                }
              </div>`
        }
        <p class="soft value">${isCamera ? countText(stream.rows, msg('picture'), msg('pictures')) : countText(stream.rows, msg('reading'), msg('readings'))}</p>
      </li>
    `;
  }

  #safe({
    sealedHours,
    sealedMs,
    hourMs,
    waitingHours,
    pictures,
    bytesPerDay,
  }: RecordingView): TemplateResult {
    const next = `${clockText(nextPartMs(Date.now(), hourMs))} (${zoneName()})`;
    const { freeBytes, persistent } = this.state.storage;
    return html`
      <section aria-labelledby="safe">
        <h2 id="safe">${msg('What is safe')}</h2>
        <div class="facts">
          <p>
            ${icon(Check, 1)}
            ${
              sealedHours === 0
                ? msg(
                    str`What is recorded is stored every second. The first part is finished at ${next}, or when you stop.`,
                  )
                : msg(
                    str`${lengthInHoursText(sealedMs)} finished and safe on this device; the next part at ${next}, or when you stop.`,
                  )
            }
          </p>
          ${pictures > 0 ? html`<p>${icon(Check, 1)} ${msg(str`${countText(pictures, msg('picture'), msg('pictures'))} taken.`)}</p>` : nothing}
          ${
            waitingHours === 0
              ? nothing
              : html`<p class="warn">
                  ${icon(TriangleAlert, 1)}
                  ${msg(
                    str`${countText(waitingHours, msg('finished hour waits'), msg('finished hours wait'))} on this device: it must have been let in by another device of the group, and have space left.`,
                  )}
                </p>`
          }
          <p>
            ${roomText(freeBytes, bytesPerDay, next)}
            ${
              bytesPerDay === null || freeBytes === null
                ? nothing
                : html`<span class="soft"
                    >${msg(str`A day takes ${bytesText(Math.round(bytesPerDay))}; ${bytesText(freeBytes)} are free.`)}</span
                  >`
            }
          </p>
          ${
            persistent === true
              ? nothing
              : html`<p class="soft">
                  ${msg('The browser has not promised to keep this page’s storage: let another device of the group hold a copy, and do not use a private window.')}
                </p>`
          }
        </div>
      </section>
    `;
  }

  #gaps(gaps: readonly GapView[]): TemplateResult {
    const shown = this._showsAll ? gaps : gaps.slice(0, GAPS_SHOWN);
    return html`
      <section aria-labelledby="gaps">
        <h2 id="gaps">
          ${msg('Interruptions')} ${gaps.length === 0 ? nothing : html`<span class="soft">(${zoneName()})</span>`}
        </h2>
        ${
          gaps.length === 0
            ? html`<p>${icon(Check, 1)} ${msg('None so far.')}</p>`
            : html`<ul>
                ${shown.map((gap) => gapLine(gap))}
              </ul>`
        }
        ${
          gaps.length > shown.length
            ? html`<p style="margin-block-start: 12px">
                <wa-button
                  appearance="outlined"
                  @click=${() => {
                    this._showsAll = true;
                  }}
                  >${msg(str`Show all ${gaps.length}`)}</wa-button
                >
              </p>`
            : nothing
        }
      </section>
    `;
  }
}

/** One interruption: when, how long, whom it befell, why, and, while it can still be mended, what to do. */
export function gapLine(gap: GapView, isOver = false): TemplateResult {
  const { what, remedy } = gapWords(gap);
  const who = gapStreams(gap);
  const { fromMs, toMs } = gap;
  const at = Date.now() - fromMs > DAY_MS ? timeText(fromMs) : clockText(fromMs - (fromMs % 1_000));
  const isMoment = toMs === fromMs;
  return html`<li class="gap">
    <p>
      <strong>${at}</strong>
      ${isMoment ? nothing : toMs === null ? html`<span class="warn">${msg('goes on')}</span>` : html`· ${lengthText(toMs - fromMs)}`}
      ${who === '' ? nothing : html`· ${who}`}
    </p>
    <p>${what}.</p>
    ${remedy === '' || isOver ? nothing : html`<p class="soft">${remedy}</p>`}
  </li>`;
}

customElements.define('record-running', RecordRunning);
