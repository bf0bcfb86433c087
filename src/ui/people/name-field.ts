/** A name that is edited in place: “Save” appears once it differs. */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { MAX_NAME_LENGTH } from '../welcome/device-name.ts';

export class NameField extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
        align-items: end;
        margin: 0;
      }
      wa-input {
        flex: 1 1 200px;
      }
    `,
  ];
  static override properties = {
    label: {},
    value: {},
    hint: {},
    save: { attribute: false },
    draft: { state: true },
    isSaved: { state: true },
  };

  declare label: string;
  declare value: string;
  declare hint: string;
  declare save: (name: string) => Promise<void>;
  /** What was typed; null while it is as it was. */
  declare draft: string | null;
  declare isSaved: boolean;
  readonly #saving = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.label = '';
    this.value = '';
    this.hint = '';
    this.draft = null;
    this.isSaved = false;
  }

  protected override render(): TemplateResult {
    const name = (this.draft ?? this.value).trim();
    const isChanged = name !== '' && name !== this.value;
    return html`
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          if (!isChanged) return;
          void this.#saving.run(async () => {
            await this.save(name);
            this.value = name;
            this.draft = null;
            this.isSaved = true;
          });
        }}
      >
        <wa-input
          label=${this.label}
          hint=${this.hint}
          maxlength=${MAX_NAME_LENGTH}
          autocomplete="off"
          .value=${this.draft ?? this.value}
          @input=${(event: InputEvent) => {
            this.isSaved = false;
            this.draft = (event.target as HTMLInputElement).value;
          }}
        ></wa-input>
        ${isChanged ? html`<wa-button type="submit" variant="brand" ?loading=${this.#saving.busy}>${msg('Save')}</wa-button>` : nothing}
      </form>
      ${this.#saving.trouble()}
      <span class="soft" role="status">${this.isSaved ? msg('Saved.') : nothing}</span>
    `;
  }
}

customElements.define('name-field', NameField);
