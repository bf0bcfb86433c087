/** What this device records, what it holds of every station, who it is connected to, and inviting others. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import './invite-view.ts';
import { errorMessage } from '../core/errors.ts';
import type { StationStatus } from '../station/status.ts';
import type { AppModel, AppState, RecordingView, StreamView } from './app-model.ts';
import { SHARED_STYLES } from './shared-styles.ts';
import { agoText, bytesText, durationText, timeText, unitText, zoneName } from './words.ts';

function parseIso(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

export class HomeView extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  #error: string | null = null;

  async #try(action: () => Promise<unknown>): Promise<void> {
    this.#error = null;
    try {
      await action();
    } catch (error) {
      this.#error = errorMessage(error);
    }
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`
      ${this.#error === null ? nothing : html`<section role="alert"><p class="bad">${this.#error}</p></section>`}
      ${this.#recording()} ${this.#stations()} ${this.#connections()}
      ${
        this.state.role === 'admin' || this.state.role === 'member'
          ? html`<invite-view .model=${this.model} .state=${this.state}></invite-view>`
          : nothing
      }
      ${this.#storage()}
    `;
  }

  #recording(): TemplateResult {
    const { recording, deviceName, role } = this.state;
    if (role === 'reader' || role === 'mirror') {
      return html`<section><h1>${deviceName}</h1><p class="soft">This device collects data; it does not record.</p></section>`;
    }
    if (recording === null) {
      return html`
        <section>
          <h1>${deviceName}</h1>
          <p class="soft">Not recording. Readings are kept on this device and shared with the group.</p>
          <form
            @submit=${(event: SubmitEvent) => {
              event.preventDefault();
              const camera = new FormData(event.target as HTMLFormElement).has('camera');
              void this.#try(() => this.model.record({ sensors: true, camera }));
            }}
          >
            <p><label><input type="checkbox" name="camera" style="width:auto;min-height:auto" /> a picture every few seconds, too</label></p>
            <button class="main">Record</button>
          </form>
        </section>
      `;
    }
    return html`
      <section>
        <h1>${deviceName} is recording</h1>
        <p>
          For ${durationText(Date.now() - recording.sinceMs)} · ${recording.sealedHours}
          ${recording.sealedHours === 1 ? 'part' : 'parts'} finished and safe${
            recording.pictures > 0 ? html` · ${recording.pictures} pictures` : nothing
          }
        </p>
        ${waiting(recording)}
        <div class="table">
          <table>
            <thead>
              <tr><th>Sensor</th><th>Now</th></tr>
            </thead>
            <tbody>
              ${recording.streams.map(streamRow)}
            </tbody>
          </table>
        </div>
        <p></p>
        <button @click=${() => this.#try(() => this.model.stop())}>Stop recording</button>
      </section>
    `;
  }

  #stations(): TemplateResult {
    const { stations, admitted, refusal } = this.state;
    return html`
      <section>
        <h2>Stations</h2>
        ${admitted ? nothing : admission(refusal)}
        ${
          stations.length === 0
            ? html`<p class="soft">Nothing has been recorded in this group yet, as far as this device knows.</p>`
            : html`
                <div class="table">
                  <table>
                    <thead>
                      <tr>
                        <th>Station</th>
                        <th>Held here</th>
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
    return html`
      <tr>
        <td>
          ${name}${station.replay ? html` <span class="label warn">replay of a recording</span>` : nothing}
          <div class="soft">heard ${agoText(parseIso(station.lastHeard), Date.now())}</div>
        </td>
        <td>
          ${station.held} of ${station.sealed}
          ${
            station.missing > 0
              ? html`<div class="warn">${station.missing} missing</div>`
              : html`<div class="good">all here</div>`
          }
        </td>
        <td>
          <div class="row top">
            <span class="grow">${timeText(parseIso(station.completeTo))}</span>
            <button
              class="small"
              ?disabled=${station.held === 0}
              @click=${() => this.#try(() => this.model.exportCsv(station.id))}
            >
              CSV<span class="hidden-text"> of ${name}</span>
            </button>
          </div>
        </td>
      </tr>
    `;
  }

  #connections(): TemplateResult {
    const { connections, hosts } = this.state;
    const offline = hosts.filter((host) => !host.connected);
    return html`
      <section>
        <h2>Connected now</h2>
        ${
          connections.length === 0
            ? html`<p class="soft">No other device. Recording goes on; data is shared when one comes near.</p>`
            : html`<ul>
                ${connections.map((one) => html`<li>${one.name} <span class="soft">since ${timeText(one.sinceMs)}</span></li>`)}
              </ul>`
        }
        ${offline.map(
          (host) =>
            html`<p class="warn">The meeting point ${host.url} cannot be reached. Devices that are connected stay connected.</p>`,
        )}
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

function waiting(recording: RecordingView): TemplateResult | typeof nothing {
  if (recording.waitingHours === 0) return nothing;
  return html`<p class="warn">
    ${recording.waitingHours} finished ${recording.waitingHours === 1 ? 'part waits' : 'parts wait'} on this device until
    another device of the group has let it in.
  </p>`;
}

function admission(refusal: string | null): TemplateResult {
  if (refusal === null) {
    return html`<p class="warn">
      Waiting to meet a device of the group that lets this one in. Keep the page open; nothing else is needed.
    </p>`;
  }
  const why: Readonly<Record<string, string>> = {
    expired: 'The invite has expired.',
    revoked: 'This device was removed from the group, or the invite was withdrawn.',
    surplus: 'The invite was used more often than it allows.',
  };
  return html`<p class="bad" role="alert">${why[refusal] ?? 'The invite was not accepted.'} Ask for a new link.</p>`;
}

function streamRow(stream: StreamView): TemplateResult {
  const value = (last: number | null) => (last === null ? '–' : Number(last.toPrecision(4)).toString());
  return html`
    <tr>
      <td>
        ${stream.name}${stream.replay ? html` <span class="label warn">replay of a recording</span>` : nothing}
        <div class="soft value">${stream.rows} readings</div>
        <div class="soft value">${stream.rateHz === null ? nothing : html`${stream.rateHz.toFixed(1)} a second`}</div>
      </td>
      <td>
        ${
          stream.trouble === null
            ? stream.columns.map(
                (column) =>
                  html`<div class="value">${column.name} ${value(column.last)} ${unitText(column.unit)}</div>`,
              )
            : html`<span class="warn">${stream.trouble}</span>`
        }
      </td>
    </tr>
  `;
}

customElements.define('home-view', HomeView);
