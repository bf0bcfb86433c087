/** Making an invite: what the device may do, how many may come, for how long; then the code that fills the screen (invite-code.ts). */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowLeft, QrCode } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import type { SpaceId } from '../../core/ids.ts';
import type { Role } from '../../identity/roles.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { PeopleView } from '../model/people-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { readScanned } from '../parts/scanned.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { LAST_INVITE, noteInTab, tabNote } from '../platform/tab-notes.browser.ts';
import './invite-code.ts';
import { roleWords } from './role-words.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** As many as one invite may let in; a grant cannot name more. */
const MAX_USES = 1_000;
/** The strongest role that is offered first is what most want: another device like this one. */
const OFFERED: readonly Role[] = ['member', 'reader', 'recorder', 'mirror', 'admin'];

function lives(): readonly { readonly ms: number; readonly text: string }[] {
  return [
    { ms: HOUR_MS, text: msg('1 hour') },
    { ms: DAY_MS, text: msg('1 day') },
    { ms: 7 * DAY_MS, text: msg('1 week') },
    { ms: 30 * DAY_MS, text: msg('30 days') },
  ];
}

/** The link that was made last in this tab, while devices can still come by it. */
export function lastLink({ invites }: Pick<PeopleView, 'invites'>, space: SpaceId | null): string | null {
  const scanned = readScanned(tabNote(LAST_INVITE) ?? '');
  if (scanned.kind !== 'invite' || scanned.terms.space !== space) return null;
  const { link, role, expiresMs } = scanned.terms;
  const isOpen = invites.some((one) => one.isOwn && one.role === role && one.expiresMs === expiresMs);
  return isOpen ? link : null;
}

export class InviteView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      section {
        max-width: 720px;
      }
      wa-radio-group,
      .uses {
        display: block;
        margin-block-end: 20px;
      }
      .uses {
        max-width: 200px;
      }
      .cards wa-radio {
        border: var(--ws-border) solid var(--ws-line);
        border-radius: var(--ws-radius-small);
        padding: 12px 14px;
        min-height: var(--ws-target);
      }
      .cards wa-radio:state(checked) {
        border-color: var(--ws-accent);
        background: var(--ws-accent-soft);
      }
      .lives::part(form-control-input) {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(130px, 1fr));
        gap: 0 12px;
      }
      .lives wa-radio {
        align-items: center;
        margin: 0;
        min-height: var(--ws-target);
      }
      .cards small {
        display: block;
        font-size: 0.9375rem;
        color: var(--ws-ink-soft);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    link: { state: true },
    isShown: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare link: string | null;
  /** The code fills the screen. */
  declare isShown: boolean;
  readonly #making = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.link = null;
    this.isShown = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.link ??= lastLink(this.model.people.view(), this.state.space);
  }

  #make(event: SubmitEvent): void {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const uses = Math.min(MAX_USES, Math.max(1, Math.floor(Number(fields.get('uses')) || 1)));
    void this.#making.run(async () => {
      this.link = await this.model.people.invite(
        fields.get('role') as Role,
        uses,
        Number(fields.get('life')),
      );
      noteInTab(LAST_INVITE, this.link);
      this.isShown = true;
    });
  }

  protected override render(): TemplateResult {
    const { grantable } = this.model.people.view();
    const roles = OFFERED.filter((role) => grantable.includes(role));
    return html`
      <wa-button appearance="plain" @click=${() => this.dispatchEvent(new Event('leave'))}>
        <span slot="start">${icon(ArrowLeft)}</span>${msg('All devices')}
      </wa-button>
      <section>
        <h1>${msg('Invite a device')}</h1>
        <form @submit=${(event: SubmitEvent) => this.#make(event)}>
          <wa-radio-group class="cards" name="role" label=${msg('What may it do?')} .value=${roles[0] ?? ''}>
            ${roles.map((role) => {
              const { title, detail } = roleWords(role);
              return html`<wa-radio value=${role}><strong>${title}</strong><small>${detail}</small></wa-radio>`;
            })}
          </wa-radio-group>
          <wa-input
            class="uses"
            name="uses"
            type="number"
            inputmode="numeric"
            min="1"
            max=${MAX_USES}
            label=${msg('How many devices')}
            value="1"
          ></wa-input>
          <wa-radio-group class="lives" name="life" label=${msg('How long does the invite work?')} orientation="horizontal" value=${String(DAY_MS)}>
            ${lives().map(({ ms, text }) => html`<wa-radio value=${String(ms)}>${text}</wa-radio>`)}
          </wa-radio-group>
          ${this.#making.trouble()}
          <div class="buttons">
            <wa-button type="submit" variant="brand" ?loading=${this.#making.busy}>
              <span slot="start">${icon(QrCode)}</span>${msg('Make a link')}
            </wa-button>
            ${
              this.link === null
                ? nothing
                : html`<wa-button appearance="outlined" @click=${() => {
                    this.isShown = true;
                  }}>${msg('Show the last code again')}</wa-button>`
            }
          </div>
        </form>
      </section>
      ${
        this.link !== null && this.isShown
          ? html`<invite-code .link=${this.link} @close=${() => {
              this.isShown = false;
            }}></invite-code>`
          : nothing
      }
    `;
  }
}

customElements.define('invite-view', InviteView);
