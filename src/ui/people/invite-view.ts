/** Making an invite: for what, for how many; then the link and its code to scan. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Role } from '../../identity/roles.ts';
import type { AppModel, AppState } from '../model/app-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { renderCode } from '../parts/code.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';

const ROLES: readonly { readonly role: Role; readonly text: string; readonly adminOnly: boolean }[] = [
  { role: 'member', text: 'record and see everything', adminOnly: false },
  { role: 'reader', text: 'only see and collect', adminOnly: false },
  { role: 'mirror', text: 'keep a locked copy it cannot read', adminOnly: false },
  { role: 'admin', text: 'do all that, and remove devices', adminOnly: true },
];

export class InviteView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    link: { state: true },
    copied: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare link: string | null;
  /** What came of copying the link. */
  declare copied: string | null;
  readonly #attempt = new Attempt(this);

  constructor() {
    super();
    this.link = null;
    this.copied = null;
  }

  async #invite(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    this.copied = null;
    await this.#attempt.run(async () => {
      this.link = await this.model.people.invite(fields.get('role') as Role, Number(fields.get('uses')));
    });
  }

  protected override render(): TemplateResult {
    const roles = ROLES.filter((entry) => this.state.role === 'admin' || !entry.adminOnly);
    return html`
      <section>
        <h2>Invite another device</h2>
        <form @submit=${(event: SubmitEvent) => this.#invite(event)}>
          <div class="row">
            <p class="grow">
              <label for="role">It may</label>
              <select id="role" name="role">
                ${roles.map((entry) => html`<option value=${entry.role}>${entry.text}</option>`)}
              </select>
            </p>
            <p>
              <label for="uses">How many devices</label>
              <input id="uses" name="uses" type="number" min="1" max="1000" value="1" />
            </p>
            <p><button class=${this.link === null ? 'main' : ''} ?disabled=${this.#attempt.busy}>Make a link</button></p>
          </div>
        </form>
        ${this.#attempt.trouble()}
        ${this.link === null ? nothing : this.#shown(this.link)}
      </section>
    `;
  }

  #shown(link: string): TemplateResult {
    return html`
      <p>Scan this with the other device, or send it the link. It works for seven days, and this device may be switched off.</p>
      <div class="code" role="img" aria-label="Code with the invite link">${renderCode(link)}</div>
      <p>
        <label for="invite-link">Link</label>
        <textarea id="invite-link" readonly .value=${link}></textarea>
      </p>
      <div class="row">
        <button @click=${() => this.#copy(link)}>Copy the link</button>
        <span class="soft" role="status">${this.copied ?? nothing}</span>
      </div>
    `;
  }

  async #copy(link: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      this.copied = 'Copied.';
    } catch {
      // Refused by the browser, or the page is not a secure one.
      this.renderRoot.querySelector<HTMLTextAreaElement>('#invite-link')?.select();
      this.copied = 'The browser does not let the page copy: the link is selected, copy it by hand.';
    }
  }
}

customElements.define('invite-view', InviteView);
