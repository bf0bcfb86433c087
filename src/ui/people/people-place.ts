/** Who and what is in the group: inviting others, and the storage of this device. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import './invite-view.ts';
import type { AppModel, AppState } from '../model/app-model.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText } from '../parts/words.ts';

export class PeoplePlace extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  protected override render(): TemplateResult {
    const { admitted, role } = this.state;
    return html`
      <h1>Devices</h1>
      ${
        admitted && (role === 'admin' || role === 'member')
          ? html`<invite-view .model=${this.model} .state=${this.state}></invite-view>`
          : nothing
      }
      ${this.#storage()}
    `;
  }

  #storage(): TemplateResult {
    const { usedBytes, freeBytes, persistent } = this.state.storage;
    return html`
      <section>
        <h2>Storage on this device</h2>
        <p>
          ${bytesText(usedBytes)} used${freeBytes === null ? nothing : html`, ${bytesText(freeBytes)} free`}.
          ${
            persistent === true
              ? 'The browser has promised to keep it.'
              : 'The browser may clear it when the device runs full: keep a second device in the group.'
          }
        </p>
      </section>
    `;
  }
}

customElements.define('people-place', PeoplePlace);
