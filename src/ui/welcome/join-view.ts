/**
 * Joining: what the invite is, what this device is called, and one large button. Without an invite yet: scan, choose, type or paste one. One that
 * has ended, or a code that leads nowhere, says what to ask for.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowLeft, ScanQrCode } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/textarea/textarea.js';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { icon } from '../parts/icon.ts';
import { readScanned, type Scanned, standingOf } from '../parts/scanned.ts';
import '../parts/scan-view.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { firstName, MAX_NAME_LENGTH } from './device-name.ts';
import { enterThen } from './entering.ts';
import { browserHints, firstPlace } from './first-place.ts';
import { clockText } from './invite-card.ts';
import { askForNewText, troubleText } from './scanned-words.ts';

/** What a code looks like; no relay makes this one often. */
const SAMPLE_CODE = 'K7QM-2F9X-RT4D';

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
    code: { attribute: false },
    relayGroup: { attribute: false },
    name: { attribute: false },
    text: { state: true },
    isScanning: { state: true },
    isMissing: { state: true },
  };

  declare model: AppModel;
  declare router: Router;
  /** The invite that was opened with the page; null when one is still to come. */
  declare link: string | null;
  /** The short code that was opened with the page; null when there is none, or its invite is here. */
  declare code: string | null;
  /** The group that the page's relay keeps. */
  declare relayGroup: AppState['relayGroup'];
  declare name: string;
  /** What was scanned or pasted. */
  declare text: string;
  declare isScanning: boolean;
  /** “Join” was tapped without a link. */
  declare isMissing: boolean;
  readonly #joining = new Attempt(this);
  readonly #asking = new Attempt(this);
  /** The code that the relay was asked for last. */
  #asked: string | null = null;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.link = null;
    this.code = null;
    this.relayGroup = null;
    this.name = '';
    this.text = '';
    this.isScanning = false;
    this.isMissing = false;
    new BackCloses(this, () => this.#scan(false), { isOpen: () => this.isScanning });
  }

  protected override updated(): void {
    const { code } = this;
    if (this.link !== null || code === null || code === this.#asked) return;
    this.text = code;
    void this.#ask(code);
  }

  /** The invite behind a code takes the code's place. */
  #ask(code: string): Promise<void> {
    this.#asked = code;
    return this.#asking.run(async () => {
      this.model.offer(await this.model.resolveCode(code));
      this.text = '';
    });
  }

  protected override render(): TemplateResult {
    const text = this.text === '' ? (this.link ?? '') : this.text;
    const scanned = text === '' ? null : readScanned(text);
    if (scanned?.kind === 'invite' && standingOf(scanned.terms, Date.now()) === 'ended')
      return this.#ended(scanned);
    return html`
      <section>
        <h1>${this.#title(scanned)}</h1>
        ${scanned?.kind === 'invite' ? this.#invite(scanned) : this.#search(scanned)}
        <form @submit=${(event: SubmitEvent) => this.#submit(event, scanned)}>
          ${scanned?.kind === 'invite' ? nothing : this.#field()} ${this.#asking.trouble()}
          ${scanned?.kind === 'invite' ? this.#nameField() : nothing}
          ${this.isMissing ? html`<p class="bad" role="alert">${msg('First scan the code, or type the short code or paste the link of the invite.')}</p>` : nothing}
          ${this.#joining.trouble()}
          <wa-button
            class="large"
            type="submit"
            variant="brand"
            appearance=${scanned?.kind === 'invite' || scanned?.kind === 'code' ? 'accent' : 'outlined'}
            ?loading=${this.#joining.busy || this.#asking.busy}
            >${scanned?.kind === 'invite' ? msg('Join') : msg('Go on')}</wa-button
          >
        </form>
      </section>
      ${this.#back(scanned)}
    `;
  }

  #back(scanned: Scanned | null): TemplateResult {
    return html`<wa-button appearance="plain" @click=${() => this.#leave(scanned)}>
      <span slot="start">${icon(ArrowLeft)}</span>${msg('Back')}
    </wa-button>`;
  }

  #nameField(): TemplateResult {
    return html`<wa-input
      class="space"
      label=${msg('Name of this device')}
      maxlength=${MAX_NAME_LENGTH}
      autocomplete="off"
      .value=${this.name}
      @input=${(event: InputEvent) => {
        this.name = (event.target as HTMLInputElement).value;
      }}
    ></wa-input>`;
  }

  /** Nothing can be joined by it: what happened, and what to ask for. */
  #ended(scanned: Extract<Scanned, { kind: 'invite' }>): TemplateResult {
    return html`
      <section role="alert">
        <h1>${msg('This invite has ended')}</h1>
        <p>${clockText('ended', scanned.terms, Date.now())}</p>
        <p>${msg('Nothing was joined, and nothing on this device has changed.')} ${askForNewText()}</p>
        <wa-button class="large space" variant="brand" @click=${() => this.#another()}>
          <span slot="start">${icon(ScanQrCode)}</span>${msg('Scan or enter another invite')}
        </wa-button>
        <wa-button class="large" appearance="outlined" @click=${() => this.requestUpdate()}
          >${msg('I have set the clock: try again')}</wa-button
        >
      </section>
      ${this.#back(scanned)}
    `;
  }

  #another(): void {
    this.text = '';
    this.model.dismissLink();
    this.router.go('now', { door: 'join' });
  }

  #title(scanned: Scanned | null): string {
    if (scanned?.kind === 'invite') return msg('You are invited');
    if (this.code !== null)
      return this.#asking.busy ? msg('Looking for your invite …') : msg('This invite code does not work');
    if (this.link !== null) return msg('This invite cannot be read');
    const group = this.relayGroup?.name ?? null;
    if (group !== null) return msg(str`Join “${group}”`);
    return this.relayGroup === null ? msg('Join with a link or QR') : msg('Join this relay’s group');
  }

  #invite({ terms }: Extract<Scanned, { kind: 'invite' }>): TemplateResult {
    // A code is known to the relay alone that keeps the group.
    const group = this.#asked !== null && this.text === '' ? (this.relayGroup?.name ?? null) : null;
    const ownHost = this.relayGroup === null ? null : location.host;
    return html`<invite-card .terms=${terms} .nowMs=${Date.now()} .group=${group} .ownHost=${ownHost}></invite-card>`;
  }

  #search(scanned: Exclude<Scanned, { kind: 'invite' }> | null): TemplateResult {
    return html`
      ${scanned === null || scanned.kind === 'code' ? nothing : html`<p class="bad" role="alert">${troubleText(scanned)}</p>`}
      ${
        this.relayGroup === null
          ? nothing
          : html`<p>
              ${msg('The relay printed a code of twelve letters and digits where it was started, and a QR code above it. Any device of the group can invite this one, too: under “Devices”, “Invite a device”.')}
            </p>`
      }
      ${
        this.isScanning
          ? html`<scan-view .accept=${this.#accept} @cancel=${() => this.#scan(false)}></scan-view>`
          : html`
              <wa-button
                class="large space"
                variant="brand"
                appearance=${this.relayGroup === null ? 'accent' : 'outlined'}
                @click=${() => this.#scan(true)}
              >
                <span slot="start">${icon(ScanQrCode)}</span>${msg('Scan the code')}
              </wa-button>
              <p class="soft or">${msg('or type the short code, or paste the link that somebody sent you')}</p>
            `
      }
    `;
  }

  #field(): TemplateResult {
    return html`<wa-textarea
      class="space"
      label=${msg('Short code or link')}
      placeholder=${SAMPLE_CODE}
      rows="2"
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
    if (scanned.kind !== 'invite' && scanned.kind !== 'code') return troubleText(scanned);
    this.isScanning = false;
    this.isMissing = false;
    this.text = scanned.kind === 'invite' ? scanned.terms.link : scanned.code;
    if (scanned.kind === 'code') void this.#ask(scanned.code);
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
    if (scanned?.kind === 'code') {
      void this.#ask(scanned.code);
      return;
    }
    this.isMissing = scanned === null;
    if (scanned?.kind !== 'invite') return;
    const { terms } = scanned;
    const name = this.name.trim();
    void this.#joining.run(async () => {
      try {
        const place = await firstPlace(terms.role, browserHints());
        await enterThen(this.model, this.router, place, () =>
          this.model.join(terms.link, name === '' ? firstName(navigator, this.model.state.shortId) : name),
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
