/** The Data place before there is an hour to show: why, and the way to one that this device has. */
import { msg, str } from '@lit/localize';
import '@awesome.me/webawesome/dist/components/button/button.js';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { routeHash } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { DataStation } from '../model/data-port.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { countText } from '../parts/words.ts';
import { meansOf } from '../record/sense-words.ts';

export class DataEmpty extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    stations: { attribute: false },
  };

  declare model: AppModel;
  declare state: AppState;
  declare stations: readonly DataStation[];
  #isLooking = false;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#look(false);
  }

  #look(isWanted: boolean): void {
    if (this.#isLooking === isWanted) return;
    this.#isLooking = isWanted;
    this.model.sensing.look(isWanted, this);
  }

  protected override willUpdate(_changed: PropertyValues): void {
    this.#look(this.isConnected && this.state.recordingPhase === 'idle');
  }

  protected override render(): TemplateResult {
    const locked = this.stations.reduce((sum, { lockedHours }) => sum + lockedHours, 0);
    return html`
      <section>
        ${
          locked > 0
            ? html`<h2>${msg('Locked')}</h2>
                <p>
                  ${msg(str`This device keeps a locked copy of ${countText(locked, msg('hour'), msg('hours'))}, which it cannot read. It passes them on to others; look at them on a device that may read recordings.`)}
                </p>`
            : this.state.recording !== null
              ? html`<h2>${msg('The first hour is being recorded')}</h2>
                  <p>${msg('It is shown here when it is finished, or when you stop. Live values are in Record.')}</p>
                  <wa-button href=${routeHash('record')} variant="brand">${msg('Show what is recorded')}</wa-button>`
              : this.#nothingYet()
        }
      </section>
    `;
  }

  /** Whether this device can record is found out while there is nothing else to show; it is offered when it can. */
  #nothingYet(): TemplateResult {
    const means = this.model.sensing.view.isKnown ? meansOf(this.model.sensing.view) : null;
    return html`
      <h2>${msg('Nothing has been recorded yet')}</h2>
      <p>
        ${
          means === 'ready'
            ? msg('Make this device a station, or invite another: hours appear here as they are finished.')
            : msg(
                'Invite a phone or another device that records: its hours appear here as they are finished.',
              )
        }
      </p>
      <div class="row">
        ${means === 'ready' ? html`<wa-button href=${routeHash('record')} variant="brand">${msg('Record on this device')}</wa-button>` : nothing}
        <wa-button href=${routeHash('people', { show: 'invite' })} variant=${means === 'ready' ? 'neutral' : 'brand'} appearance=${means === 'ready' ? 'outlined' : 'accent'}>
          ${msg('Invite a device')}
        </wa-button>
        ${means === 'none' || means === 'off' ? html`<wa-button href=${routeHash('record')} appearance="outlined">${msg('What this device can sense')}</wa-button>` : nothing}
      </div>
    `;
  }
}

customElements.define('data-empty', DataEmpty);
