/**
 * First open: three doors. Behind the first two a group is made with nothing to fill in; behind the third, and behind a link that
 * was opened, is joining (join-view.ts), which is loaded when it is needed.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { HardDriveDownload, type IconNode, RadioTower, ScanQrCode } from 'lucide';
import type { Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { kindOfDevice, MAX_NAME_LENGTH, suggestDeviceName } from './device-name.ts';
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
        .doors {
          grid-template-columns: repeat(3, 1fr);
          gap: 20px;
        }
        .door {
          grid-template-columns: 1fr;
          align-content: start;
          row-gap: 16px;
          padding: 28px 24px;
          min-height: 260px;
        }
        .door .badge {
          width: 72px;
          height: 72px;
        }
        .door strong {
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
    this.name = kindOfDevice(navigator);
    this.isJoinLoaded = customElements.get('join-view') !== undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.router.addEventListener('change', this.#moved);
    if (this.state.deviceName !== '') {
      this.name = this.state.deviceName;
      return;
    }
    void suggestDeviceName(navigator).then((name) => {
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
      await import('./join-view.ts');
      this.isJoinLoaded = true;
    });
  }

  get #isJoining(): boolean {
    return this.state.pendingLink !== null || this.router.route.params.get(DOOR) === 'join';
  }

  protected override render(): TemplateResult {
    return this.#isJoining ? this.#join() : this.#doors();
  }

  #join(): TemplateResult {
    if (!this.isJoinLoaded) {
      return this.#loading.busy || !this.#wasLoading
        ? html`<p class="soft" role="status">${msg('One moment …')}</p>`
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
      .name=${this.name}
      @leave=${() => this.#leave()}
    ></join-view>`;
  }

  #leave(): void {
    if (this.state.pendingLink !== null) this.model.dismissLink();
    this.router.go('now', {}, true);
  }

  #doors(): TemplateResult {
    return html`
      <header>
        <h1>${msg('Record together, without a cloud')}</h1>
        <p>
          ${msg('Waystation records with this device’s sensors and camera, and passes the recordings on to your other devices, directly.')}
        </p>
      </header>
      <div class="doors">
        ${this.#door(
          RadioTower,
          msg('Make this device a station'),
          msg('It stays where it is and records what it senses.'),
          () => this.#make('record'),
        )}
        ${this.#door(
          HardDriveDownload,
          msg('Collect data on this device'),
          msg('It brings together what your stations record.'),
          () => this.#make('now'),
        )}
        ${this.#door(
          ScanQrCode,
          msg('Join with a link or QR'),
          msg('Somebody has invited this device.'),
          () => this.router.go('now', { [DOOR]: 'join' }),
        )}
      </div>
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

  #door(sign: IconNode, title: string, detail: string, open: () => void): TemplateResult {
    return html`<button class="door" ?disabled=${this.#making.busy} @click=${open}>
      <span class="badge">${icon(sign, 1.75)}</span>
      <span><strong>${title}</strong><span class="soft">${detail}</span></span>
    </button>`;
  }

  #make(then: 'record' | 'now'): void {
    void this.#making.run(() =>
      enterThen(this.model, this.router, then, () => this.model.create(msg('My stations'), this.#nameOr())),
    );
  }

  /** An empty name holds nobody up. */
  #nameOr(): string {
    const name = this.name.trim();
    return name === '' ? kindOfDevice(navigator) : name;
  }
}

customElements.define('welcome-view', WelcomeView);
