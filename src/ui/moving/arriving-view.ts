/** At the new address: choosing the file, typing the words, and taking the device in. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ArrowLeft } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/textarea/textarea.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText } from '../parts/words.ts';
import { movingProgress } from './moving-progress.ts';
import { MOVING_STYLES } from './moving-styles.ts';

export class ArrivingView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    MOVING_STYLES,
    css`
      .drop {
        border: 2px dashed var(--ws-edge);
        border-radius: var(--ws-radius);
        padding: 20px;
        margin-block-end: 16px;
      }
      .drop.over {
        border-color: var(--ws-accent);
        background: var(--ws-accent-soft);
      }
      input[type='file'] {
        border: none;
        background: none;
        padding: 0;
        min-height: var(--ws-target);
      }
      input[type='file']::file-selector-button {
        font: inherit;
        font-weight: 600;
        min-height: var(--ws-target);
        padding: 8px 20px;
        margin-inline-end: 12px;
        border-radius: var(--ws-radius-small);
        border: 1px solid var(--ws-accent);
        background: transparent;
        color: var(--ws-accent);
        cursor: pointer;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    file: { state: true },
    isOver: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare file: File | null;
  /** A file is held over the page. */
  declare isOver: boolean;
  readonly #taking = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.file = null;
    this.isOver = false;
    new BackCloses(this, () => this.#back());
  }

  /** Back to the doors; false while a file is taken in. */
  #back(): boolean {
    this.model.moving.hideArriving();
    return this.model.state.phase !== 'moving';
  }

  protected override render(): TemplateResult {
    const { work } = this.model.moving.state;
    return html`
      <wa-button appearance="plain" ?disabled=${this.#taking.busy} @click=${() => this.#back()}>
        <span slot="start">${icon(ArrowLeft)}</span>${msg('Back')}
      </wa-button>
      <section>
        <h1>${msg('Bring a device here')}</h1>
        ${
          work === null
            ? nothing
            : html`${movingProgress(msg('Taking the device in …'), work, () => this.model.moving.stop())}
                <p class="soft">${msg('If this is stopped or the browser closes, nothing has happened and the file can be opened again.')}</p>`
        }
        <div ?hidden=${work !== null}>${this.#form()}</div>
      </section>
    `;
  }

  #form(): TemplateResult {
    return html`
      <p>
        ${msg('You used Waystation at another address, and made a file there with “Move to another address”. Choose that file and type its six words: then that device lives here, with its name, its group and what it brought along.')}
      </p>
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          this.#take(String(new FormData(event.target as HTMLFormElement).get('words') ?? ''));
        }}
      >
        <div
          class=${this.isOver ? 'drop over' : 'drop'}
          @dragover=${(event: DragEvent) => {
            event.preventDefault();
            this.isOver = true;
          }}
          @dragleave=${() => {
            this.isOver = false;
          }}
          @drop=${(event: DragEvent) => this.#drop(event)}
        >
          <label for="file">${msg('The file, which ends in .wsmove')}</label>
          <input
            id="file"
            type="file"
            @change=${(event: Event) => {
              this.file = (event.target as HTMLInputElement).files?.[0] ?? null;
            }}
          />
          <p class="soft" role="status">
            ${this.file === null ? msg('Or drop it here.') : msg(str`${this.file.name}, ${bytesText(this.file.size)}`)}
          </p>
        </div>
        <wa-textarea
          name="words"
          label=${msg('The six words, in their order')}
          required
          maxlength="200"
          rows="2"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
        ></wa-textarea>
        ${this.#taking.trouble()}
        <wa-button type="submit" variant="brand" ?disabled=${this.file === null} ?loading=${this.#taking.busy}
          >${msg('Bring it here')}</wa-button
        >
        ${this.file === null ? html`<p class="soft">${msg('Choose the file first.')}</p>` : nothing}
      </form>
    `;
  }

  #drop(event: DragEvent): void {
    event.preventDefault();
    this.isOver = false;
    this.file = event.dataTransfer?.files[0] ?? this.file;
  }

  #take(words: string): void {
    const { file } = this;
    if (file === null) return;
    void this.#taking.run(() => this.model.moving.unpack(file, words));
  }
}

customElements.define('arriving-view', ArrivingView);
