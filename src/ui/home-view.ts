/** In a group: this device, what it holds of every station, who it is connected to, and inviting others. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import './invite-view.ts';
import './record-view.ts';
import type { StationStatus } from '../station/status.ts';
import type { AppModel, AppState, HostView } from './app-model.ts';
import { Attempt } from './attempt.ts';
import { SHARED_STYLES } from './shared-styles.ts';
import { agoText, bytesText, clockText, holdingText, timeText, zoneName } from './words.ts';

function parseIso(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

export class HomeView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #export = new Attempt(this);

  protected override render(): TemplateResult {
    const { admitted, role } = this.state;
    return html`
      <record-view .model=${this.model} .state=${this.state}></record-view>
      ${this.#stations()} ${this.#connections()}
      ${
        admitted && (role === 'admin' || role === 'member')
          ? html`<invite-view .model=${this.model} .state=${this.state}></invite-view>`
          : nothing
      }
      ${this.#storage()}
    `;
  }

  #stations(): TemplateResult {
    const { stations } = this.state;
    return html`
      <section>
        <h2>Stations</h2>
        ${this.#export.trouble()}
        ${
          stations.length === 0
            ? html`<p class="soft">Nothing has been recorded in this group yet, as far as this device knows.</p>`
            : html`
                <div class="table">
                  <table>
                    <thead>
                      <tr>
                        <th>Station</th>
                        <th>Parts held here</th>
                        <th>Complete to (${zoneName()})</th>
                      </tr>
                    </thead>
                    <tbody>
                      ${stations.map((station) => this.#stationRow(station))}
                    </tbody>
                  </table>
                </div>
              `
        }
      </section>
    `;
  }

  #stationRow(station: StationStatus): TemplateResult {
    const name = station.name ?? 'Unnamed station';
    const { text, tone } = holdingText(station);
    return html`
      <tr>
        <td>
          ${name}${station.replay ? html` <span class="label warn">replay of a recording</span>` : nothing}
          <div class="soft">heard ${agoText(parseIso(station.lastHeard), Date.now())}</div>
        </td>
        <td>
          ${station.sealed === 0 ? nothing : `${station.held} of ${station.sealed}`}
          <div class=${tone}>${text}</div>
        </td>
        <td>
          <div class="row top">
            <span class="grow">${timeText(parseIso(station.completeTo))}</span>
            ${
              station.held === 0
                ? html`<span class="soft">CSV once a part is ${station.sealed === 0 ? 'finished' : 'here'}</span>`
                : html`<button
                    class="small"
                    ?disabled=${this.#export.busy}
                    @click=${() => this.#export.run(() => this.model.exportCsv(station.key))}
                  >
                    CSV<span class="hidden-text"> of ${name}</span>
                  </button>`
            }
          </div>
        </td>
      </tr>
    `;
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

customElements.define('home-view', HomeView);
