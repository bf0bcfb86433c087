/** The page: picks the view for the phase the app is in and keeps the notice line. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import './home-view.ts';
import './recovery-view.ts';
import './welcome-view.ts';
import type { AppModel, AppState } from './app-model.ts';
import { appStyles } from './app-styles.ts';
import { SHARED_STYLES } from './shared-styles.ts';
import { sentence } from './words.ts';

export class AppElement extends LitElement {
  static override styles = [SHARED_STYLES, appStyles];
  static override properties = { model: { attribute: false } };

  model: AppModel | undefined;
  readonly #changed = (): void => this.requestUpdate();

  /** Gives the page its model; called once by the composition root. */
  use(model: AppModel): void {
    this.model = model;
    model.addEventListener('change', this.#changed);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.model?.removeEventListener('change', this.#changed);
  }

  protected override render(): TemplateResult {
    const { model } = this;
    return html`
      <header>
        <strong>Waystation</strong>
        ${model?.state.spaceName ? html`<span class="soft">Group: ${model.state.spaceName}</span>` : nothing}
      </header>
      <main>${model === undefined ? starting() : this.#body(model)}</main>
    `;
  }

  #body(model: AppModel): TemplateResult {
    const { state } = model;
    return html`
      ${
        state.notice === null
          ? nothing
          : html`<section class="notice" role="alert">
              <p>${sentence(state.notice)}</p>
              <button @click=${() => model.dismissNotice()}>OK</button>
            </section>`
      }
      ${place(model, state)}
    `;
  }
}

function place(model: AppModel, state: AppState): TemplateResult {
  if (state.recoveryWords !== null)
    return html`<recovery-view .model=${model} .state=${state}></recovery-view>`;
  switch (state.phase) {
    case 'starting':
      return starting();
    case 'failed':
      return html`<section role="alert">
        <h1>Waystation cannot start here</h1>
        <p>${sentence(state.failure ?? '')}</p>
      </section>`;
    case 'no-space':
      return html`<welcome-view .model=${model} .state=${state}></welcome-view>`;
    case 'ready':
      return html`<home-view .model=${model} .state=${state}></home-view>`;
  }
}

function starting(): TemplateResult {
  return html`<section><p class="soft">Opening this device’s storage …</p></section>`;
}

customElements.define('waystation-app', AppElement);
