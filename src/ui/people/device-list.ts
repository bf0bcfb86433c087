/**
 * The devices of the group as a list: those in it, the invites that are open, those removed. Short lists stand as they are; long
 * ones are drawn only where they are seen.
 */

import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { virtualize } from '@lit-labs/virtualizer/virtualize.js';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  ChevronRight,
  CircleMinus,
  type IconNode,
  Laptop,
  MonitorSmartphone,
  QrCode,
  Server,
  Smartphone,
} from 'lucide';
import '@awesome.me/webawesome/dist/components/input/input.js';
import type { DeviceRow, InviteRow, PeopleView } from '../model/people-model.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { timeText, zoneAt } from '../parts/words.ts';
import { nameOf, stateOf } from './device-words.ts';
import { roleWords } from './role-words.ts';

/** From here on only what is seen is drawn; below, drawing all at once is quicker and never jumps. */
const LONG = 40;
/** From here on there is a field to find one. */
const MANY = 12;

type Row =
  | { readonly kind: 'head'; readonly key: string; readonly text: string }
  | { readonly kind: 'device'; readonly key: string; readonly device: DeviceRow }
  | { readonly kind: 'invite'; readonly key: string; readonly invite: InviteRow };

/** Of the device that shows the list it is known what it is; of the others only what they are called. */
function ownSign(): IconNode {
  return matchMedia('(pointer: coarse)').matches ? Smartphone : Laptop;
}

/** What was tapped. */
export interface ChosenDetail {
  readonly device?: DeviceRow;
  readonly invite?: InviteRow;
}

export class DeviceList extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        margin-block-end: var(--ws-gap);
      }
      .find {
        margin-block-end: 12px;
      }
      .list > div {
        width: 100%;
        padding-block-end: 8px;
      }
      h2 {
        margin: 12px 4px 4px;
      }
      .row {
        display: flex;
        flex-wrap: nowrap;
        align-items: center;
        gap: 14px;
        width: 100%;
        min-height: 68px;
        margin: 0;
        padding: 10px 14px;
        text-align: start;
        font-weight: 400;
        color: var(--ws-ink);
        background: var(--ws-surface);
        border: var(--ws-border) solid var(--ws-line);
        border-radius: var(--ws-radius-small);
      }
      .row:hover {
        border-color: var(--ws-accent);
      }
      .who {
        flex: 1 1 auto;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .who strong {
        font-size: 1.0625rem;
      }
      .who .soft {
        display: block;
        font-size: 0.9375rem;
      }
      .state {
        flex: 0 1 auto;
        max-width: 42%;
        white-space: nowrap;
        text-align: end;
        font-size: 0.9375rem;
      }
      .sign {
        color: var(--ws-ink-soft);
      }
      @media (max-width: 560px) {
        .row {
          display: grid;
          grid-template-columns: auto 1fr auto;
          row-gap: 2px;
        }
        .state {
          grid-column: 2;
          grid-row: 2;
          max-width: none;
          white-space: normal;
          text-align: start;
        }
        .sign {
          grid-row: 1 / span 2;
          grid-column: 1;
        }
        .sign:last-child {
          grid-column: 3;
        }
        .who {
          grid-column: 2;
        }
      }
    `,
  ];
  static override properties = { view: { attribute: false }, wanted: { state: true } };

  declare view: PeopleView;
  /** What is typed to find a device. */
  declare wanted: string;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.wanted = '';
  }

  protected override render(): TemplateResult {
    const rows = this.#rows();
    const { devices } = this.view;
    return html`
      ${
        devices.length < MANY
          ? nothing
          : html`<wa-input
              class="find"
              type="search"
              label=${msg('Find a device')}
              autocomplete="off"
              with-clear
              .value=${this.wanted}
              @input=${(event: InputEvent) => {
                this.wanted = (event.target as HTMLInputElement).value;
              }}
            ></wa-input>`
      }
      ${rows.length === 0 && this.wanted !== '' ? html`<p class="soft" role="status">${msg('No device is called that.')}</p>` : nothing}
      <div class="list" role="list">
        ${
          rows.length <= LONG
            ? rows.map((row, i) => this.#item(row, i, rows.length))
            : virtualize({
                items: rows,
                keyFunction: ({ key }) => key,
                renderItem: (row, i) => this.#item(row, i, rows.length),
              })
        }
      </div>
    `;
  }

  #rows(): Row[] {
    const wanted = this.wanted.trim().toLowerCase();
    const found = this.view.devices.filter((device) => nameOf(device).toLowerCase().includes(wanted));
    const inside = found.filter(({ standing }) => standing === 'active');
    const outside = found.filter(({ standing }) => standing !== 'active');
    const invites = wanted === '' ? this.view.invites : [];
    const group = <T>(text: string, of: readonly T[], row: (one: T) => Row): Row[] =>
      of.length === 0 ? [] : [{ kind: 'head', key: text, text: `${text} (${of.length})` }, ...of.map(row)];
    const device = (one: DeviceRow): Row => ({ kind: 'device', key: one.id, device: one });
    return [
      ...group(msg('In the group'), inside, device),
      ...group(msg('Invited'), invites, (invite): Row => ({ kind: 'invite', key: invite.id, invite })),
      ...group(msg('Not in the group any more'), outside, device),
    ];
  }

  #item(row: Row, i: number, count: number): TemplateResult {
    return html`<div role="listitem" aria-posinset=${i + 1} aria-setsize=${count}>
      ${row.kind === 'head' ? html`<h2>${row.text}</h2>` : row.kind === 'device' ? this.#device(row.device) : this.#invite(row.invite)}
    </div>`;
  }

  #device(device: DeviceRow): TemplateResult {
    const { role, isSelf, standing, isRelay } = device;
    const sign =
      standing !== 'active' ? CircleMinus : isRelay ? Server : isSelf ? ownSign() : MonitorSmartphone;
    const [link, state, tone] = stateOf(device, this.view.nowMs);
    return html`<button class="row" @click=${() => this.#choose({ device })}>
      <span class="sign">${icon(sign)}</span>
      <span class="who">
        <strong>${nameOf(device)}</strong>
        ${isSelf ? html`<span class="label">${msg('this device')}</span>` : nothing}
        ${isRelay ? html`<span class="label">${msg('relay')}</span>` : nothing}
        <span class="soft">${roleWords(role).title}</span>
      </span>
      ${state === '' ? nothing : html`<span class="state ${tone}">${link === null ? nothing : icon(link)} ${state}</span>`}
      <span class="sign">${icon(ChevronRight)}</span>
    </button>`;
  }

  #invite(invite: InviteRow): TemplateResult {
    const { role, uses, usesLeft, expiresMs } = invite;
    return html`<button class="row" @click=${() => this.#choose({ invite })}>
      <span class="sign">${icon(QrCode)}</span>
      <span class="who">
        <strong>${uses === 1 ? msg('An invite for one device') : msg(str`An invite for ${usesLeft} more of ${uses} devices`)}</strong>
        <span class="soft">${roleWords(role).title}</span>
      </span>
      <span class="state soft">${msg(str`until ${timeText(expiresMs)} (${zoneAt(expiresMs)})`)}</span>
      <span class="sign">${icon(ChevronRight)}</span>
    </button>`;
  }

  #choose(detail: ChosenDetail): void {
    this.dispatchEvent(new CustomEvent<ChosenDetail>('choose', { detail }));
  }
}

customElements.define('device-list', DeviceList);
