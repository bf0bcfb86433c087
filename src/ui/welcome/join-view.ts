/** Joining: what the invite is, what this device is called, and one large button. Without an invite yet: scan, choose or paste one. */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowLeft, ScanQrCode } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/textarea/textarea.js';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { readScanned, type Scanned, standingOf } from '../parts/scanned.ts';
import '../parts/scan-view.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { recordsItself } from '../people/role-words.ts';
import { kindOfDevice, MAX_NAME_LENGTH } from './device-name.ts';
import { enterThen } from './entering.ts';
import { clockText } from './invite-card.ts';
import { troubleText } from './scanned-words.ts';

export class JoinView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        max-width: 640px;
        margin: 0 auto;
      }
      h1 {
        font-size: var(--ws-size-title);
      }
      wa-button.large {
        width: 100%;
      }
      wa-button.large::part(base) {
        min-height: 64px;
        font-size: 1.25rem;
      }
      .space {
        margin-block-end: 16px;
      }
      .or {
        text-align: center;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    router: { attribute: false },
    link: { attribute: false },
    name: { attribute: false },
    text: { state: true },
    isScanning: { state: true },
    isMissing: { state: true },
  };

  declare model: AppModel;
  declare router: Router;
  /** The invite that was opened with the page; null when one is still to come. */
  declare link: string | null;
  declare name: string;
  /** What was scanned or pasted. */
  declare text: string;
  declare isScanning: boolean;
  /** “Join” was tapped without a link. */
  declare isMissing: boolean;
  readonly #joining = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.link = null;
    this.name = '';
    this.text = '';
    this.isScanning = false;
    this.isMissing = false;
  }

  protected override render(): TemplateResult {
    const text = this.text === '' ? (this.link ?? '') : this.text;
    const scanned = text === '' ? null : readScanned(text);
    return html`
      <section>
        <h1>${this.#title(scanned)}</h1>
        ${scanned?.kind === 'invite' ? this.#invite(scanned) : this.#search(scanned)}
        <form @submit=${(event: SubmitEvent) => this.#submit(event, scanned)}>
          ${scanned?.kind === 'invite' ? nothing : this.#field()}
          <wa-input
            class="space"
            label=${msg('Name of this device')}
            maxlength=${MAX_NAME_LENGTH}
            autocomplete="off"
            .value=${this.name}
            @input=${(event: InputEvent) => {
              this.name = (event.target as HTMLInputElement).value;
            }}
          ></wa-input>
          ${this.isMissing ? html`<p class="bad" role="alert">${msg('First scan the code or paste the link of the invite.')}</p>` : nothing}
          ${this.#joining.trouble()}
          <wa-button
            class="large"
            type="submit"
            variant="brand"
            appearance=${scanned?.kind === 'invite' ? 'accent' : 'outlined'}
            ?loading=${this.#joining.busy}
            >${msg('Join')}</wa-button
          >
        </form>
      </section>
      <wa-button appearance="plain" @click=${() => this.#leave(scanned)}>
        <span slot="start">${icon(ArrowLeft)}</span>${msg('Back')}
      </wa-button>
    `;
  }

  #title(scanned: Scanned | null): string {
    if (this.link === null) return msg('Join with a link or QR');
    return scanned?.kind === 'invite' ? msg('You are invited') : msg('This invite cannot be read');
  }

  #invite({ terms }: Extract<Scanned, { kind: 'invite' }>): TemplateResult {
    return html`<invite-card .terms=${terms} .nowMs=${Date.now()}></invite-card>`;
  }

  #search(scanned: Exclude<Scanned, { kind: 'invite' }> | null): TemplateResult {
    return html`
      ${scanned === null ? nothing : html`<p class="bad" role="alert">${troubleText(scanned)}</p>`}
      ${
        this.isScanning
          ? html`<scan-view .accept=${this.#accept} @cancel=${() => this.#scan(false)}></scan-view>`
          : html`
              <wa-button class="large space" variant="brand" @click=${() => this.#scan(true)}>
                <span slot="start">${icon(ScanQrCode)}</span>${msg('Scan the code')}
              </wa-button>
              <p class="soft or">${msg('or paste the link that somebody sent you')}</p>
            `
      }
    `;
  }

  #field(): TemplateResult {
    return html`<wa-textarea
      class="space"
      label=${msg('Link')}
      rows="3"
      spellcheck="false"
      autocomplete="off"
      .value=${this.text}
      @input=${(event: InputEvent) => {
        this.isMissing = false;
        this.text = (event.target as HTMLTextAreaElement).value;
      }}
    ></wa-textarea>`;
  }

  #scan(on: boolean): void {
    this.isScanning = on;
    if (on) this.text = '';
  }

  readonly #accept = (text: string): string | null => {
    const scanned = readScanned(text);
    if (scanned.kind !== 'invite') return troubleText(scanned);
    this.isScanning = false;
    this.isMissing = false;
    this.text = scanned.terms.link;
    return null;
  };

  /** From an invite that was scanned back to scanning, else back to the doors. */
  #leave(scanned: Scanned | null): void {
    if (this.text !== '' && scanned?.kind === 'invite' && this.link === null) {
      this.text = '';
      return;
    }
    this.dispatchEvent(new Event('leave'));
  }

  #submit(event: SubmitEvent, scanned: Scanned | null): void {
    event.preventDefault();
    this.isMissing = scanned?.kind !== 'invite';
    if (scanned?.kind !== 'invite') return;
    const { terms } = scanned;
    const name = this.name.trim();
    void this.#joining.run(async () => {
      try {
        await enterThen(this.model, this.router, recordsItself(terms.role) ? 'record' : 'now', () =>
          this.model.join(terms.link, name === '' ? kindOfDevice(navigator) : name),
        );
      } catch (error) {
        const standing = standingOf(terms, Date.now());
        if (isWaystationError(error, 'expired')) {
          throw new WaystationError('expired', clockText(standing, terms, Date.now()));
        }
        throw new WaystationError('unavailable', joinTrouble(error), { cause: error });
      }
    });
  }
}

/** Why an invite could not be taken, and what to do. */
function joinTrouble(error: unknown): string {
  if (isWaystationError(error, 'bad-signature') || isWaystationError(error, 'bad-chain')) {
    return msg(
      'This invite is forged: a signature in it does not fit. Do not use it; ask the person who invited you for a new one.',
    );
  }
  return errorMessage(error);
}

customElements.define('join-view', JoinView);
