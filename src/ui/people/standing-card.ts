/** How this device stands in its group, when that is not simply well: waiting to be let in, refused, or removed; and what to do. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class StandingCard extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      section {
        border-inline-start: 6px solid var(--ws-warn);
      }
      section.removed {
        border-inline-start-color: var(--ws-bad);
      }
      ul {
        margin: 0 0 12px;
        padding-inline-start: 20px;
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #joining = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { admitted, refusal, isOtherGroupsLink } = this.state;
    if (isOtherGroupsLink) return this.#otherGroup();
    if (refusal === 'revoked') return this.#removed();
    if (refusal === 'succeeded') return this.#succeeded();
    if (admitted && refusal === null) return nothing;
    return this.#waiting();
  }

  #removed(): TemplateResult {
    const group = this.state.spaceName;
    return html`
      <section class="removed" role="alert">
        <h2>${group === null ? msg('This device was removed from the group') : msg(str`This device was removed from “${group}”`)}</h2>
        <ul>
          <li>${msg('What it recorded and collected until then stays here; you can still look at it and export it.')}</li>
          <li>${msg('The others do not take anything new from it, and it cannot read what they record from now on.')}</li>
        </ul>
        <p>
          ${msg('If this was a mistake, ask somebody who manages the group for a new invite, and open it in another browser or browser profile: this one cannot come back.')}
        </p>
      </section>
    `;
  }

  #succeeded(): TemplateResult {
    return html`<section role="alert">
      <h2>${msg('Another device has taken this one’s place')}</h2>
      <p>${msg('What is stored here stays. What it records from now on does not reach the group.')}</p>
    </section>`;
  }

  #waiting(): TemplateResult {
    const { refusal, pendingLink } = this.state;
    return html`
      <section role=${refusal === null ? 'status' : 'alert'}>
        <h2>${refusal === null ? msg('Waiting to be let in') : msg('This device was not let in')}</h2>
        <p>
          ${
            refusal === null
              ? msg(
                  'As soon as it meets a device of the group it is let in; nothing needs to be done but to keep this page open. You can record meanwhile.',
                )
              : refusalText(refusal)
          }
        </p>
        ${
          pendingLink === null
            ? nothing
            : html`<wa-button
                variant="brand"
                ?loading=${this.#joining.busy}
                @click=${() => void this.#joining.run(() => this.model.joinAgain(pendingLink))}
                >${msg('Use the link that was opened')}</wa-button
              >`
        }
        ${this.#joining.trouble()}
      </section>
    `;
  }

  #otherGroup(): TemplateResult {
    const group = this.state.spaceName;
    return html`
      <section role="alert">
        <h2>${msg('The link you opened is for another group')}</h2>
        <p>${otherGroupText(group)}</p>
        <wa-button appearance="outlined" @click=${() => this.model.dismissLink()}>${msg('Stay in this group')}</wa-button>
      </section>
    `;
  }
}

/** A link for another group, opened where one is in a group already. */
export function otherGroupText(group: string | null): string {
  return group === null
    ? msg(
        'This browser is already in a group, and a browser can be in one. Open the link on another device, or here in another browser or browser profile.',
      )
    : msg(
        str`This browser is already in “${group}”, and a browser can be in one group. Open the link on another device, or here in another browser or browser profile.`,
      );
}

/** Why others do not let this device in. */
export function refusalText(refusal: string): string {
  switch (refusal) {
    case 'surplus':
      return msg(
        'The invite is used up: as many devices as it was made for have come by it. Ask for a new one, then scan or paste it.',
      );
    case 'expired':
      return msg(
        'The invite ended before this device met the group. Ask for a new one, then scan or paste it. If you got it just now, check the clocks of both devices.',
      );
    default:
      return msg('The invite was not accepted. Ask for a new one, then scan or paste it.');
  }
}

customElements.define('standing-card', StandingCard);
