/**
 * An invite's code over the whole screen: as large as the smaller side, black on white in every look, with the screen kept on. It
 * needs no network. Whoever sees it can join, so it says so, and closes at a tap.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { Copy, Share2, TriangleAlert, X } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { BackCloses } from '../parts/back-closes.ts';
import { renderCode } from '../parts/code.ts';
import { icon } from '../parts/icon.ts';
import { readScanned } from '../parts/scanned.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { timeText, zoneAt } from '../parts/words.ts';
import { keepAwake } from '../platform/wake-lock.ts';
import { isThisMachine, reachText } from './reach.ts';
import { roleWords } from './role-words.ts';

export class InviteCode extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      dialog {
        color-scheme: light;
        background: #fff;
        color: #000;
        border: 0;
        margin: 0;
        padding: 0;
        width: 100vw;
        height: 100dvh;
        max-width: none;
        max-height: none;
        overflow: auto;
        outline: none;
      }
      .sheet {
        display: flex;
        flex-direction: column;
        gap: 10px;
        max-width: 1200px;
        margin: 0 auto;
        padding: 8px max(16px, env(safe-area-inset-right)) 24px max(16px, env(safe-area-inset-left));
      }
      .top {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 12px;
      }
      h1:focus-visible {
        outline: none;
      }
      h1 {
        margin: 0;
        font-size: 1.25rem;
      }
      .qr {
        width: min(100vw - 16px, 100dvh - 120px);
        align-self: center;
        margin-inline: -8px;
        flex: none;
      }
      .qr svg {
        display: block;
        width: 100%;
        height: auto;
        shape-rendering: crispEdges;
      }
      .text {
        display: flex;
        flex-direction: column;
        gap: 10px;
        min-width: 0;
      }
      .text p {
        margin: 0;
      }
      .warning {
        font-weight: 600;
      }
      .promise {
        font-weight: 600;
        font-size: 1.125rem;
      }
      textarea {
        min-height: 76px;
        font-size: 0.8125rem;
        background: #fff;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      @media (min-aspect-ratio: 1) {
        .sides {
          display: grid;
          grid-template-columns: auto minmax(260px, 1fr);
          gap: 32px;
          align-items: center;
        }
        .qr {
          width: min(100dvh - 88px, 100vw - 340px);
          margin: 0;
        }
      }
      @media not (min-aspect-ratio: 1) {
        .sides {
          display: contents;
        }
      }
    `,
  ];
  static override properties = { link: { attribute: false }, copied: { state: true } };

  declare link: string;
  /** What came of copying or sharing. */
  declare copied: string | null;
  #letSleep: (() => void) | undefined;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.link = '';
    this.copied = null;
    new BackCloses(this, () => this.#close());
  }

  protected override firstUpdated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    dialog?.showModal();
    // Not the link, which may be below the screen: the code is what is to be seen.
    this.renderRoot.querySelector('h1')?.focus({ preventScroll: true });
    if (dialog !== null) dialog.scrollTop = 0;
    this.#letSleep = keepAwake();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#letSleep?.();
  }

  #close(): void {
    this.renderRoot.querySelector('dialog')?.close();
  }

  protected override render(): TemplateResult {
    const scanned = readScanned(this.link);
    const terms = scanned.kind === 'invite' ? scanned.terms : null;
    const until = terms === null ? '' : timeText(terms.expiresMs);
    const isHere = isThisMachine(new URL(this.link).hostname);
    const trouble = terms === null ? null : reachText(isHere, terms.hosts);
    return html`
      <dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new Event('close'))}>
        <div class="sheet">
          <div class="top">
            <h1 id="title" tabindex="-1">${msg('Scan this with the other device')}</h1>
            <wa-button appearance="outlined" @click=${() => this.#close()}>
              <span slot="start">${icon(X)}</span>${msg('Done')}
            </wa-button>
          </div>
          <div class="sides">
            <div class="qr" role="img" aria-label=${msg('Code with the invite link')}>${renderCode(this.link)}</div>
            <div class="text">
              ${terms === null ? nothing : html`<p class="promise">${roleWords(terms.role).title}</p>`}
              ${
                terms === null
                  ? nothing
                  : html`<p>
                      ${
                        terms.uses === 1
                          ? msg(
                              str`It lets one device in, until ${until} (${zoneAt(terms.expiresMs)}). This device may be switched off meanwhile.`,
                            )
                          : msg(
                              str`It lets up to ${terms.uses} devices in, until ${until} (${zoneAt(terms.expiresMs)}). This device may be switched off meanwhile.`,
                            )
                      }
                    </p>`
              }
              ${trouble === null ? nothing : html`<p class="bad" role="alert">${trouble}</p>`}
              <p class="warning">${icon(TriangleAlert)} ${msg('Whoever sees this code or the link can join. Show it only to the device you mean.')}</p>
              <div>
                <label for="link">${msg('Link')}</label>
                <textarea id="link" readonly .value=${this.link}></textarea>
              </div>
              <div class="buttons">
                <wa-button variant="brand" appearance="outlined" @click=${() => void this.#copy()}>
                  <span slot="start">${icon(Copy)}</span>${msg('Copy the link')}
                </wa-button>
                ${
                  'share' in navigator
                    ? html`<wa-button variant="brand" appearance="outlined" @click=${() => void this.#share()}>
                        <span slot="start">${icon(Share2)}</span>${msg('Share')}
                      </wa-button>`
                    : nothing
                }
              </div>
              <p role="status">${this.copied ?? nothing}</p>
            </div>
          </div>
        </div>
      </dialog>
    `;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.link);
      this.copied = msg('Copied.');
    } catch {
      // Refused by the browser, or the page is not a secure one.
      this.renderRoot.querySelector('textarea')?.select();
      this.copied = msg('The browser does not let the page copy: the link is selected, copy it by hand.');
    }
  }

  async #share(): Promise<void> {
    try {
      await navigator.share({ title: 'Waystation', text: msg('Join my stations'), url: this.link });
      this.copied = null;
    } catch (error) {
      // The person closed the sheet: nothing to say.
      if (error instanceof Error && error.name === 'AbortError') return;
      this.copied = msg('Sharing did not work here. Copy the link instead.');
    }
  }
}

customElements.define('invite-code', InviteCode);
