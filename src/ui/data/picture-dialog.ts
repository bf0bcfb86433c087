/** One picture large, with when and where, the ones before and after it, and saving it. */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import { msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../../core/errors.ts';
import { fileName } from '../../store/archive-folder.ts';
import type { DataModel } from '../model/data-port.ts';
import { saveBlob } from '../model/save-files.browser.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sentence } from '../parts/words.ts';
import type { StationPicture } from './picture-strip.ts';
import { momentText, zoneAt } from './time-words.ts';

export class PictureDialog extends LitElement {
  static override properties = { data: { attribute: false } };
  static override styles = [
    SHARED_STYLES,
    css`
      wa-dialog {
        --width: min(960px, 96vw);
      }
      img {
        display: block;
        max-width: 100%;
        max-height: 62vh;
        margin: 0 auto 12px;
      }
      .empty {
        min-height: 200px;
      }
    `,
  ];

  declare data: DataModel;
  #all: readonly StationPicture[] = [];
  #one: StationPicture | null = null;
  #url: string | null = null;
  #blob: Blob | null = null;
  #error: string | null = null;

  constructor() {
    super();
    new BackCloses(this, () => this.#close(), { isOpen: () => this.#one !== null });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget();
  }

  /** Shows one of `all`. */
  show(one: StationPicture, all: readonly StationPicture[]): void {
    this.#all = all;
    this.#one = one;
    this.#forget();
    this.requestUpdate();
    void this.#load(one);
  }

  #forget(): void {
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = null;
    this.#blob = null;
    this.#error = null;
  }

  async #load(one: StationPicture): Promise<void> {
    try {
      const blob = await this.data.picture(one.picture);
      if (this.#one !== one) return;
      this.#blob = blob;
      this.#url = URL.createObjectURL(blob);
    } catch (error) {
      if (this.#one !== one) return;
      this.#error = this.data.isHeld(one.picture)
        ? sentence(errorMessage(error))
        : this.data.isInFolder(one.picture)
          ? msg('This picture is in the folder that it was copied to, and not on this device any more.')
          : msg(
              'This picture exists and is not on this device yet. It comes when a device that has it is connected.',
            );
    }
    this.requestUpdate();
  }

  #step(by: number): void {
    const at = this.#all.findIndex((one) => one === this.#one || one.picture === this.#one?.picture);
    const next = this.#all[at + by];
    if (at >= 0 && next !== undefined) this.show(next, this.#all);
  }

  protected override render(): TemplateResult | typeof nothing {
    const one = this.#one;
    if (one === null) return nothing;
    const { station, picture } = one;
    const at = this.#all.findIndex((other) => other.picture === picture);
    const when = `${momentText(picture.body.atMs, 60_000)} ${zoneAt(picture.body.atMs)}`;
    return html`
      <wa-dialog open label=${station.name} light-dismiss @wa-after-hide=${this.#closed} @keydown=${this.#onKey}>
        ${
          this.#url === null
            ? html`<p class="empty" role="status">${this.#error ?? msg('Opening …')}</p>`
            : html`<img src=${this.#url} alt=${msg(str`Picture of ${station.name}, ${when}`)} @error=${this.#broken} />`
        }
        <p>
          ${when} · ${msg(str`${at + 1} of ${this.#all.length}`)}
          ${picture.body.replay ? html`<span class="label warn">${msg('replay of a recording')}</span>` : nothing}
        </p>
        <div class="row">
          <wa-button appearance="outlined" ?disabled=${at <= 0} @click=${() => this.#step(-1)}>${msg('Previous')}</wa-button>
          <wa-button appearance="outlined" ?disabled=${at >= this.#all.length - 1} @click=${() => this.#step(1)}>${msg('Next')}</wa-button>
          <wa-button variant="brand" ?disabled=${this.#blob === null} @click=${this.#save}>${msg('Save picture')}</wa-button>
        </div>
      </wa-dialog>
    `;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowLeft') this.#step(-1);
    if (event.key === 'ArrowRight') this.#step(1);
  };

  readonly #broken = (): void => {
    this.#forget();
    this.#error = msg('This picture is damaged and cannot be shown.');
    this.requestUpdate();
  };

  #close(): void {
    const dialog = this.renderRoot.querySelector('wa-dialog');
    if (dialog !== null) dialog.open = false;
  }

  readonly #closed = (event: Event): void => {
    if (event.target !== event.currentTarget) return;
    this.#one = null;
    this.#forget();
    this.requestUpdate();
  };

  readonly #save = (): void => {
    const one = this.#one;
    if (one === null || this.#blob === null) return;
    const time = new Date(one.picture.body.atMs).toISOString().replace(/[:.]/g, '');
    const ending = this.#blob.type.split('/')[1]?.replace('jpeg', 'jpg') ?? 'bin';
    saveBlob(`${fileName(one.station.name, ` ${time}`)}.${ending}`, this.#blob);
  };
}
customElements.define('picture-dialog', PictureDialog);
