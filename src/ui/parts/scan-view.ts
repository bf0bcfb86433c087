/**
 * Scanning a code: with the camera, or from a picture or the clipboard when that cannot be. What was found is handed to `accept`,
 * which takes it or says why not; nothing is ever opened.
 */
import { msg, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { ClipboardPaste, Flashlight, FlashlightOff, Image, X } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import {
  CameraError,
  type CameraTrouble,
  openScanCamera,
  readPicture,
  type ScanCamera,
} from '../platform/scan-camera.browser.ts';
import { icon } from './icon.ts';
import { SHARED_STYLES } from './shared-styles.ts';

/** Takes a text and returns null, or says in a sentence why it is no use. */
export type Accept = (text: string) => string | null;

type Phase = 'starting' | 'looking' | 'picture' | CameraTrouble | 'ended';

export class ScanView extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      .camera {
        position: relative;
        background: #000;
        border-radius: var(--ws-radius);
        overflow: hidden;
        aspect-ratio: 4 / 3;
        max-height: 60dvh;
        margin-block-end: 12px;
      }
      video {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .aim {
        position: absolute;
        inset: 8% auto auto 50%;
        height: 84%;
        aspect-ratio: 1;
        translate: -50% 0;
        border: 4px solid #fff;
        border-radius: 16px;
        box-shadow: 0 0 0 100vmax rgb(0 0 0 / 35%);
        pointer-events: none;
      }
      .ways {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      .ways wa-button {
        flex: 1 1 200px;
      }
      input[type='file'] {
        display: none;
      }
    `,
  ];
  static override properties = {
    accept: { attribute: false },
    phase: { state: true },
    trouble: { state: true },
    torch: { state: true },
  };

  declare accept: Accept;
  declare phase: Phase;
  /** What the last code was that is no use. */
  declare trouble: string | null;
  declare torch: boolean;
  #camera: ScanCamera | undefined;
  #last = '';

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.phase = 'starting';
    this.trouble = null;
    this.torch = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override firstUpdated(): void {
    void this.#start();
  }

  async #start(): Promise<void> {
    const video = this.renderRoot.querySelector('video');
    if (video === null) return;
    this.phase = 'starting';
    try {
      const camera = await openScanCamera(video, {
        onText: (text) => this.#found(text),
        onEnd: () => {
          this.phase = 'ended';
        },
      });
      if (!this.isConnected) return camera.stop();
      this.#camera = camera;
      this.phase = 'looking';
    } catch (error) {
      this.phase = error instanceof CameraError ? error.trouble : 'ended';
    }
  }

  #stop(): void {
    this.#camera?.stop();
    this.#camera = undefined;
  }

  #found(text: string): void {
    // The same code stays before the camera for many frames: it is judged once.
    if (text === this.#last) return;
    this.#last = text;
    this.trouble = this.accept(text);
    if (this.trouble !== null) return;
    this.#stop();
  }

  async #pick(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = '';
    if (file === undefined) return;
    const text = await readPicture(file);
    this.#last = '';
    if (text === null) {
      this.trouble = msg(
        'No code was found in this picture. Take it from closer, straight from the front, and sharp.',
      );
    } else this.#found(text);
  }

  async #paste(): Promise<void> {
    try {
      const text = await navigator.clipboard.readText();
      this.#last = '';
      this.#found(text);
    } catch {
      this.trouble = msg(
        'The browser does not let the page read what was copied: go back and paste the link into the field.',
      );
    }
  }

  protected override render(): TemplateResult {
    const isOn = this.phase === 'looking' || this.phase === 'starting';
    return html`
      <div class="camera" ?hidden=${!isOn}>
        <video playsinline muted aria-label=${msg('What the camera sees')}></video>
        <div class="aim"></div>
      </div>
      <p role="status" class=${isOn ? 'soft' : 'warn'}>${statusText(this.phase)}</p>
      ${this.trouble === null ? nothing : html`<p class="bad" role="alert">${this.trouble}</p>`}
      <div class="ways">
        ${
          this.#camera?.hasTorch
            ? html`<wa-button appearance="outlined" @click=${() => void this.#light()}>
                <span slot="start">${icon(this.torch ? FlashlightOff : Flashlight)}</span>
                ${this.torch ? msg('Light off') : msg('Light on')}
              </wa-button>`
            : nothing
        }
        ${
          isOn
            ? nothing
            : html`<wa-button appearance="outlined" @click=${() => void this.#start()}>${msg('Try the camera again')}</wa-button>`
        }
        <wa-button appearance="outlined" @click=${() => this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click()}>
          <span slot="start">${icon(Image)}</span>${msg('Choose a picture with the code')}
        </wa-button>
        <wa-button appearance="outlined" @click=${() => void this.#paste()}>
          <span slot="start">${icon(ClipboardPaste)}</span>${msg('Paste what I copied')}
        </wa-button>
        <wa-button appearance="outlined" @click=${() => this.dispatchEvent(new Event('cancel'))}>
          <span slot="start">${icon(X)}</span>${isOn ? msg('Stop scanning') : msg('Back')}
        </wa-button>
      </div>
      <input type="file" accept="image/*" tabindex="-1" aria-hidden="true" @change=${(event: Event) => void this.#pick(event)} />
    `;
  }

  async #light(): Promise<void> {
    try {
      this.torch = (await this.#camera?.setTorch(!this.torch)) ?? false;
    } catch {
      this.torch = false;
    }
  }
}

function statusText(phase: Phase): string {
  switch (phase) {
    case 'starting':
      return msg('Starting the camera. The browser may ask for it; its picture stays on this device.');
    case 'looking':
    case 'picture':
      return msg('Hold the code inside the square.');
    case 'denied':
      return msg(
        'The camera was not permitted. Permit it in the browser’s settings for this page, or choose a picture of the code or paste the link.',
      );
    case 'none':
      return msg(
        'This device has no camera that the browser can use. Choose a picture of the code, or paste the link.',
      );
    case 'busy':
      return msg('Another app is using the camera. Close that app and try again.');
    case 'insecure':
      return msg(
        'Browsers give the camera to secure pages (https) alone. Use this device’s own camera app: it opens the link by itself. Or paste the link.',
      );
    case 'ended':
      return msg('The camera has stopped.');
  }
}

customElements.define('scan-view', ScanView);
