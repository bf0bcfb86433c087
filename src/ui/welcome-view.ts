/** The doors: make a new group of stations here, or join one with a link. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../core/errors.ts';
import type { AppModel, AppState } from './app-model.ts';
import { SHARED_STYLES } from './shared-styles.ts';
import { sentence } from './words.ts';

export class WelcomeView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    busy: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare busy: boolean;
  #error: { readonly form: 'join' | 'create'; readonly text: string } | null = null;

  constructor() {
    super();
    this.busy = false;
  }

  async #run(
    form: 'join' | 'create',
    event: SubmitEvent,
    action: (fields: FormData) => Promise<unknown>,
  ): Promise<void> {
    event.preventDefault();
    this.#error = null;
    this.busy = true;
    try {
      await action(new FormData(event.target as HTMLFormElement));
    } catch (error) {
      this.#error = { form, text: sentence(errorMessage(error)) };
    } finally {
      this.busy = false;
    }
  }

  #errorOf(form: 'join' | 'create'): TemplateResult | typeof nothing {
    return this.#error?.form === form ? html`<p class="bad" role="alert">${this.#error.text}</p>` : nothing;
  }

  protected override render(): TemplateResult {
    const { pendingLink, deviceName } = this.state;
    const text = (fields: FormData, name: string) => String(fields.get(name) ?? '').trim();
    return html`
      <section>
        <h1>Record together, without a cloud</h1>
        <p>
          Waystation records the sensors of this device and shares the recordings with the other devices of a group, directly. Nothing
          goes to a company’s server.
        </p>
      </section>
      <section>
        <h2>Join with a link</h2>
        <p class="soft">Somebody gave you a link: paste it here. A code is scanned with this device’s own camera app, which then opens this page. This
          device shares its recordings with that group.</p>
        <form
          @submit=${(event: SubmitEvent) => this.#run('join', event, (f) => this.model.join(text(f, 'link'), text(f, 'name')))}
        >
          <p>
            <label for="link">Link</label>
            <textarea id="link" name="link" required .value=${pendingLink ?? ''}></textarea>
          </p>
          <p>
            <label for="join-name">Name of this device</label>
            <input id="join-name" name="name" required maxlength="60" .value=${deviceName} />
          </p>
          ${this.#errorOf('join')}
          <button class=${pendingLink === null ? '' : 'main'} ?disabled=${this.busy}>Join</button>
        </form>
      </section>
      <section>
        <h2>Start a new group</h2>
        <p class="soft">This device begins a group of its own. You can invite others at any time.</p>
        <form
          @submit=${(event: SubmitEvent) => this.#run('create', event, (f) => this.model.create(text(f, 'group'), text(f, 'name')))}
        >
          <div class="row">
            <p class="grow">
              <label for="group">Name of the group</label>
              <input id="group" name="group" required maxlength="60" placeholder="Our valley" />
            </p>
            <p class="grow">
              <label for="create-name">Name of this device</label>
              <input id="create-name" name="name" required maxlength="60" .value=${deviceName} />
            </p>
          </div>
          ${this.#errorOf('create')}
          <button class=${pendingLink === null ? 'main' : ''} ?disabled=${this.busy}>Start</button>
        </form>
      </section>
    `;
  }
}

customElements.define('welcome-view', WelcomeView);
