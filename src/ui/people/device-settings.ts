/** This device: its name, its storage in sentences with numbers, how it meets others, the look, and the app's own state. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { CircleCheck, type IconNode, Moon, Sun, SunMoon, Sunrise, TriangleAlert } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import { chooseLook, chosenLook, LOOKS, type Look } from '../app/appearance.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText } from '../parts/words.ts';
import './name-field.ts';
import { networkText, offlineText, updateText } from './policy-words.ts';

const LOOK_ICONS: Readonly<Record<Look, IconNode>> = {
  system: SunMoon,
  light: Sun,
  dark: Moon,
  outdoor: Sunrise,
};

function lookName(look: Look): string {
  switch (look) {
    case 'system':
      return msg('As the system');
    case 'light':
      return msg('Light');
    case 'dark':
      return msg('Dark');
    case 'outdoor':
      return msg('Outdoor');
  }
}

export class DeviceSettings extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      h3 {
        font-size: 1rem;
        margin: 20px 0 4px;
      }
      wa-radio {
        align-items: center;
        min-height: var(--ws-target);
      }
      wa-button {
        margin-block-end: 8px;
      }
      .line {
        display: flex;
        gap: 10px;
      }
    `,
  ];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    look: { state: true },
  };

  declare model: AppModel;
  declare state: AppState;
  declare look: Look;
  readonly #asking = new Attempt(this);
  /** The person has: what the browser answered to the app alone is no answer to them. */
  #hasAsked = false;
  readonly #installing = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
    this.look = chosenLook(globalThis.localStorage);
  }

  protected override render(): TemplateResult {
    const { mayRename, isManager } = this.model.people.view();
    const { deviceName, spaceName, recording } = this.state;
    return html`
      <section>
        <h2>${msg('This device')}</h2>
        <name-field
          .label=${msg('Name of this device')}
          .value=${deviceName}
          .hint=${
            !mayRename
              ? msg('The others do not hear of a new name from this device.')
              : recording === null
                ? ''
                : msg('What is being recorded keeps the old name until recording is started again.')
          }
          .save=${(name: string) => this.model.people.renameDevice(name)}
        ></name-field>
        ${this.#storage()}
        <h3>${msg('Network')}</h3>
        <p>${networkText(this.state)}</p>
      </section>
      <section>
        <h2>${msg('Look')}</h2>
        ${this.#looks()}
      </section>
      <section>
        <h2>${msg('The app')}</h2>
        ${this.#app()}
      </section>
      ${
        isManager
          ? html`<section>
              <h2>${msg('The group')}</h2>
              <name-field
                .label=${msg('Name of the group')}
                .value=${spaceName ?? ''}
                .save=${(name: string) => this.model.people.renameGroup(name)}
              ></name-field>
            </section>`
          : nothing
      }
    `;
  }

  #storage(): TemplateResult {
    const { usedBytes, freeBytes, persistent } = this.state.storage;
    const used = bytesText(usedBytes);
    return html`
      <h3>${msg('Storage')}</h3>
      <p>
        ${
          freeBytes === null
            ? msg(str`Recordings take ${used} here. The browser does not tell how much is free.`)
            : msg(str`Recordings take ${used} here; ${bytesText(freeBytes)} are free.`)
        }
      </p>
      ${
        persistent === true
          ? html`<p class="line">${icon(CircleCheck)} <span>${msg('The browser has promised not to clear them by itself.')}</span></p>`
          : html`<p class="line">
                ${icon(TriangleAlert)}
                <span>${msg('The browser may clear all of them when this device runs full. Keep a second device in the group, or ask the browser to keep them.')}</span>
              </p>
              <wa-button
                appearance="outlined"
                ?loading=${this.#asking.busy}
                @click=${() =>
                  void this.#asking.run(async () => {
                    await this.model.device.askToKeep();
                    this.#hasAsked = true;
                  })}
                >${msg('Ask the browser to keep them')}</wa-button
              >
              ${
                persistent === false && this.#hasAsked
                  ? html`<p class="soft" role="status">
                      ${msg('The browser said no. It decides by itself: it says yes more often to an app that is installed and used often.')}
                    </p>`
                  : nothing
              }
              ${this.#asking.trouble()}`
      }
    `;
  }

  #looks(): TemplateResult {
    return html`
      <wa-radio-group
        label=${msg('How the app looks on this device')}
        .value=${this.look}
        @change=${(event: Event) => {
          this.look = (event.target as HTMLInputElement).value as Look;
          chooseLook(document.documentElement, globalThis.localStorage, this.look);
        }}
      >
        ${LOOKS.map((look) => html`<wa-radio value=${look}>${icon(LOOK_ICONS[look])} ${lookName(look)}</wa-radio>`)}
      </wa-radio-group>
      <p class="soft">${msg('Outdoor is black on white with heavier lines, for sunlight.')}</p>
    `;
  }

  #app(): TemplateResult {
    const { version, install } = this.model.device;
    const isRecording = this.state.recordingPhase !== 'idle';
    return html`
      <p>${offlineText(version)}</p>
      <p>${updateText(version, isRecording)}</p>
      ${
        version?.update === 'waiting'
          ? html`<wa-button variant="brand" ?disabled=${isRecording} @click=${() => this.model.device.applyUpdate()}
              >${msg('Change to the new version')}</wa-button
            >`
          : nothing
      }
      ${
        install?.isInstalled
          ? html`<p>${msg('It is installed on this device.')}</p>`
          : install?.canInstall
            ? html`<p>${msg('Installed, it opens like any other app, and the browser keeps its recordings more surely.')}</p>
                <wa-button
                  variant="brand"
                  appearance="outlined"
                  @click=${() => void this.#installing.run(() => this.model.device.installApp())}
                  >${msg('Install the app')}</wa-button
                >`
            : nothing
      }
      ${this.#installing.trouble()}
      ${version?.build == null ? nothing : html`<p class="soft">${msg(str`Version ${version.build}`)}</p>`}
    `;
  }
}

customElements.define('device-settings', DeviceSettings);
