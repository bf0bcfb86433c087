/** Copying to a folder or disk that the person chose: how far it is, what is in it and what is not, stop, and check. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { FolderOutput } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { ArchiveView } from '../model/collecting-view.ts';
import { Attempt } from '../parts/attempt.ts';
import { icon } from '../parts/icon.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sentence } from '../parts/words.ts';
import { ofText } from './leave-words.ts';
import { leftText, listText } from './time-words.ts';

export class ArchivePanel extends LitElement {
  static override styles = [
    SHARED_STYLES,
    css`
      :host {
        margin-block-start: 24px;
      }
      h3 {
        font-size: 1rem;
        margin: 0 0 8px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 12px;
      }
      wa-progress-bar {
        margin-block-end: 12px;
      }
    `,
  ];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #doing = new Attempt(this);

  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  protected override render(): TemplateResult | typeof nothing {
    const archive = this.state.collecting?.archive;
    if (archive === undefined) return nothing;
    return html`
      <h3>${msg('Copy to a folder or disk')}</h3>
      ${archive.isPossible ? this.#possible(archive) : html`<p class="soft">${msg('This browser cannot write to folders. Chromium on a computer or on Android can.')}</p>`}
    `;
  }

  #possible(archive: ArchiveView): TemplateResult {
    const { freeBytes } = this.state.storage;
    const missing = this.state.collecting?.bytes.missing ?? 0;
    const isTight = freeBytes !== null && missing > freeBytes;
    return html`
      ${isTight ? html`<p class="warn">${msg('More is missing than this browser has room for: free space on this device. What is here can be copied to a disk.')}</p>` : nothing}
      <p>
        ${archive.folder === null ? msg('Every hour that is on this device is written as a file of its own, by station and month, and stays there when this browser is cleared.') : msg(str`Folder: ${archive.folder}`)}
        ${msg('The files are not locked: whoever has the folder can read them.')}
      </p>
      ${this.#progress(archive)}
      ${archive.error === null ? nothing : html`<p class="bad" role="alert">${sentence(archive.error)}</p>`}
      ${this.#doing.trouble()}
      <div class="buttons">${this.#buttons(archive)}</div>
    `;
  }

  #progress({ phase, files, totalFiles, bytes, totalBytes, leftMs, checked }: ArchiveView): TemplateResult {
    const left = leftMs === null || leftMs <= 0 ? '' : `, ${leftText(leftMs)}`;
    const elsewhere = this.state.collecting?.things.missing ?? 0;
    return html`
      ${
        files === null
          ? nothing
          : html`<p role=${phase === 'running' ? nothing : 'status'}>
              ${msg(str`${files} of ${totalFiles} hours and pictures of this device are in the folder (${ofText(bytes, totalBytes)})${phase === 'running' ? left : ''}.`)}
              ${elsewhere > 0 ? msg(str`${elsewhere} that are known are not on this device, and so not in the folder either.`) : nothing}
            </p>`
      }
      ${
        phase === 'running' && totalBytes > 0
          ? html`<wa-progress-bar label=${msg('Copied')} value=${Math.floor((100 * bytes) / totalBytes)}></wa-progress-bar>`
          : nothing
      }
      ${checked === null ? nothing : html`<p role=${phase === 'checking' ? nothing : 'status'} class=${checked.damaged.length > 0 ? 'bad' : ''}>${checkedText(checked, phase === 'checking')}</p>`}
    `;
  }

  #buttons({ phase, folder, files, totalFiles }: ArchiveView): TemplateResult {
    const { collecting } = this.model;
    if (phase === 'running' || phase === 'checking')
      return html`<wa-button appearance="outlined" @click=${() => collecting.stopArchive()}>${msg('Stop')}</wa-button>`;
    const button = (label: string, action: () => Promise<void>, isMain = false) => html`<wa-button
      variant=${isMain ? 'brand' : 'neutral'}
      appearance=${isMain ? 'accent' : 'outlined'}
      ?disabled=${this.#doing.busy}
      @click=${() => this.#doing.run(action)}
      >${isMain ? icon(FolderOutput) : nothing} ${label}</wa-button
    >`;
    if (folder === null) return button(msg('Choose a folder'), () => collecting.chooseFolder(), true);
    const isDone = files !== null && files === totalFiles;
    return html`
      ${button(isDone ? msg('Copy what is new') : msg('Copy now'), () => collecting.startArchive(), true)}
      ${button(msg('Check the copies'), () => collecting.checkArchive())}
      ${button(msg('Another folder'), () => collecting.chooseFolder())}
    `;
  }
}

function checkedText(
  { files, damaged }: { files: number; damaged: readonly string[] },
  isRunning: boolean,
): string {
  if (isRunning) return msg(str`${files} files read back …`);
  if (damaged.length === 0)
    return msg(str`All ${files} files were read back, and each is as it was written.`);
  return msg(
    str`${damaged.length} of ${files} files are gone or were changed: ${listText(damaged)}. “Copy now” writes them again.`,
  );
}

customElements.define('archive-panel', ArchivePanel);
