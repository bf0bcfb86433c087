/**
 * How this device stands in its group, when that is not simply well: waiting to be let in, refused, or removed, or holding a link for another
 * one; and what to do. Stands above every place; what must not be overlooked is whole everywhere, the rest under Devices.
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import { type Place, routeHash } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { countText, lengthInHoursText } from '../parts/words.ts';
import { askForNewText } from '../welcome/scanned-words.ts';

export class StandingCard extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      section {
        border-inline-start: 6px solid var(--ws-warn);
      }
      section.removed {
        border-inline-start-color: var(--ws-bad);
      }
      wa-input {
        margin-block-end: 12px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      ul {
        margin: 0 0 12px;
        padding-inline-start: 20px;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    place: { attribute: false },
  };

  declare model: AppModel;
  declare state: AppState;
  /** Which place it stands above. */
  declare place: Place;
  readonly #joining = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.place = 'people';
  }

  protected override render(): TemplateResult | typeof nothing {
    const { admitted, refusal, isOtherGroupsLink } = this.state;
    if (isOtherGroupsLink) return this.#otherGroup();
    const isMember = this.model.people.view().devices.some(({ isSelf }) => isSelf);
    // Who was never let in came by an invite that was withdrawn.
    if (refusal === 'revoked' && isMember) return this.#removed();
    if (refusal === 'succeeded') return this.#succeeded();
    if (admitted && refusal === null) return nothing;
    return admitted ? this.#notServed() : this.#waiting();
  }

  #notServed(): TemplateResult {
    return html`<section role="status">
      <h2>${msg('Another device does not share with this one')}</h2>
      <p>
        ${msg('What is recorded is kept here, and goes to other devices of the group. Ask whoever manages the group if this stays.')}
      </p>
    </section>`;
  }

  #removed(): TemplateResult {
    const group = this.state.spaceName;
    const title =
      group === null
        ? msg('This device was removed from the group')
        : msg(str`This device was removed from “${group}”`);
    if (this.place !== 'people') {
      return html`<section class="removed" role="alert">
        <h2>${title}</h2>
        <p>
          ${msg('What this device holds stays here to look at and export. Nothing new goes to the others or comes from them.')}
        </p>
        <wa-button appearance="outlined" href=${routeHash('people')}>${msg('What I can do now')}</wa-button>
      </section>`;
    }
    return html`
      <section class="removed" role="alert">
        <h2>${title}</h2>
        <ul>
          ${this.state.admitted ? html`<li>${msg('Another device of the group said so when the two met.')}</li>` : nothing}
          <li>${this.#stillHeld()}</li>
          <li>${msg('The others take nothing new from it, and it cannot read what they record from now on.')}</li>
          <li>${msg('It cannot be let in again as the device that it is.')}</li>
        </ul>
        <p>
          ${msg('What you can do: look at what is here and export it under Data. To come back, export first, then leave the group, and ask somebody who manages it for a new invite: this device then joins as a new one.')}
        </p>
        <div class="buttons">
          <wa-button variant="brand" href=${routeHash('data')}>${msg('See what is here')}</wa-button>
          <wa-button appearance="outlined" href=${routeHash('people', { show: 'leave' })}>${msg('Leave the group …')}</wa-button>
        </div>
      </section>
    `;
  }

  /** What a removed device has, in hours. */
  #stillHeld(): string {
    const held = this.state.stations.reduce((sum, station) => sum + station.held, 0);
    const facts = this.state.stationFacts.filter(({ status }) => status.held > 0);
    // Few hours, and all of each station: then it is known for how long they were recorded.
    const isTold =
      facts.length > 0 &&
      facts.every(({ recordedMs, status }) => recordedMs !== null && status.held === status.sealed);
    const hours = isTold
      ? lengthInHoursText(facts.reduce((sum, { recordedMs }) => sum + (recordedMs ?? 0), 0))
      : countText(held, msg('hour'), msg('hours'));
    return held === 0
      ? msg('It holds no recordings of the group.')
      : msg(str`It still holds ${hours} of recordings, its own and those it collected. They stay here.`);
  }

  #succeeded(): TemplateResult {
    return html`<section role="alert">
      <h2>${msg('Another device has taken this one’s place')}</h2>
      <p>${msg('What is stored here stays. What it records from now on does not reach the group.')}</p>
    </section>`;
  }

  #waiting(): TemplateResult | typeof nothing {
    const { refusal, pendingLink } = this.state;
    // What will come by itself need not be said everywhere.
    if (refusal === null && pendingLink === null && this.place !== 'people') return nothing;
    return html`
      <section role=${refusal === null ? 'status' : 'alert'}>
        <h2>${refusal === null ? msg('Waiting to be let in') : refusalTitle(refusal)}</h2>
        <p>
          ${
            refusal === null
              ? msg(
                  'As soon as it meets a device of the group it is let in; nothing needs to be done but to keep this page open. You can record meanwhile.',
                )
              : refusalText(refusal)
          }
        </p>
        ${refusal === null ? nothing : html`<p>${askForNewText()}</p>`}
        <div class="buttons">
          ${
            pendingLink === null
              ? nothing
              : html`<wa-button
                  variant="brand"
                  ?loading=${this.#joining.busy}
                  @click=${() => void this.#joining.run(() => this.model.joinAgain(pendingLink))}
                  >${msg('Use the link that was opened')}</wa-button
                >`
          }
        </div>
        ${
          refusal !== null
            ? this.#newInvite()
            : html`<div class="buttons">
                <wa-button appearance="outlined" href=${routeHash('people', { show: 'scan' })}>${msg('Scan another invite')}</wa-button>
              </div>`
        }
        ${this.#joining.trouble()}
      </section>
    `;
  }

  /** Another invite takes the place of the one that was refused; or one leaves. */
  #newInvite(): TemplateResult {
    return html`
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          const text = String(new FormData(event.target as HTMLFormElement).get('link') ?? '').trim();
          void this.#joining.run(() => this.model.joinAgain(text));
        }}
      >
        <wa-input
          name="link"
          label=${msg('Short code or link of the new invite')}
          autocomplete="off"
        ></wa-input>
        <div class="buttons">
          <wa-button type="submit" variant="brand" ?loading=${this.#joining.busy}>${msg('Use the new invite')}</wa-button>
          <wa-button appearance="outlined" href=${routeHash('people', { show: 'scan' })}>${msg('Scan it')}</wa-button>
          <wa-button appearance="outlined" href=${routeHash('people', { show: 'leave' })}>${msg('Leave this group')}</wa-button>
        </div>
      </form>
    `;
  }

  #otherGroup(): TemplateResult {
    const group = this.state.spaceName;
    const { leaving } = this.model.people.view();
    return html`
      <section role="alert">
        <h2>${msg('The invite you opened is for another group')}</h2>
        <p>${otherGroupText(group)}</p>
        ${
          leaving === null
            ? nothing
            : html`<p>
                ${msg('Or leave this group first, as nobody else is in it: the invite is then opened.')}
              </p>`
        }
        <div class="buttons">
          <wa-button variant="brand" @click=${() => this.model.dismissLink()}>${msg('Stay in this group')}</wa-button>
          ${
            leaving === null
              ? nothing
              : html`<wa-button appearance="outlined" href=${routeHash('people', { show: 'leave' })}>${msg('Leave this group')}</wa-button>`
          }
        </div>
      </section>
    `;
  }
}

/** What happened, as a heading. */
function refusalTitle(refusal: string): string {
  switch (refusal) {
    case 'surplus':
      return msg('This invite is used up');
    case 'expired':
      return msg('This invite has ended');
    case 'revoked':
      return msg('This invite was withdrawn');
    default:
      return msg('This device was not let in');
  }
}

/** A link for another group, opened where one is in a group already. */
export function otherGroupText(group: string | null): string {
  return group === null
    ? msg(
        'This browser is already in a group, and a browser can be in one. Open the link on another device, or here in another browser or browser profile.',
      )
    : msg(
        str`This browser is already in “${group}”, and a browser can be in one group. Open the link on another device, or here in another browser or browser profile.`,
      );
}

/** Why others do not let this device in. */
export function refusalText(refusal: string): string {
  switch (refusal) {
    case 'surplus':
      return msg(
        'As many devices as it was made for have come by it before this one. What this device records meanwhile stays here.',
      );
    case 'expired':
      return msg(
        'It ended before this device met the group. If you got it just now, compare the clocks of both devices. What this device records meanwhile stays here.',
      );
    case 'revoked':
      return msg(
        'Somebody who manages the group withdrew it. What this device records meanwhile stays here.',
      );
    default:
      return msg('The group did not accept the invite. What this device records meanwhile stays here.');
  }
}

customElements.define('standing-card', StandingCard);
