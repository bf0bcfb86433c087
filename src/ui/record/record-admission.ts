/** That this device waits to be let into its group. Why it was refused, and a link for another group, stand above every place (standing-card.ts). */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/textarea/textarea.js';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class RecordAdmission extends LitElement {
  static override properties = { model: { attribute: false }, state: { attribute: false } };
  static override styles = SHARED_STYLES;

  declare model: AppModel;
  declare state: AppState;
  readonly #linkAttempt = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { admitted, refusal, pendingLink } = this.state;
    if (admitted || refusal !== null) return nothing;
    return html`<section>
      <p class="warn">
        ${msg('Waiting to meet a device of the group that lets this one in. Keep the page open; nothing else is needed.')}
      </p>
      <details ?open=${pendingLink !== null}>
        <summary>${msg('Use another link')}</summary>
        ${this.#linkForm()}
      </details>
    </section>`;
  }

  #linkForm(): TemplateResult {
    return html`
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          const link = String(new FormData(event.target as HTMLFormElement).get('link') ?? '');
          void this.#linkAttempt.run(() => this.model.joinAgain(link));
        }}
      >
        <p>
          <wa-textarea
            label=${msg('New link to this group')}
            name="link"
            required
            .value=${this.state.pendingLink ?? ''}
          ></wa-textarea>
        </p>
        ${this.#linkAttempt.trouble()}
        <wa-button type="submit" variant="brand" ?disabled=${this.#linkAttempt.busy}>${msg('Use this link')}</wa-button>
      </form>
    `;
  }
}

customElements.define('record-admission', RecordAdmission);
