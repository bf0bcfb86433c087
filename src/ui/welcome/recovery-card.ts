/**
 * Stands above every place while the recovery words are not written down, or when they are gone: recording need not wait for
 * them, and they are not forgotten. While they wait, the browser asks before it closes the page.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, type TemplateResult } from 'lit';
import { KeyRound } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

/** Lets the browser ask before the page is closed while the words are in it and nowhere else. */
export function holdUnload(event: BeforeUnloadEvent, { recoveryWords }: AppState): void {
  if (recoveryWords !== null) event.preventDefault();
}

export class RecoveryCard extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
        border-inline-start: 6px solid var(--ws-warn);
        padding: 12px 16px;
      }
      div {
        flex: 1 1 260px;
      }
      h2 {
        margin: 0;
      }
      p {
        margin: 0;
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #leaving = (event: BeforeUnloadEvent): void => holdUnload(event, this.state);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('beforeunload', this.#leaving);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('beforeunload', this.#leaving);
  }

  protected override render(): TemplateResult {
    return this.state.recovery === 'lost' ? this.#lost() : this.#waiting();
  }

  #waiting(): TemplateResult {
    return html`
      <section>
        <div>
          <h2>${icon(KeyRound)} ${msg('Write down your recovery words')}</h2>
          <p class="soft">${msg('They are gone when this page is closed or reloaded. You can record meanwhile.')}</p>
        </div>
        <wa-button variant="brand" appearance="outlined" @click=${() => this.model.recovery.open()}
          >${msg('Show the words')}</wa-button
        >
      </section>
    `;
  }

  #lost(): TemplateResult {
    return html`
      <section role="alert">
        <div>
          <h2>${icon(KeyRound)} ${msg('The recovery words are gone')}</h2>
          <p>
            ${msg('The page was closed or reloaded before they were checked, and they are stored nowhere. Your recordings are safe and nothing stops working. But if every device that manages the group is lost, nobody can manage it any more: invite a second device that manages the group.')}
          </p>
        </div>
        <wa-button appearance="outlined" @click=${() => void this.model.recovery.confirm()}>${msg('I understand')}</wa-button>
      </section>
    `;
  }
}

customElements.define('recovery-card', RecoveryCard);
