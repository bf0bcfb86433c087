/** At the old address, while the device rests: what to take along, the words, the file, and saying that it has moved. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { Copy, Download } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText } from '../parts/words.ts';
import { movingProgress } from './moving-progress.ts';
import { MOVING_STYLES } from './moving-styles.ts';
import { openSaveTarget } from './save-target.browser.ts';
import { stayingWarning } from './staying-warning.ts';

/** As much as a mark keeps. */
const MAX_ADDRESS_LENGTH = 500;

export class LeavingView extends LitElement {
  static override styles = [SHARED_STYLES, MOVING_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    words: { state: true },
    isCopied: { state: true },
    everything: { state: true },
    isStaying: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** The words of the file that is made now; another visit makes others. */
  declare words: string;
  declare isCopied: boolean;
  declare everything: boolean;
  /** The person wants to stay though a file was made. */
  declare isStaying: boolean;
  readonly #looking = new Attempt(this);
  readonly #packing = new Attempt(this);
  readonly #confirming = new Attempt(this);
  readonly #staying = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.words = '';
    this.isCopied = false;
    this.everything = true;
    this.isStaying = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#looking.run(async () => {
      this.words = await this.model.moving.makeWords();
      await this.model.moving.look();
    });
  }

  protected override render(): TemplateResult {
    const { work, leaving } = this.model.moving.state;
    const isPacked = leaving?.phase === 'packed';
    return html`
      <section>
        <h1>${msg(str`${this.#name()} is ready to move`)}</h1>
        <p>
          ${msg('It rests: it does not record, and it does not connect to other devices.')}
          ${isPacked ? msg('Its file is made; here it is as before.') : msg('Nothing has left this browser yet.')}
        </p>
        ${this.#looking.trouble()} ${this.isStaying ? nothing : this.#staying.trouble()}
        ${
          this.isStaying
            ? stayingWarning(this.#staying, this.model, () => {
                this.isStaying = false;
              })
            : html`<wa-button
                appearance="outlined"
                ?disabled=${work !== null}
                ?loading=${this.#staying.busy}
                @click=${() => this.#stay(isPacked)}
                >${msg('Stay here after all')}</wa-button
              >`
        }
      </section>
      ${this.#file()} ${this.#there()} ${this.#done()}
    `;
  }

  #stay(isPacked: boolean): void {
    if (isPacked) this.isStaying = true;
    else void this.#staying.run(() => this.model.moving.stay());
  }

  #name(): string {
    return this.state.deviceName === '' ? msg('This device') : this.state.deviceName;
  }

  #file(): TemplateResult {
    const { work, packedBytes, identityMoves } = this.model.moving.state;
    return html`
      <section>
        <h2>${msg('1. Make the file')}</h2>
        ${identityMoves === false ? this.#locked() : nothing}
        ${
          work !== null
            ? movingProgress(msg('Writing the file …'), work, () => this.model.moving.stop())
            : html`${this.#choice()} ${this.#wordList()} ${this.#packing.trouble()}
                <div class="buttons">
                  <wa-button
                    variant=${packedBytes === null ? 'brand' : 'neutral'}
                    appearance=${packedBytes === null ? 'accent' : 'outlined'}
                    ?disabled=${this.words === ''}
                    ?loading=${this.#packing.busy}
                    @click=${() => this.#save()}
                  >
                    <span slot="start">${icon(Download)}</span
                    >${packedBytes === null ? msg('Save the file') : msg('Save it once more')}
                  </wa-button>
                </div>
                <p class="good" role="status">
                  ${packedBytes === null ? nothing : msg(str`The file is made: ${this.model.moving.fileName()}, ${bytesText(packedBytes)}.`)}
                </p>`
        }
      </section>
    `;
  }

  #locked(): TemplateResult {
    return html`<div class="warning">
      <p>
        ${msg('An earlier version of Waystation set this device up and locked its identity to this address. Its finished recordings can go along, its membership cannot: at the new address it joins the group with a link, as a new device.')}
      </p>
      <p>
        ${msg('Make that link first, on another device, or here after “Stay here after all”. Then remove this one from the group.')}
      </p>
    </div>`;
  }

  #choice(): TemplateResult {
    const { sizes } = this.model.moving.state;
    const size = (bytes: number | undefined) =>
      bytes === undefined ? '' : msg(str`About ${bytesText(bytes)}.`);
    return html`
      <wa-radio-group
        label=${msg('What goes along?')}
        .value=${this.everything ? 'everything' : 'identity'}
        @change=${(event: Event) => {
          this.everything = (event.target as HTMLInputElement).value === 'everything';
        }}
      >
        <wa-radio value="everything">
          <strong>${msg('Everything')}</strong>
          <small>${msg('Who this device is, its settings and all recordings it holds.')} ${size(sizes?.everything)}</small>
        </wa-radio>
        <wa-radio value="identity">
          <strong>${msg('All but the recordings')}</strong>
          <small
            >${msg('The recordings come again from the group’s other devices. What no other device holds is then at this address only.')}
            ${size(sizes?.withoutRecordings)}</small
          >
        </wa-radio>
      </wa-radio-group>
    `;
  }

  #wordList(): TemplateResult {
    const { leaving, packedBytes } = this.model.moving.state;
    const isOther = leaving?.phase === 'packed' && packedBytes === null;
    return html`
      <p>
        ${msg('These six words open the file. Write them down or copy them: they are shown here and kept nowhere. Whoever has the file and the words is this device.')}
        ${isOther ? msg('A file that was saved earlier has words of its own: these do not open it.') : nothing}
      </p>
      <ol class="words">
        ${this.words.split(' ').map((word) => html`<li>${word}</li>`)}
      </ol>
      <div class="buttons">
        <wa-button appearance="outlined" @click=${() => this.#copy()}>
          <span slot="start">${icon(Copy)}</span>${this.isCopied ? msg('Copied') : msg('Copy the words')}
        </wa-button>
      </div>
    `;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.words);
      this.isCopied = true;
    } catch {
      // They stand there to be read.
    }
  }

  #save(): void {
    void this.#packing.run(async () => {
      const { moving } = this.model;
      try {
        const target = await openSaveTarget(moving.fileName(), msg('A device that moves'));
        await moving.pack(this.words, this.everything, target);
      } catch (error) {
        // The person chose no place: nothing is wrong.
        if (!(error instanceof DOMException) || error.name !== 'AbortError') throw error;
      }
    });
  }

  #there(): TemplateResult {
    return html`
      <section>
        <h2>${msg('2. At the new address')}</h2>
        <ol class="steps">
          <li>${msg('Open the new address in this browser, or in the one where this device is to live.')}</li>
          <li>${msg('Choose “Bring a device here”, then the file, and type the six words.')}</li>
          <li>${msg('When it greets you by its name, come back here.')}</li>
        </ol>
        <p class="soft">
          ${msg('Delete the file when the device has arrived.')}
        </p>
      </section>
    `;
  }

  #done(): TemplateResult {
    const isMade = this.model.moving.state.packedBytes !== null;
    return html`
      <section>
        <h2>${msg('3. Say that it has moved')}</h2>
        <form
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            const to = String(new FormData(event.target as HTMLFormElement).get('to') ?? '').trim();
            void this.#confirming.run(() => this.model.moving.confirmMoved(to));
          }}
        >
          <wa-input
            name="to"
            label=${msg('New address, so that this page can say it')}
            placeholder="https://waystation.local:7443"
            maxlength=${MAX_ADDRESS_LENGTH}
            autocomplete="off"
          ></wa-input>
          <wa-checkbox required>${msg('This device is at the new address, or I have the file and the six words')}</wa-checkbox>
          ${this.#confirming.trouble()}
          <wa-button
            type="submit"
            variant=${isMade ? 'brand' : 'neutral'}
            appearance=${isMade ? 'accent' : 'outlined'}
            ?disabled=${this.model.moving.state.work !== null}
            ?loading=${this.#confirming.busy}
            >${msg('It has moved')}</wa-button
          >
        </form>
      </section>
    `;
  }
}

customElements.define('leaving-view', LeavingView);
