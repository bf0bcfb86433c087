/**
 * The recovery words of a group that was made here: first shown, then three of them asked for. They are in memory alone; “Later”
 * leaves them there, and a card in every place brings one back (recovery-card.ts).
 */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { CircleX, Download, Printer } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { holdUnload } from './recovery-card.ts';
import { askedPlaces, wrongPlaces } from './recovery-check.ts';

export class RecoveryView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        max-width: 720px;
        margin: 0 auto;
      }
      h1 {
        font-size: var(--ws-size-title);
      }
      h1:focus-visible {
        outline: none;
      }
      .wrong::part(base) {
        border: 2px solid var(--ws-bad);
      }
      ol {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(136px, 1fr));
        gap: 8px;
        list-style: none;
        padding: 0;
        margin: 0 0 16px;
        counter-reset: place;
      }
      li {
        counter-increment: place;
        display: flex;
        align-items: baseline;
        gap: 8px;
        padding: 10px 12px;
        border: var(--ws-border) solid var(--ws-line);
        border-radius: var(--ws-radius-small);
        background: var(--ws-ground);
        font-size: 1.125rem;
        font-weight: 700;
      }
      li::before {
        content: counter(place);
        min-width: 1.4em;
        text-align: end;
        font-weight: 400;
        font-size: 0.875rem;
        color: var(--ws-ink-soft);
      }
      .asked {
        display: grid;
        gap: 16px;
        margin-block-end: 16px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
        margin-block-end: 12px;
      }
      .note {
        border-inline-start: 6px solid var(--ws-warn);
        padding-inline-start: 12px;
      }
      @media print {
        .buttons,
        .note {
          display: none;
        }
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    asked: { state: true },
    wrong: { state: true },
    isSaved: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  /** Places that are asked for; null while the words are shown. */
  declare asked: readonly number[] | null;
  /** Places at which the last answer was wrong. */
  declare wrong: readonly number[];
  declare isSaved: boolean;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.asked = null;
    this.wrong = [];
    this.isSaved = false;
  }

  readonly #leaving = (event: BeforeUnloadEvent): void => holdUnload(event, this.state);

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('beforeunload', this.#leaving);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('beforeunload', this.#leaving);
  }

  protected override updated(changed: PropertyValues): void {
    // Something else is on the page: a screen reader starts at its heading.
    if (changed.has('asked')) this.renderRoot.querySelector<HTMLElement>('h1')?.focus();
  }

  get #words(): readonly string[] {
    return (this.state.recoveryWords ?? '').split(' ');
  }

  protected override render(): TemplateResult {
    return this.asked === null ? this.#shown() : this.#check(this.asked);
  }

  #shown(): TemplateResult {
    const words = this.#words;
    return html`
      <section>
        <h1 tabindex="-1">${msg('Write down your recovery words')}</h1>
        <p>
          ${msg(str`Write these ${words.length} words on paper, in this order, and keep them where nobody else reads them. Whoever has them can act for your group. They are shown now and stored nowhere.`)}
        </p>
        <ol aria-label=${msg('Recovery words, in order')}>
          ${words.map((word) => html`<li>${word}</li>`)}
        </ol>
        <div class="buttons">
          <wa-button variant="brand" @click=${() => this.#ask()}>${msg('I have written them down')}</wa-button>
          <wa-button appearance="outlined" @click=${() => this.model.recovery.putOff()}>${msg('Later')}</wa-button>
        </div>
        <p class="soft">${msg('“Later” keeps them as long as this page stays open. If it is closed or reloaded before, they are gone.')}</p>
        <p class="note">
          ${msg('They cannot be used yet: this version of Waystation has nowhere to enter them. They are for a later version, for the day when every device that manages the group is lost. Until then, let a second device manage it too.')}
        </p>
        <div class="buttons">
          <wa-button appearance="outlined" @click=${() => print()}>
            <span slot="start">${icon(Printer)}</span>${msg('Print')}
          </wa-button>
          <wa-button appearance="outlined" @click=${() => this.#save()}>
            <span slot="start">${icon(Download)}</span>${msg('Save as a text file')}
          </wa-button>
        </div>
        <p class=${this.isSaved ? 'warn' : 'soft'} role="status">
          ${
            this.isSaved
              ? msg(
                  'Saved to your downloads. Whoever reads that file can act for your group: move it to a safe place and delete it from this device.',
                )
              : msg('A file can be read by other apps and may be copied to a cloud. Paper cannot.')
          }
        </p>
      </section>
    `;
  }

  #check(asked: readonly number[]): TemplateResult {
    const places = asked.map((place) => place + 1).join(', ');
    return html`
      <section>
        <h1 tabindex="-1">${msg('Check what you wrote down')}</h1>
        <p>${msg(str`Look at your paper and type the words number ${places}, in this order.`)}</p>
        <form @submit=${(event: SubmitEvent) => this.#answer(event, asked)}>
          <div class="asked">
            ${asked.map(
              (place) => html`<wa-input
                name="word-${place}"
                label=${msg(str`Word ${place + 1}`)}
                autocomplete="off"
                autocapitalize="none"
                .autocorrect=${false}
                .spellcheck=${false}
                class=${this.wrong.includes(place) ? 'wrong' : ''}
                >${this.wrong.includes(place) ? html`<span slot="hint" class="bad">${icon(CircleX)} ${msg('This is not the word at that place.')}</span>` : nothing}</wa-input
              >`,
            )}
          </div>
          ${
            this.wrong.length === 0
              ? nothing
              : html`<p class="bad" role="alert">
                  ${msg(str`Look again at word ${this.wrong.map((place) => place + 1).join(', ')}, or show the words again and mend your paper.`)}
                </p>`
          }
          <div class="buttons">
            <wa-button type="submit" variant="brand">${msg('Check')}</wa-button>
            <wa-button appearance="outlined" @click=${() => this.#showAgain()}>${msg('Show the words again')}</wa-button>
            <wa-button appearance="plain" @click=${() => this.model.recovery.putOff()}>${msg('Later')}</wa-button>
          </div>
        </form>
      </section>
    `;
  }

  #ask(): void {
    this.wrong = [];
    this.asked = askedPlaces(this.#words.length, Math.random);
  }

  #showAgain(): void {
    this.wrong = [];
    this.asked = null;
  }

  #answer(event: SubmitEvent, asked: readonly number[]): void {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const typed = asked.map((place) => String(fields.get(`word-${place}`) ?? ''));
    this.wrong = wrongPlaces(this.#words, asked, typed);
    if (this.wrong.length === 0) void this.model.recovery.confirm();
    else this.renderRoot.querySelector<HTMLElement>(`[name="word-${this.wrong[0]}"]`)?.focus();
  }

  #save(): void {
    const lines = this.#words.map((word, i) => `${String(i + 1).padStart(2)}. ${word}`);
    const title = msg(
      str`Recovery words of “${this.state.spaceName ?? ''}”. Whoever reads them can act for the group.`,
    );
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${title}\n\n${lines.join('\n')}\n`], { type: 'text/plain' }));
    link.download = 'waystation-recovery-words.txt';
    link.click();
    // The download has begun by then; the words do not stay in an address.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.isSaved = true;
  }
}

customElements.define('recovery-view', RecoveryView);
