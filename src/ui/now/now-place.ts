/** How the stations are: what is held of each and when it was last heard. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { StationStatus } from '../../station/status.ts';
import type { AppModel, AppState } from '../model/app-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { agoText, holdingText, timeText, zoneName } from '../parts/words.ts';

function parseIso(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

export class NowPlace extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #export = new Attempt(this);

  protected override render(): TemplateResult {
    return html`<h1>Now</h1>${this.#stations()}`;
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
}

customElements.define('now-place', NowPlace);
