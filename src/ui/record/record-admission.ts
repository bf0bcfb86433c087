/** Whether this device is let into the group, and what to do when it is not, or when a link for another group was opened. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/textarea/textarea.js';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class RecordAdmission extends LitElement {
  static override properties = { model: { attribute: false }, state: { attribute: false } };
  static override styles = [
    SHARED_STYLES,
    css`
      .notice {
        border-inline-start: 6px solid var(--ws-warn);
      }
    `,
  ];

  declare model: AppModel;
  declare state: AppState;
  readonly #linkAttempt = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult {
    const { admitted, refusal } = this.state;
    return html`
      ${admitted && refusal === null ? nothing : html`<section>${this.#admission()}</section>`} ${this.#otherGroup()}
    `;
  }

  #admission(): TemplateResult {
    const { admitted, refusal, pendingLink } = this.state;
    const said =
      refusal !== null
        ? html`<p class="bad" role="alert">${refusalText(refusal, admitted)}</p>`
        : html`<p class="warn">
            ${msg('Waiting to meet a device of the group that lets this one in. Keep the page open; nothing else is needed.')}
          </p>`;
    if (admitted) return said;
    return html`
      ${said}
      <details ?open=${refusal !== null || pendingLink !== null}>
        <summary>${msg('Use another link')}</summary>
        ${this.#linkForm()}
      </details>
    `;
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

  #otherGroup(): TemplateResult | typeof nothing {
    const { isOtherGroupsLink, spaceName } = this.state;
    if (!isOtherGroupsLink) return nothing;
    return html`
      <section class="notice" role="alert">
        <p class="warn">
          ${
            spaceName === null
              ? msg('The link you opened is for another group, and this browser is already in one.')
              : msg(
                  str`The link you opened is for another group, and this browser is already in “${spaceName}”.`,
                )
          }
          ${msg('A browser can be in one group: open the link on another device, or here in another browser or browser profile.')}
        </p>
        <wa-button @click=${() => this.model.dismissLink()}>${msg('Stay in this group')}</wa-button>
      </section>
    `;
  }
}

/** Why others refuse this device, and what to do. */
function refusalText(refusal: string, admitted: boolean): string {
  if (admitted) {
    return refusal === 'revoked'
      ? msg(
          'Another device says that this one was removed from the group. What it records now stays on this device and reaches nobody. Ask whoever manages the group; to come back, join with another browser or browser profile.',
        )
      : msg(
          'A device of the group does not share with this one at the moment. What is recorded is kept here; ask whoever manages the group if this stays.',
        );
  }
  switch (refusal) {
    case 'expired':
      return msg('The invite has expired. Ask for a new link and paste it here.');
    case 'surplus':
      return msg('The invite was used more often than it allows. Ask for a new link and paste it here.');
    case 'revoked':
      return msg(
        'This device was removed from the group, or the invite was withdrawn. Ask for a new link and paste it here; what is recorded stays on this device.',
      );
    default:
      return msg('The invite was not accepted. Ask for a new link and paste it here.');
  }
}

customElements.define('record-admission', RecordAdmission);
