/** One device or one open invite: what is known of it, and removing or withdrawing it with what that means. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import type { AppModel } from '../model/app-model.ts';
import type { DeviceRow, InviteRow, PeopleView } from '../model/people-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { agoText, countText, timeText, zoneAt } from '../parts/words.ts';
import type { ChosenDetail } from './device-list.ts';
import { meetingText, nameOf, stateOf } from './device-words.ts';
import { roleWords } from './role-words.ts';

export class DeviceDialog extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      wa-dialog {
        --width: min(34rem, 100vw - 24px);
      }
      /* All of it can be reached on the smallest phone: what is inside scrolls, the title stays. */
      wa-dialog::part(dialog) {
        max-width: calc(100vw - 24px);
        max-height: calc(100dvh - 24px);
      }
      wa-dialog::part(body) {
        overflow: auto;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(5rem, auto) minmax(0, 1fr);
        gap: 6px 16px;
        margin: 0 0 16px;
      }
      dt {
        color: var(--ws-ink-soft);
      }
      dd {
        margin: 0;
      }
      ul {
        margin: 0 0 16px;
        padding-inline-start: 20px;
      }
      li {
        margin-block-end: 6px;
      }
      h3:focus-visible,
      .after:focus-visible {
        outline: none;
      }
      h3 {
        margin: 0 0 8px;
        font-size: 1.0625rem;
      }
      wa-checkbox {
        margin-block-end: 16px;
        min-height: var(--ws-target);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      .danger {
        border-block-start: var(--ws-border) solid var(--ws-line);
        padding-block-start: 16px;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    view: { attribute: false },
    chosen: { attribute: false },
    isRemoving: { state: true },
    isSure: { state: true },
  };

  declare model: AppModel;
  declare view: PeopleView;
  declare chosen: ChosenDetail;
  /** What removing means is being read. */
  declare isRemoving: boolean;
  declare isSure: boolean;
  readonly #work = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.isRemoving = false;
    this.isSure = false;
    new BackCloses(this, () => this.#close());
  }

  protected override updated(changed: PropertyValues): void {
    // The button that had the focus is gone: it goes on where one reads on.
    if (changed.get('isRemoving') === false) this.renderRoot.querySelector<HTMLElement>('h3')?.focus();
    if (changed.get('isRemoving') === true) this.renderRoot.querySelector<HTMLElement>('.after')?.focus();
  }

  protected override render(): TemplateResult {
    const { device, invite } = this.chosen;
    // As it is now, not as it was when it was tapped.
    const now = this.view.devices.find(({ id }) => id === device?.id) ?? device;
    return html`
      <wa-dialog
        open
        label=${now === undefined ? msg('Open invite') : nameOf(now)}
        @wa-after-hide=${(event: Event) => {
          if (event.target === event.currentTarget) this.dispatchEvent(new Event('close'));
        }}
      >
        ${now === undefined ? (invite === undefined ? nothing : this.#invite(invite)) : this.#device(now)}
        ${this.#work.trouble()}
        ${now !== undefined && this.isRemoving && this.view.isManager && now.standing === 'active' ? this.#removalButtons(now) : nothing}
      </wa-dialog>
    `;
  }

  #close(): void {
    const dialog = this.renderRoot.querySelector('wa-dialog');
    if (dialog !== null) dialog.open = false;
  }

  #device(device: DeviceRow): TemplateResult {
    const { role, hours, isSelf, lastHeardMs, via, standing, shortId } = device;
    const [, state] = stateOf(device, this.view.nowMs);
    return html`
      <dl class="after" tabindex="-1">
        <dt>${msg('Role')}</dt>
        <dd>${roleWords(role).title}</dd>
        <dt>${msg('State')}</dt>
        <dd>${isSelf ? msg('this device') : via !== null ? meetingText(via) : standing === 'active' ? msg('not connected') : state}</dd>
        ${
          isSelf || lastHeardMs === null
            ? nothing
            : html`<dt>${msg('Last heard')}</dt>
                <dd>${timeText(lastHeardMs)} (${zoneAt(lastHeardMs)}), ${agoText(lastHeardMs, this.view.nowMs)}</dd>`
        }
        <dt>${msg('Recorded')}</dt>
        <dd>
          ${
            hours.known === 0
              ? msg('nothing yet, as far as is known here')
              : msg(
                  str`${countText(hours.known, msg('hour'), msg('hours'))}, ${hours.held} of them are on this device`,
                )
          }
        </dd>
        <dt>${msg('Short id')}</dt>
        <dd class="soft">${msg(str`${shortId}, to tell devices of one name apart`)}</dd>
      </dl>
      ${standing === 'active' ? this.#removal(device) : standing === 'revoked' ? this.#removed(device) : nothing}
    `;
  }

  #removed({ isSelf }: DeviceRow): TemplateResult {
    return html`<p role="status">
      ${
        isSelf
          ? msg(
              'It was removed from the group. What it has stays on it; nothing new goes to it or comes from it.',
            )
          : msg(
              'It was removed. Each of the other devices hears of that when it next connects; until then it may still exchange with that one.',
            )
      }
    </p>`;
  }

  #removal(device: DeviceRow): TemplateResult | typeof nothing {
    const { isManager, managers } = this.view;
    if (!isManager) {
      if (device.isSelf) return nothing;
      return html`<p class="soft">
        ${
          managers.length === 0
            ? msg('Only a device that manages the group can remove it.')
            : msg(str`Only a device that manages the group can remove it: ${managers.join(', ')}.`)
        }
      </p>`;
    }
    if (!this.isRemoving) {
      if (device.isSelf && this.#managerCount() === 1) {
        return html`<p class="soft">
          ${msg('It is the only device that manages the group, so it cannot be removed: nobody could let anyone in or out any more.')}
        </p>`;
      }
      return html`<wa-button variant="danger" appearance="outlined" @click=${() => {
        this.isRemoving = true;
      }}>${msg('Remove from the group …')}</wa-button>`;
    }
    const name = nameOf(device);
    return html`
      <div class="danger">
        <h3 tabindex="-1">${msg(str`Remove ${name}?`)}</h3>
        <ul>
          <li>${msg('What is recorded from now on it cannot read, as soon as the device that records has heard of this.')}</li>
          <li>${msg('It keeps what it already has, and can show that to others.')}</li>
          <li>${msg('What it recorded up to now stays in the group.')}</li>
          <li>${msg('The invite it came by is withdrawn: nobody else enters by it.')}</li>
          <li>${msg('It cannot come back with the same browser.')}</li>
        </ul>
        <wa-checkbox
          .checked=${this.isSure}
          @change=${(event: Event) => {
            this.isSure = (event.target as HTMLInputElement).checked;
          }}
          >${msg('I understand that this cannot be undone')}</wa-checkbox
        >
      </div>
    `;
  }

  /** Always in sight, however much is to be read above. */
  #removalButtons(device: DeviceRow): TemplateResult {
    const name = nameOf(device);
    return html`
        <div class="buttons" slot="footer">
          <wa-button
            variant="danger"
            ?disabled=${!this.isSure}
            ?loading=${this.#work.busy}
            @click=${() =>
              void this.#work.run(async () => {
                await this.model.people.remove(device.id);
                this.isRemoving = false;
              })}
            >${msg(str`Remove ${name}`)}</wa-button
          >
          <wa-button appearance="outlined" @click=${() => {
            this.isRemoving = false;
            this.isSure = false;
          }}>${msg('Keep it')}</wa-button>
        </div>
    `;
  }

  #managerCount(): number {
    return this.view.devices.filter(({ role, standing }) => role === 'admin' && standing === 'active').length;
  }

  #invite(invite: InviteRow): TemplateResult {
    const { id, role, uses, usesLeft, expiresMs, by, isOwn, isByRelay } = invite;
    const { isManager, managers } = this.view;
    return html`
      <dl>
        <dt>${msg('Allows')}</dt>
        <dd>${roleWords(role).title}</dd>
        <dt>${msg('For')}</dt>
        <dd>${uses === 1 ? msg('one device') : msg(str`${usesLeft} more of ${uses} devices`)}</dd>
        <dt>${msg('Until')}</dt>
        <dd>${timeText(expiresMs)} (${zoneAt(expiresMs)})</dd>
        <dt>${msg('Made by')}</dt>
        <dd>${isOwn ? msg('this device') : (by ?? msg('another device'))}</dd>
      </dl>
      <p class="soft">
        ${
          isByRelay
            ? msg('The relay that made it shows its code again each time it is started.')
            : isOwn
              ? msg(
                  'Its code can be shown again under “Invite a device”, until the tab in which it was made is closed. Without it, make another.',
                )
              : msg('Its code is on the device that made it, if anywhere. Without it, make another.')
        }
      </p>
      ${
        isManager
          ? html`<wa-button
              variant="danger"
              appearance="outlined"
              ?loading=${this.#work.busy}
              @click=${() =>
                void this.#work.run(async () => {
                  await this.model.people.withdraw(id);
                  this.#close();
                })}
              >${msg('Withdraw this invite')}</wa-button
            >`
          : html`<p class="soft">
              ${
                managers.length === 0
                  ? msg('Only a device that manages the group can withdraw it.')
                  : msg(str`Only a device that manages the group can withdraw it: ${managers.join(', ')}.`)
              }
            </p>`
      }
    `;
  }
}

customElements.define('device-dialog', DeviceDialog);
