/** This browser has Waystation open in another tab: start here instead, when nothing is lost by that, or try again. */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class ElsewhereView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        max-width: 640px;
        margin: 0 auto;
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
    answer: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** Why the other tab did not let go. */
  declare answer: 'busy' | 'silent' | null;
  readonly #asking = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.answer = null;
  }

  protected override render(): TemplateResult {
    const hasLeft = this.state.openElsewhere === 'left';
    return html`
      <section role=${hasLeft ? 'status' : 'alert'}>
        <h1>${hasLeft ? msg('Waystation goes on in another tab') : msg('Waystation is open in another tab')}</h1>
        <p>
          ${
            hasLeft
              ? msg('You chose to use it there. Nothing was lost; this tab can be closed.')
              : msg(
                  'One tab of a browser at a time can record and keep. Go on in the other tab, or use it here.',
                )
          }
        </p>
        ${this.#answer()} ${this.#asking.trouble()}
        <div class="buttons">
          <button class="main" ?disabled=${this.#asking.busy} @click=${() => this.#use()}>${msg('Use it here')}</button>
          ${
            hasLeft
              ? nothing
              : html`<button ?disabled=${this.#asking.busy} @click=${() => location.reload()}>${msg('Try again')}</button>`
          }
        </div>
        ${this.#asking.busy ? html`<p class="soft" role="status">${msg('Asking the other tab …')}</p>` : nothing}
      </section>
    `;
  }

  #answer(): TemplateResult | typeof nothing {
    if (this.answer === null) return nothing;
    return html`<p class="warn" role="alert">
      ${
        this.answer === 'busy'
          ? msg(
              'The other tab is recording, or has something open that would be lost (recovery words, a file being moved). It goes on. Stop that there first, then try again.',
            )
          : msg(
              'The other tab does not answer; the browser may have put it to sleep. Close it, then try again.',
            )
      }
    </p>`;
  }

  #use(): void {
    this.answer = null;
    void this.#asking.run(async () => {
      const answer = await this.model.useHere();
      // Otherwise the page is about to start anew.
      this.answer = answer === 'taken' ? null : answer;
    });
  }
}

customElements.define('elsewhere-view', ElsewhereView);
