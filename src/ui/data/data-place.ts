/** What was recorded: what is held, what is known to exist, and getting it out. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel, AppState } from '../model/app-model.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class DataPlace extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  protected override render(): TemplateResult {
    return html`<h1>Data</h1>${this.state.stations.length === 0 ? html`<p class="soft">Nothing has been recorded yet.</p>` : nothing}`;
  }
}

customElements.define('data-place', DataPlace);
