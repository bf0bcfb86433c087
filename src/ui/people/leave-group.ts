/**
 * Leaving the group for good, where that takes nothing from anybody else: this device is alone in it, was not let in, or was removed. Says
 * what is deleted before it is. Events: `ask` and `stay`.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { LeavingCosts } from '../model/people-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { leavingLosses } from './leaving-losses.ts';

export class LeaveGroup extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      ul {
        margin: 0 0 12px;
        padding-inline-start: 20px;
      }
      wa-checkbox {
        margin-block-end: 16px;
        min-height: var(--ws-target);
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
    costs: { attribute: false },
    isAsked: { attribute: false },
    isSure: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** Null while others are in the group: then there is nothing to leave here. */
  declare costs: LeavingCosts | null;
  /** What it costs is being read; otherwise there is a button that asks for that. */
  declare isAsked: boolean;
  declare isSure: boolean;
  readonly #leaving = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.costs = null;
    this.isAsked = false;
    this.isSure = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.costs === null) return nothing;
    const name = this.state.spaceName;
    const title = name === null ? msg('Leave this group') : msg(str`Leave “${name}”`);
    if (!this.isAsked) {
      return html`<section>
        <h2>${title}</h2>
        <p>${this.#why()}</p>
        <wa-button variant="danger" appearance="outlined" @click=${() => this.dispatchEvent(new Event('ask'))}>${msg('Leave the group …')}</wa-button>
      </section>`;
    }
    return html`<section>
      <h1>${title}?</h1>
      <ul>
        ${leavingLosses(this.costs, this.state).map((text) => html`<li>${text}</li>`)}
      </ul>
      <wa-checkbox
        .checked=${this.isSure}
        @change=${(event: Event) => {
          this.isSure = (event.target as HTMLInputElement).checked;
        }}
        >${msg('I understand that this cannot be undone')}</wa-checkbox
      >
      ${this.#leaving.trouble()}
      <div class="buttons">
        <wa-button
          variant="danger"
          ?disabled=${!this.isSure}
          ?loading=${this.#leaving.busy}
          @click=${() => void this.#leaving.run(() => this.model.leave())}
          >${msg('Delete it here and leave')}</wa-button
        >
        <wa-button appearance="outlined" @click=${() => this.dispatchEvent(new Event('stay'))}>${msg('Stay')}</wa-button>
      </div>
    </section>`;
  }

  #why(): string {
    const { refusal, admitted } = this.state;
    if (refusal === 'revoked')
      return msg(
        'Then this device starts at the beginning, and can join a group by a new invite, as a new device.',
      );
    if (!admitted)
      return msg('This device was not let in yet. It can leave and join another group, or start its own.');
    return msg('This device is alone in it. It can leave and join another group.');
  }
}

customElements.define('leave-group', LeaveGroup);
