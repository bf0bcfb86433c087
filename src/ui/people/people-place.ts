/** Place 5: the devices of the group, inviting and removing them, and this device's own storage, look and version. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowLeft, ScanQrCode, UserPlus } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { shortLink } from '../../identity/short-code.ts';
import type { Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { PeopleView } from '../model/people-model.ts';
import { icon } from '../parts/icon.ts';
import { readScanned } from '../parts/scanned.ts';
import '../parts/scan-view.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { countText } from '../parts/words.ts';
import { troubleText } from '../welcome/scanned-words.ts';
import './device-dialog.ts';
import './device-list.ts';
import type { ChosenDetail } from './device-list.ts';
import '../moving/moving-view.ts';
import './device-settings.ts';
import './invite-view.ts';
import './leave-group.ts';
import { otherGroupText } from './standing-card.ts';

/** In the address: what is shown instead of the list, so that “back” returns to it. */
const SHOW = 'show';

export class PeoplePlace extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        justify-content: space-between;
        gap: 12px;
        margin-block-end: 12px;
      }
      .head p,
      .head h1 {
        margin: 0;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      @media (min-width: 1180px) {
        .sides {
          display: grid;
          grid-template-columns: minmax(0, 3fr) minmax(320px, 2fr);
          gap: 24px;
          align-items: start;
        }
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    router: { attribute: false },
    chosen: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare router: Router;
  /** The device or invite whose dialog is open. */
  declare chosen: ChosenDetail | null;
  readonly #moved = (): void => this.requestUpdate();

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.chosen = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.router.addEventListener('change', this.#moved);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.router.removeEventListener('change', this.#moved);
  }

  protected override render(): TemplateResult {
    const view = this.model.people.view();
    const show = this.router.route.params.get(SHOW);
    if (show === 'invite' && view.grantable.length > 0) {
      return html`<invite-view .model=${this.model} .state=${this.state} @leave=${() => this.#show(null)}></invite-view>`;
    }
    if (show === 'scan') return this.#scan();
    if (show === 'leave' && view.leaving !== null) {
      return html`
        <wa-button appearance="plain" @click=${() => this.#show(null)}>
          <span slot="start">${icon(ArrowLeft)}</span>${msg('All devices')}
        </wa-button>
        <leave-group .model=${this.model} .state=${this.state} .costs=${view.leaving} .isAsked=${true} @stay=${() => this.#show(null)}></leave-group>
      `;
    }
    return html`
      ${this.#head(view)}
      <div class="sides">
        <div>
          <device-list .view=${view} @choose=${(event: CustomEvent<ChosenDetail>) => {
            this.chosen = event.detail;
          }}></device-list>
          ${this.#alone(view)}
        </div>
        <div>
          <device-settings .model=${this.model} .state=${this.state}></device-settings>
          <moving-view .model=${this.model} .state=${this.state}></moving-view>
          <leave-group .model=${this.model} .state=${this.state} .costs=${view.leaving} @ask=${() => this.#show('leave')}></leave-group>
        </div>
      </div>
      ${
        this.chosen === null
          ? nothing
          : html`<device-dialog .model=${this.model} .view=${view} .chosen=${this.chosen} @close=${() => {
              this.chosen = null;
            }}></device-dialog>`
      }
    `;
  }

  #head(view: PeopleView): TemplateResult {
    const inside = view.devices.filter(({ standing }) => standing === 'active');
    const connected = inside.filter(({ via }) => via !== null).length;
    const devices = countText(inside.length, msg('device'), msg('devices'));
    return html`
      <div class="head">
        <div>
          <h1>${msg('Devices')}</h1>
          <p class="soft">
            ${this.state.spaceName === null ? nothing : msg(str`Group “${this.state.spaceName}”.`)}
            ${inside.length <= 1 || !this.state.admitted || this.state.refusal === 'revoked' ? nothing : msg(str`${devices} in the group, ${connected} connected with this one.`)}
            ${this.#unreachable()}
          </p>
        </div>
        <div class="buttons">
          ${
            view.grantable.length === 0 || this.state.refusal === 'revoked'
              ? nothing
              : html`<wa-button variant="brand" @click=${() => this.#show('invite')}>
                  <span slot="start">${icon(UserPlus)}</span>${msg('Invite a device')}
                </wa-button>`
          }
          ${
            this.state.admitted && this.state.refusal !== 'revoked'
              ? html`<wa-button appearance="outlined" @click=${() => this.#show('scan')}>
                  <span slot="start">${icon(ScanQrCode)}</span>${msg('Scan')}
                </wa-button>`
              : nothing
          }
        </div>
      </div>
      ${this.#cannotInvite(view)}
    `;
  }

  /** Whom one invites now finds nobody until a meeting point is reached again. */
  #unreachable(): string | typeof nothing {
    const { hosts } = this.state;
    if (hosts.length === 0 || hosts.some(({ state }) => state !== 'unreachable')) return nothing;
    return msg('Its meeting point cannot be reached now: devices that are invited are let in once it is.');
  }

  /** Why there is no button to invite, and who has it. */
  #cannotInvite(view: PeopleView): TemplateResult | typeof nothing {
    const { admitted, refusal } = this.state;
    if (view.grantable.length > 0 || !admitted || refusal === 'revoked') return nothing;
    const inviters = view.managers.join(', ');
    return html`<p class="soft">
      ${
        view.isTooFar
          ? msg('This device was invited over too many others to invite more itself.')
          : msg('This device cannot invite others.')
      }
      ${inviters === '' ? msg('Devices that manage the group can.') : msg(str`These can: ${inviters}.`)}
    </p>`;
  }

  #alone(view: PeopleView): TemplateResult | typeof nothing {
    const isAlone = view.devices.length <= 1 && view.invites.length === 0;
    if (!isAlone || !this.state.admitted) return nothing;
    return html`<section>
      <h2>${msg('Only this device so far')}</h2>
      <p>
        ${msg('What is recorded is here and nowhere else. Invite a second device, such as a computer at home: each keeps a copy of everything the other records.')}
      </p>
    </section>`;
  }

  #scan(): TemplateResult {
    return html`
      <wa-button appearance="plain" @click=${() => this.#show(null)}>
        <span slot="start">${icon(ArrowLeft)}</span>${msg('All devices')}
      </wa-button>
      <section>
        <h1>${msg('Scan a code')}</h1>
        <scan-view .accept=${this.#accept} @cancel=${() => this.#show(null)}></scan-view>
      </section>
    `;
  }

  /** What a code is to a device that is in a group. */
  readonly #accept = (text: string): string | null => {
    const scanned = readScanned(text);
    if (scanned.kind === 'code') {
      this.model.offer(shortLink('', scanned.code));
      this.#show(null);
      return null;
    }
    if (scanned.kind !== 'invite') return troubleText(scanned);
    if (scanned.terms.space !== this.state.space) return otherGroupText(this.state.spaceName);
    if (this.state.admitted) {
      return msg(
        'This is an invite to the group that this device is in already: scan it with the device that is to join.',
      );
    }
    // Shown with what it can be used for, where it is said why this device is not in yet.
    this.model.offer(scanned.terms.link);
    this.#show(null);
    return null;
  };

  /** One came by {@link #show}: going back is leaving again, without another entry of this place in the history. */
  #isBehind = false;

  #show(what: 'invite' | 'scan' | 'leave' | null): void {
    if (what !== null) {
      this.#isBehind = true;
      this.router.go('people', { [SHOW]: what });
    } else if (this.#isBehind) {
      this.#isBehind = false;
      history.back();
    } else this.router.go('people', {}, true);
  }
}

customElements.define('people-place', PeoplePlace);
