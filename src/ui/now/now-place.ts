/**
 * Place 1: whether all is right, in one sentence; then a card per station, alarms first. While this device collects from others it is the
 * van's view instead of the sentence.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { virtualize } from '@lit-labs/virtualizer/virtualize.js';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { CircleCheckBig, CircleDot, Info, TriangleAlert, UserPlus } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { type Router, routeHash } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { StationFacts } from '../model/station-facts.ts';
import { icon } from '../parts/icon.ts';
import { ringStyles } from '../parts/ring.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sparklineStyles } from '../parts/sparkline.ts';
import { momentText, zoneAt } from '../parts/words.ts';
import { CHOSEN_DOOR, tabNote } from '../platform/tab-notes.browser.ts';
import './collecting-settings.ts';
import { type Concern, type NowSentence, nowSentence } from './now-sentence.ts';
import { byUrgency, cardStyles, stationCard } from './station-card.ts';
import './van-panel.ts';

/** More stations than this are drawn only where they are seen. */
const MAX_DRAWN = 24;
/** A card needs this much to be read at arm's length, px. */
const MIN_CARD_PX = 330;
/** Concerns told under the sentence; the cards say the rest. */
const MAX_CONCERNS = 3;

const SIGNS = { good: CircleCheckBig, soft: Info, warn: TriangleAlert, bad: TriangleAlert } as const;

export class NowPlace extends LitElement {
  static override styles = [
    SHARED_STYLES,
    ringStyles,
    sparklineStyles,
    cardStyles,
    css`
      .sentence {
        display: flex;
        align-items: flex-start;
        gap: 12px;
        font-size: clamp(1.5rem, 6.5vw, 2.25rem);
        line-height: 1.15;
        margin: 4px 0 8px;
        overflow-wrap: anywhere;
      }
      .sentence .icon {
        margin-block-start: 0.05em;
      }
      header {
        margin-block-end: 20px;
      }
      .group {
        margin: 0;
      }
      /* On a wide screen it stands above the places. */
      @media (min-width: 900px) {
        .group {
          display: none;
        }
      }
      header ul {
        margin: 8px 0;
        padding-inline-start: 1.2em;
      }
      .cards,
      .cards-row {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(${MIN_CARD_PX}px, 100%), 1fr));
        gap: 12px;
      }
      .cards {
        margin-block-end: 24px;
      }
      .cards-row {
        width: 100%;
        padding-block-end: 12px;
      }
      .many {
        display: block;
        margin-block-end: 24px;
      }
      .empty {
        padding: 32px 20px;
      }
      .empty .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      .leave {
        display: flex;
        gap: 8px;
        align-items: center;
      }
      header a {
        color: inherit;
      }
      header a span {
        text-decoration: underline;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    router: { attribute: false },
    perRow: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare router: Router;
  /** Cards beside each other. */
  declare perRow: number;
  readonly #resized = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    this.perRow = Math.max(1, Math.floor((width + 12) / (MIN_CARD_PX + 12)));
  });

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.perRow = 1;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  protected override render(): TemplateResult {
    const { stationFacts, collecting, spaceName } = this.state;
    const nowMs = Date.now();
    const said = nowSentence(this.state, nowMs, (ms) => minuteText(ms, nowMs));
    const isVisit = collecting !== null && collecting.visit !== null;
    return html`
      ${isVisit || spaceName === null ? nothing : html`<p class="group soft">${spaceName}</p>`}
      <h1 class=${isVisit ? '' : 'hidden-text'}>${isVisit ? msg('Collecting') : msg('Now')}</h1>
      ${isVisit ? html`<van-panel .model=${this.model} .state=${this.state}></van-panel>` : nothing}
      ${isVisit && (said.tone !== 'bad' || collecting.isFull) ? nothing : this.#header(said)}
      ${stationFacts.length === 0 ? this.#empty() : this.#stations(nowMs)}
      ${stationFacts.length === 0 ? nothing : html`<collecting-settings .model=${this.model} .state=${this.state}></collecting-settings>`}
    `;
  }

  #header({ tone, text, detail, concerns }: NowSentence): TemplateResult {
    const more = concerns.length - MAX_CONCERNS;
    return html`<header>
      <p class="sentence ${tone}" role="status">${icon(SIGNS[tone], 1.1)} <strong>${text}</strong></p>
      ${detail === null ? nothing : html`<p>${detail}</p>`}
      ${
        concerns.length === 0
          ? nothing
          : html`<ul>
              ${concerns.slice(0, MAX_CONCERNS).map((one) => html`<li>${concern(one)}</li>`)}
              ${more > 0 ? html`<li class="soft">${more === 1 ? msg('and one more, below') : msg(html`and ${more} more, below`)}</li>` : nothing}
            </ul>`
      }
      ${this.#calmLeave()}
    </header>`;
  }

  /** Without a visit worth a panel: whether one may go, in one line. */
  #calmLeave(): TemplateResult | typeof nothing {
    const { collecting, refusal } = this.state;
    if (collecting === null || collecting.connected === 0 || !collecting.mayLeave) return nothing;
    // Of who does not share with this device nobody knows what they have.
    if (refusal !== null) return nothing;
    if (collecting.things.held + collecting.inFolder === 0) return nothing;
    return html`<p class="leave good">${icon(CircleCheckBig)} ${collecting.inFolder > 0 ? msg('Everything that the connected devices had is on this device or in the folder.') : msg('Everything that the connected devices had is on this device.')}</p>`;
  }

  #empty(): TemplateResult {
    return html`<section class="empty">
      <p>
        ${msg('Stations appear here as soon as one records: this device, or any other of the group. As far as this device knows, none has yet.')}
      </p>
      <div class="buttons">${this.#firstSteps()}</div>
    </section>`;
  }

  /** What was chosen at the doors first; nobody is invited by a device that takes no part. */
  #firstSteps(): readonly TemplateResult[] {
    const { admitted, refusal } = this.state;
    const isCollector = tabNote(CHOSEN_DOOR) === 'now';
    const mayInvite = admitted && refusal !== 'revoked';
    const look = (isFirst: boolean) => (isFirst ? 'accent' : 'outlined');
    const record = html`<wa-button variant=${isCollector ? 'neutral' : 'brand'} appearance=${look(!isCollector)} @click=${() => this.router.go('record')}>${icon(CircleDot)} ${msg('Record on this device')}</wa-button>`;
    const invite = html`<wa-button variant=${isCollector ? 'brand' : 'neutral'} appearance=${look(isCollector)} @click=${() => this.router.go('people', { show: 'invite' })}>${icon(UserPlus)} ${isCollector ? msg('Invite a station') : msg('Invite a device')}</wa-button>`;
    if (!mayInvite) return [record];
    return isCollector ? [invite, record] : [record, invite];
  }

  #stations(nowMs: number): TemplateResult {
    const { stationFacts, collecting, recording } = this.state;
    const { admitted, refusal } = this.state;
    const context = {
      nowMs,
      isAlone: (collecting?.connected ?? 0) === 0,
      isRecording: recording !== null,
      isOut: !admitted || refusal === 'revoked',
    };
    const sorted = byUrgency(stationFacts, context);
    const card = (facts: StationFacts) => html`<div role="listitem">
      ${stationCard(facts, { ...context, spark: this.model.stations.spark(facts.status.key) })}
    </div>`;
    const heading = html`<h2 class="hidden-text">${msg('Stations')}</h2>`;
    if (sorted.length <= MAX_DRAWN)
      return html`${heading}<div class="cards" role="list">${sorted.map(card)}</div>`;
    const rows: StationFacts[][] = [];
    for (let i = 0; i < sorted.length; i += this.perRow) rows.push(sorted.slice(i, i + this.perRow));
    return html`${heading}
      <div class="many" role="list">
        ${virtualize({
          items: rows,
          renderItem: (row) => html`<div class="cards-row" role="presentation">${row.map(card)}</div>`,
        })}
      </div>`;
  }
}

/** To the minute, which is all that a person needs, with the zone. */
function minuteText(ms: number, nowMs: number): string {
  return `${momentText(ms - (ms % 60_000), nowMs)} ${zoneAt(ms)}`;
}

/** What needs a person, with a way to its data. */
function concern({ text, station, tone }: Concern): TemplateResult {
  const words = html`<span class=${tone}>${text}</span>`;
  return station === null ? words : html`<a href=${routeHash('data', { station })}>${words}</a>`;
}

customElements.define('now-place', NowPlace);
