/** Who this device is connected to, over which network and how fast; through which meeting points; what is wrong and what to do. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowDown, ArrowUp, CircleCheck, CircleDashed, Globe, MapPin, TriangleAlert, Wifi } from 'lucide';
import type { AppModel } from '../model/app-model.ts';
import type { AppState, HostView } from '../model/app-state.ts';
import type { MeasuredConnection } from '../model/network-model.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { agoText, bytesText } from '../parts/words.ts';
import { ConnectionWatch } from './connection-watch.ts';

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
        grid-template-columns: auto 1fr auto;
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
      .rates {
        text-align: end;
        white-space: nowrap;
      }
      .rates span {
        display: block;
      }
      .lead {
        font-size: var(--ws-size-large);
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
    const hosts = this.state.hosts;
    return html`
      <h1>${msg('Network')}</h1>
      <section>
        <p class="lead" role="status">${this.#summary(connections)}</p>
        ${connections === null || connections.length === 0 ? nothing : html`<ul>${connections.map(connectionRow)}</ul>`}
      </section>
      <section>
        <h2>${msg('Meeting points')}</h2>
        <p class="soft">
          ${msg('Where devices find each other. Once two are connected they need none: what you see above stays connected.')}
        </p>
        ${
          hosts.length === 0
            ? html`<p>${msg('This device knows none. A link from a device that does brings one along.')}</p>`
            : html`<ul>${hosts.map((host) => meetingPoint(host, hosts))}</ul>`
        }
      </section>
    `;
  }

  #summary(connections: readonly MeasuredConnection[] | null): string {
    if (!this.state.admitted)
      return msg('Not let in yet: this device waits to meet one of the group. Keep the page open.');
    if (connections === null) return msg('Looking …');
    const [only, ...others] = connections;
    if (only === undefined)
      return msg(
        'Connected to nobody at the moment. Recording goes on, and what was recorded is shared when a device comes near.',
      );
    if (others.length === 0) return msg(str`Connected to ${only.name}.`);
    return msg(str`Connected to ${connections.length} devices.`);
  }
}

function connectionRow(one: MeasuredConnection): TemplateResult {
  const { name, sinceMs, kind, roundTripMs } = one;
  const facts = [
    kind === 'local' ? msg('same network') : kind === 'internet' ? msg('over the internet') : null,
    roundTripMs === null ? null : msg(str`answers in ${roundTripMs < 1 ? '<1' : Math.round(roundTripMs)} ms`),
    msg(str`connected ${agoText(sinceMs, Date.now())}`),
  ].filter((fact) => fact !== null);
  return html`
    <li>
      ${icon(kind === 'internet' ? Globe : Wifi)}
      <div>
        <strong>${name}</strong>
        <div class="soft">${facts.join(' · ')}</div>
      </div>
      <div class="rates soft">
        ${rate(one.receivedPerSecond, ArrowDown, msg('receiving'))} ${rate(one.sentPerSecond, ArrowUp, msg('sending'))}
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

/** One that cannot be reached is trouble only where no other can. */
function meetingPoint({ url, state }: HostView, all: readonly HostView[]): TemplateResult {
  const { host } = new URL(url);
  const isSpare = all.some((one) => one.state === 'open');
  const said = {
    open: { sign: CircleCheck, tone: 'good', words: msg('in touch') },
    connecting: { sign: CircleDashed, tone: 'soft', words: msg('trying …') },
    unreachable: isSpare
      ? { sign: CircleDashed, tone: 'soft', words: msg('not reachable from here, and not needed') }
      : {
          sign: TriangleAlert,
          tone: 'warn',
          words: msg(
            'cannot be reached from here; it is tried again. Check that this device is in the same Wi-Fi, or that it is switched on.',
          ),
        },
  }[state];
  return html`
    <li>
      ${icon(MapPin)}
      <div>
        <strong>${host}</strong>
        <div class=${said.tone}>${icon(said.sign, 1)} ${said.words}</div>
      </div>
    </li>
  `;
}

customElements.define('mesh-place', MeshPlace);
