/** The doors: make a new group of stations here, or join one with a link. */
import { html, LitElement, type TemplateResult } from 'lit';
import type { AppModel, AppState } from '../model/app-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

export class WelcomeView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #join = new Attempt(this);
  readonly #create = new Attempt(this);

  protected override render(): TemplateResult {
    const { pendingLink, deviceName } = this.state;
    const busy = this.#join.busy || this.#create.busy;
    return html`
      <section>
        <h1>Record together, without a cloud</h1>
        <p>
          Waystation records the sensors of this device and shares the recordings with the other devices of a group, directly. No
          company’s server is needed for it.
        </p>
      </section>
      <section>
        <h2>Join with a link</h2>
        <p class="soft">
          Somebody gave you a link: paste it here. A code is scanned with this device’s own camera app, which then opens this page. This
          device shares its recordings with that group.
        </p>
        <form
          @submit=${(event: SubmitEvent) => {
            const f = fieldsOf(event);
            void this.#join.run(() => this.model.join(f('link'), f('name')));
          }}
        >
          <p>
            <label for="link">Link</label>
            <textarea id="link" name="link" required .value=${pendingLink ?? ''}></textarea>
          </p>
          <p>
            <label for="join-name">Name of this device</label>
            <input id="join-name" name="name" required maxlength="60" .value=${deviceName} />
          </p>
          ${this.#join.trouble()}
          <button class=${pendingLink === null ? '' : 'main'} ?disabled=${busy}>Join</button>
        </form>
      </section>
      <section>
        <h2>Start a new group</h2>
        <p class="soft">This device begins a group of its own. You can invite others at any time.</p>
        <form
          @submit=${(event: SubmitEvent) => {
            const f = fieldsOf(event);
            void this.#create.run(() => this.model.create(f('group'), f('name')));
          }}
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
          ${this.#create.trouble()}
          <button class=${pendingLink === null ? 'main' : ''} ?disabled=${busy}>Start</button>
        </form>
      </section>
    `;
  }
}

/** The fields of a form that is sent, by name. */
function fieldsOf(event: SubmitEvent): (name: string) => string {
  event.preventDefault();
  const fields = new FormData(event.target as HTMLFormElement);
  return (name) => String(fields.get(name) ?? '').trim();
}

customElements.define('welcome-view', WelcomeView);
