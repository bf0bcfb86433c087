/** Something a person asked a view for: whether it is under way, so that it is asked for once, and what went wrong with the last. */
import { html, nothing, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { errorMessage } from '../../core/errors.ts';
import { sentence } from './words.ts';

export class Attempt {
  readonly #host: ReactiveControllerHost;
  #error: string | null = null;
  #busy = false;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
  }

  /** It is under way: its button is to be disabled. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Does what was asked for; while it does, asking again does nothing. */
  async run(action: () => Promise<unknown>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#error = null;
    this.#host.requestUpdate();
    try {
      await action();
    } catch (error) {
      this.#error = sentence(errorMessage(error));
    } finally {
      this.#busy = false;
      this.#host.requestUpdate();
    }
  }

  /** What went wrong, to stand beside the button. */
  trouble(): TemplateResult | typeof nothing {
    return this.#error === null ? nothing : html`<p class="bad" role="alert">${this.#error}</p>`;
  }
}
