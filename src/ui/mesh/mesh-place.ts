/** Who this device is connected to, over which network and how fast; through which meeting points; what is wrong and what to do. */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  ArrowDown,
  ArrowUp,
  CircleCheck,
  CircleDashed,
  Globe,
  MapPin,
  Server,
  TriangleAlert,
  Wifi,
} from 'lucide';
import type { AppModel } from '../model/app-model.ts';
import type { AppState, HostView } from '../model/app-state.ts';
import type { MeasuredConnection } from '../model/network-model.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { agoText, bytesText, timeText } from '../parts/words.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { connectionFacts, networkSummary, pointWords } from './network-words.ts';

/** Slower is silence: what a link says to stay open. */
const MIN_SHOWN_PER_SECOND = 1_000;

export class MeshPlace extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 4px 12px;
        align-items: start;
        padding-block: 12px;
        border-block-end: var(--ws-border) solid var(--ws-line);
      }
      li:last-child {
        border-block-end: 0;
        padding-block-end: 0;
      }
      li strong {
        overflow-wrap: anywhere;
      }
      .name,
      .facts,
      .rates {
        display: flex;
        flex-wrap: wrap;
        gap: 0 12px;
      }
      .facts {
        gap: 0 0.4em;
      }
      .name {
        justify-content: space-between;
      }
      .facts span,
      .rates span {
        white-space: nowrap;
      }
      .lead {
        font-size: var(--ws-size-large);
      }
      /* On a wide screen the two stand beside each other. */
      @media (min-width: 1000px) {
        .sides {
          display: grid;
          grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
          gap: var(--ws-gap);
          align-items: start;
        }
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #watch = new ConnectionWatch(this, () => this.model.network);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult {
    const { connections } = this.#watch;
    const { hosts } = this.state;
    const isConnected = connections === null || connections.length > 0;
    return html`
      <h1>${msg('Network')}</h1>
      <div class="sides">
        <section>
          <p class="lead" role="status">${networkSummary(this.state, connections)}</p>
          ${connections === null || connections.length === 0 ? nothing : html`<ul>${connections.map(connectionRow)}</ul>`}
        </section>
        <section>
          <h2>${msg('Meeting points')}</h2>
          <p class="soft">
            ${msg('Where devices find each other. Once two are connected they need none: they stay connected.')}
          </p>
          ${
            hosts.length === 0
              ? html`<p>${msg('This device knows none. A link from a device that does brings one along.')}</p>`
              : html`<ul>${hosts.map((host) => meetingPoint(host, hosts, isConnected))}</ul>`
          }
        </section>
      </div>
    `;
  }
}

function connectionRow(one: MeasuredConnection): TemplateResult {
  const { name, isRelay, kind, sinceMs } = one;
  const facts = connectionFacts(one, (ms) => agoText(ms, Date.now()));
  return html`
    <li>
      ${icon(isRelay ? Server : kind === 'internet' ? Globe : Wifi)}
      <div>
        <div class="name">
          <span><strong>${name}</strong> ${isRelay && !RELAY.test(name) ? html`<span class="label">${msg('relay')}</span>` : nothing}</span>
          <span class="rates soft">
            ${rate(one.receivedPerSecond, ArrowDown, msg('receiving'))} ${rate(one.sentPerSecond, ArrowUp, msg('sending'))}
          </span>
        </div>
        <div class="facts soft">
          ${facts.map((fact, i) => html`<span title=${i === facts.length - 1 ? timeText(sinceMs) : nothing}>${fact}${i === facts.length - 1 ? nothing : ' ·'}</span>`)}
        </div>
      </div>
    </li>
  `;
}

function rate(
  perSecond: number | null,
  arrow: typeof ArrowDown,
  what: string,
): TemplateResult | typeof nothing {
  if (perSecond === null || perSecond < MIN_SHOWN_PER_SECOND) return nothing;
  return html`<span>${icon(arrow, 1)} <span class="hidden-text">${what} </span>${bytesText(perSecond)}/s</span>`;
}

/** A name that says it already needs no label. */
const RELAY = /relay/i;

const SIGNS = { good: CircleCheck, soft: CircleDashed, warn: TriangleAlert } as const;

function meetingPoint(one: HostView, all: readonly HostView[], isConnected: boolean): TemplateResult {
  const { tone, text } = pointWords(one, all, isConnected);
  return html`
    <li>
      ${icon(MapPin)}
      <div>
        <strong>${new URL(one.url).host}</strong>
        <div class=${tone}>${icon(SIGNS[tone], 1)} ${text}</div>
      </div>
    </li>
  `;
}

customElements.define('mesh-place', MeshPlace);
