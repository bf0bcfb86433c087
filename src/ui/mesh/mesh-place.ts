/** Who this device is connected to, and through which meeting point. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel, AppState, HostView } from '../model/app-model.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { clockText, zoneName } from '../parts/words.ts';

export class MeshPlace extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  protected override render(): TemplateResult {
    return html`<h1>Network</h1>${this.#connections()}`;
  }

  #connections(): TemplateResult {
    const { connections, hosts } = this.state;
    return html`
      <section>
        <h2>Connected now</h2>
        ${
          connections.length === 0
            ? html`<p class="soft">No other device. Recording goes on; data is shared when one comes near.</p>`
            : html`<ul>
                ${connections.map((one) => html`<li>${one.name} <span class="soft">since ${clockText(Math.floor(one.sinceMs / 60_000) * 60_000)} (${zoneName()})</span></li>`)}
              </ul>`
        }
        ${hosts.map(meetingPoint)}
      </section>
    `;
  }
}
function meetingPoint({ url, state }: HostView): TemplateResult | typeof nothing {
  switch (state) {
    case 'open':
      return nothing;
    case 'connecting':
      return html`<p class="soft">Connecting to the meeting point ${url} …</p>`;
    case 'unreachable':
      return html`<p class="warn">
        The meeting point ${url} cannot be reached; it is tried again. Devices that are connected stay connected.
      </p>`;
  }
}

customElements.define('mesh-place', MeshPlace);
