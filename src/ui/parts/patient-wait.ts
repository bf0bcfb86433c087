/**
 * Stands where something is being opened or fetched, with a word of what it is (its content). Whoever waits longer than usual is told, and
 * can start the page anew: a fetch that hangs, or a browser's storage that does not answer, never ends by itself.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { SHARED_STYLES } from './shared-styles.ts';

/** Large stores on slow phones are open within some seconds, and so is what comes over a slow network. */
const USUAL_MS = 10_000;

export class PatientWait extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      .waits {
        padding: 24px 8px;
        margin: 0;
      }
    `,
  ];
  static override properties = { isRecording: { attribute: false }, isLate: { state: true } };

  /** Something is recorded meanwhile: the page is not started anew by a tap. */
  declare isRecording: boolean;
  declare isLate: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.isRecording = false;
    this.isLate = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setTimeout(() => {
      this.isLate = true;
    }, USUAL_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.isLate = false;
  }

  protected override render(): TemplateResult {
    return html`
      <p class="soft waits" role="status"><slot></slot></p>
      ${this.isLate ? this.#late() : nothing}
    `;
  }

  #late(): TemplateResult {
    if (this.isRecording) {
      return html`<section role="status">
        <p>${msg('This takes longer than usual. Recording goes on meanwhile.')}</p>
      </section>`;
    }
    return html`<section role="status">
      <p>${msg('This takes longer than usual. Go on waiting, or try again: nothing is lost by that.')}</p>
      <button class="main" @click=${() => location.reload()}>${msg('Try again')}</button>
    </section>`;
  }
}

customElements.define('patient-wait', PatientWait);
