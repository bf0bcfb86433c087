/** The recovery words of a group that was just made. Nothing else is on the page until they are confirmed: they are not kept. */
import { html, LitElement, type TemplateResult } from 'lit';
import type { AppModel, AppState } from '../model/app-model.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class RecoveryView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;

  protected override render(): TemplateResult {
    const words = (this.state.recoveryWords ?? '').split(' ');
    return html`
      <section>
        <h1>Recovery words of this group</h1>
        <p>
          Write these ${words.length} words on paper, in this order, and keep them where nobody else reads them. They are shown
          this once and stored nowhere. Whoever has them can act for the group.
        </p>
        <ol class="words">
          ${words.map((word) => html`<li>${word}</li>`)}
        </ol>
        <p class="warn">
          They cannot be used yet: this version of Waystation has nowhere to enter them. They are for a later version, for the day when
          every device that manages the group is lost. Until then, give a second device the right to manage it.
        </p>
        <button class="main" @click=${() => this.model.confirmRecoveryWords()}>I have written them down</button>
      </section>
    `;
  }
}

customElements.define('recovery-view', RecoveryView);
