/**
 * First open: three doors. Behind the first two a group is made with nothing to fill in; behind the third, and behind a link that
 * was opened, is joining (join-view.ts), which is loaded when it is needed. Where the page's own relay keeps a group, joining that comes
 * first, and another group is a second choice that says what it means.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { HardDriveDownload, House, type IconNode, MailOpen, RadioTower, ScanQrCode } from 'lucide';
import { loadPart } from '../../core/load-part.browser.ts';
import type { Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import '../parts/patient-wait.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { CHOSEN_DOOR, noteInTab } from '../platform/tab-notes.browser.ts';
import { firstName, MAX_NAME_LENGTH, suggestDeviceName } from './device-name.ts';
import { enterThen } from './entering.ts';

/** In the address: the door that is open, so that “back” closes it. */
const DOOR = 'door';

export class WelcomeView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        max-width: 1040px;
        margin: 0 auto;
      }
      header {
        padding: 8px 4px 16px;
      }
      h1 {
        font-size: clamp(1.75rem, 5vw, 2.5rem);
        letter-spacing: -0.01em;
      }
      header p {
        font-size: 1.125rem;
        margin: 0;
      }
      .doors {
        display: grid;
        gap: 12px;
        margin-block-end: 20px;
      }
      .door {
        display: grid;
        grid-template-columns: auto 1fr;
        column-gap: 16px;
        align-items: center;
        text-align: start;
        padding: 18px;
        min-height: 104px;
        border: 2px solid var(--ws-edge);
        border-radius: var(--ws-radius);
        background: var(--ws-surface);
        color: var(--ws-ink);
        font-weight: 400;
      }
      .door.first {
        border-color: var(--ws-accent);
      }
      .door:hover:not(:disabled) {
        border-color: var(--ws-accent);
        background: var(--ws-accent-soft);
      }
      .door:disabled {
        opacity: 1;
        color: var(--ws-ink-soft);
      }
      .door .badge {
        display: grid;
        place-items: center;
        width: 56px;
        height: 56px;
        border-radius: 50%;
        background: var(--ws-accent);
        color: var(--ws-accent-ink);
      }
      .door strong {
        display: block;
        font-size: 1.1875rem;
        line-height: 1.25;
        margin-block-end: 2px;
      }
      .door .soft {
        font-size: 0.9375rem;
      }
      .one {
        max-width: 640px;
      }
      .keeps {
        font-size: 1.125rem;
        font-weight: 600;
        margin: 0;
        padding-inline: 4px;
      }
      .apart {
        padding-inline: 4px;
      }
      .invite {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
        border-inline-start: 6px solid var(--ws-accent);
        padding: 12px 16px;
      }
      .invite p {
        flex: 1 1 220px;
        margin: 0;
      }
      .name {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 12px;
        padding-inline: 4px;
      }
      .name label {
        margin: 0;
      }
      .name input {
        flex: 1 1 220px;
        max-width: 420px;
        background: var(--ws-surface);
        border-color: var(--ws-edge);
      }
      @media (min-width: 900px) {
        :host {
          padding-block-start: 10vh;
        }
        .doors:not(.one) {
          grid-template-columns: repeat(3, 1fr);
          gap: 20px;
        }
        .doors.two {
          grid-template-columns: repeat(2, 1fr);
          max-width: 700px;
        }
        .doors:not(.one) .door {
          grid-template-columns: 1fr;
          align-content: start;
          row-gap: 16px;
          padding: 28px 24px;
          min-height: 260px;
        }
        .doors:not(.one) .badge {
          width: 72px;
          height: 72px;
        }
        .doors:not(.one) strong {
          font-size: 1.375rem;
          margin-block-end: 8px;
        }
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    router: { attribute: false },
    name: { state: true },
    isJoinLoaded: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare router: Router;
  /** What this device is called, as far as the person has not said otherwise. */
  declare name: string;
  declare isJoinLoaded: boolean;
  readonly #making = new Attempt(this);
  readonly #loading = new Attempt(this);
  readonly #moved = (): void => this.requestUpdate();
  #isNamed = false;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.name = '';
    this.isJoinLoaded = customElements.get('join-view') !== undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.router.addEventListener('change', this.#moved);
    if (this.state.deviceName !== '') {
      this.name = this.state.deviceName;
      return;
    }
    this.name = firstName(navigator, this.state.shortId);
    void suggestDeviceName(navigator, this.state.shortId).then((name) => {
      if (!this.#isNamed) this.name = name;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.router.removeEventListener('change', this.#moved);
  }

  protected override firstUpdated(): void {
    // Where the browser does not keep the whole app, it may be needed out of reach of the page's address.
    const offline = this.model.device.version?.offline;
    if (offline !== 'ready' && offline !== 'preparing') void this.#loadJoin();
  }

  protected override updated(): void {
    if (this.#isJoining && !this.isJoinLoaded && !this.#wasLoading) void this.#loadJoin();
  }

  /** Loading was tried: from then on it is the person who tries again. */
  #wasLoading = false;

  #loadJoin(): Promise<void> {
    this.#wasLoading = true;
    return this.#loading.run(async () => {
      await loadPart(() => import('./join-view.ts'));
      this.isJoinLoaded = true;
    });
  }

  get #hasInvite(): boolean {
    return this.state.pendingLink !== null || this.state.pendingCode !== null;
  }

  get #isJoining(): boolean {
    return this.#door === 'join' || (this.#hasInvite && !this.state.isInvitePutOff);
  }

  get #door(): string | null {
    return this.router.route.params.get(DOOR);
  }

  protected override render(): TemplateResult {
    return this.#isJoining ? this.#join() : this.#doors();
  }

  #join(): TemplateResult {
    if (!this.isJoinLoaded) {
      return this.#loading.busy || !this.#wasLoading
        ? html`<patient-wait>${msg('One moment …')}</patient-wait>`
        : html`<section role="alert">
            <h1>${msg('This part could not be loaded')}</h1>
            <p>${msg('It is not on this device yet. Go to where this page’s address can be reached, and try again.')}</p>
            <button class="main" @click=${() => void this.#loadJoin()}>${msg('Try again')}</button>
          </section>`;
    }
    return html`<join-view
      .model=${this.model}
      .router=${this.router}
      .link=${this.state.pendingLink}
      .code=${this.state.pendingCode}
      .relayGroup=${this.state.relayGroup}
      .name=${this.name}
      @leave=${() => this.#leave()}
    ></join-view>`;
  }

  /** Back to the doors; an invite stays to be taken up again, and in the address. */
  #leave(): void {
    if (this.#hasInvite) this.model.putOff(true);
    if (this.#door !== null) this.router.go('now', {}, true);
  }

  #doors(): TemplateResult {
    return html`
      <header>
        <h1>${msg('Record together, without a cloud')}</h1>
        <p>
          ${msg('Waystation records with this device’s sensors and camera, and passes the recordings on to your other devices, directly.')}
        </p>
      </header>
      ${this.#hasInvite ? this.#invite() : nothing}
      ${this.state.relayGroup === null ? this.#threeDoors() : this.#relayDoors(this.state.relayGroup.name)}
      ${this.#making.busy ? html`<p class="soft" role="status">${msg('Getting this device ready …')}</p>` : nothing}
      ${this.#making.trouble()}
      <p class="name">
        <label for="name">${msg('Name of this device')}</label>
        <input
          id="name"
          maxlength=${MAX_NAME_LENGTH}
          autocomplete="off"
          .value=${this.name}
          @input=${(event: InputEvent) => {
            this.#isNamed = true;
            this.name = (event.target as HTMLInputElement).value;
          }}
        />
      </p>
      <p class="name">
        ${msg('Was this device at another address before?')}
        <button @click=${() => this.model.moving.showArriving()}>${msg('Bring a device here')}</button>
      </p>
    `;
  }

  #invite(): TemplateResult {
    return html`<section class="invite">
      <p><strong>${icon(MailOpen)} ${msg('You have an invite')}</strong></p>
      <button class="main" @click=${() => this.model.putOff(false)}>${msg('Look at it')}</button>
      <button @click=${() => this.model.dismissLink()}>${msg('Discard it')}</button>
    </section>`;
  }

  #threeDoors(): TemplateResult {
    return html`<div class="doors">
      ${this.#newGroup()}
      ${this.#doorTo(
        ScanQrCode,
        msg('Join with a link or QR'),
        msg('Somebody has invited this device.'),
        () => this.router.go('now', { [DOOR]: 'join' }),
      )}
    </div>`;
  }

  #newGroup(): TemplateResult {
    return html`
      ${this.#doorTo(
        RadioTower,
        msg('Make this device a station'),
        msg('It stays where it is and records what it senses.'),
        () => this.#make('record'),
      )}
      ${this.#doorTo(
        HardDriveDownload,
        msg('Collect data on this device'),
        msg('It brings together what your stations record.'),
        () => this.#make('now'),
      )}
    `;
  }

  /** @param name of the group that the relay keeps; null where it is not told. */
  #relayDoors(name: string | null): TemplateResult {
    if (this.#door === 'new') {
      return html`
        <p class="apart">
          ${
            name === null
              ? msg(
                  'This starts another group: its devices and recordings stay apart from those of this relay’s group, and cannot be put together later.',
                )
              : msg(
                  str`This starts another group: its devices and recordings stay apart from “${name}”, and cannot be put together later.`,
                )
          }
        </p>
        <div class="doors two">${this.#newGroup()}</div>
        <p class="name"><button @click=${() => this.router.go('now', {}, true)}>${msg('Back')}</button></p>
      `;
    }
    return html`
      <div class="doors one">
        <p class="keeps">
          ${name === null ? msg('This relay keeps a group already.') : msg(str`This relay keeps the group “${name}”.`)}
        </p>
        ${this.#doorTo(
          House,
          name === null ? msg('Join this relay’s group') : msg(str`Join “${name}”`),
          msg('With the short code that the relay printed when it was started, its QR code, or a link.'),
          () => this.router.go('now', { [DOOR]: 'join' }),
          true,
        )}
      </div>
      <p class="name">
        ${msg('Something else than that group?')}
        <button @click=${() => this.router.go('now', { [DOOR]: 'new' })}>${msg('Start a new group instead')}</button>
      </p>
    `;
  }

  #doorTo(sign: IconNode, title: string, detail: string, open: () => void, isFirst = false): TemplateResult {
    return html`<button class=${isFirst ? 'door first' : 'door'} ?disabled=${this.#making.busy} @click=${open}>
      <span class="badge">${icon(sign, 1.75)}</span>
      <span><strong>${title}</strong><span class="soft">${detail}</span></span>
    </button>`;
  }

  #make(then: 'record' | 'now'): void {
    noteInTab(CHOSEN_DOOR, then);
    void this.#making.run(() =>
      enterThen(this.model, this.router, then, () => this.model.create(msg('My stations'), this.#nameOr())),
    );
  }

  /** An empty name holds nobody up. */
  #nameOr(): string {
    const name = this.name.trim();
    return name === '' ? firstName(navigator, this.state.shortId) : name;
  }
}

customElements.define('welcome-view', WelcomeView);
