/** Copying to a folder or disk that the person chose: how far it is, what is in it and what is not, stop, and check. */
import { msg, str, updateWhenLocaleChanges } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { FolderOutput } from 'lucide';
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import '@awesome.me/webawesome/dist/components/switch/switch.js';
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
      wa-switch {
        margin-block-end: 12px;
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
      ${isTight ? html`<p class="warn">${msg('More is missing than this browser has room for: free space on this device. What is copied to a disk can be let go of here.')}</p>` : nothing}
      <p>
        ${archive.folder === null ? msg('Every hour that is on this device is written as a file of its own, by station and month, and stays there when this browser is cleared.') : msg(str`Folder: ${archive.folder}`)}
        ${msg('The files are not locked: whoever has the folder can read them.')}
      </p>
      ${this.#progress(archive)}
      ${this.#freeing(archive)} ${this.#otherFolders(archive)}
      ${archive.error === null ? nothing : html`<p class="bad" role="alert">${sentence(archive.error)}</p>`}
      ${this.#doing.trouble()}
      <div class="buttons">${this.#buttons(archive)}</div>
    `;
  }

  #progress({
    phase,
    files,
    totalFiles,
    bytes,
    totalBytes,
    onlyThere,
    leftMs,
    checked,
  }: ArchiveView): TemplateResult {
    const left = leftMs === null || leftMs <= 0 ? '' : `, ${leftText(leftMs)}`;
    const elsewhere = this.state.collecting?.things.missing ?? 0;
    return html`
      ${
        files === null
          ? nothing
          : html`<p role=${phase === 'running' ? nothing : 'status'}>
              ${msg(str`${files} of ${totalFiles} hours and pictures of this device are in the folder (${ofText(bytes, totalBytes)})${phase === 'running' ? left : ''}.`)}
              ${onlyThere > 0 ? onlyThereText(onlyThere) : nothing}
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

  /** Whether copies here are let go of, and which are not. */
  #freeing({ folder, frees, onlyHere }: ArchiveView): TemplateResult | typeof nothing {
    if (folder === null) return nothing;
    const { collecting } = this.model;
    return html`
      <p>
        <wa-switch
          ?checked=${frees}
          ?disabled=${this.#doing.busy}
          @change=${(event: Event) => this.#doing.run(() => collecting.setArchiveFrees((event.target as HTMLInputElement).checked))}
          >${msg('Free room here as hours are copied')}</wa-switch
        >
        <br />
        <span class="soft">${frees ? msg('An hour that has been in the folder for a minute and was read back there is not kept here as well, and what comes is copied by itself. It counts as complete; to look at it, open its file.') : msg('Otherwise that happens only when room is short here, with the oldest hours first.')}
        ${msg('What this device recorded stays here until a connected device has it, too.')}</span>
      </p>
      ${onlyHere > 0 ? html`<p role="status">${onlyHereText(onlyHere)}</p>` : nothing}
    `;
  }

  /** A folder may be lost: then what is only there comes from other devices again, if a person says so. */
  #otherFolders({ phase, inOtherFolders }: ArchiveView): TemplateResult | typeof nothing {
    if (inOtherFolders === 0 || phase === 'running' || phase === 'checking') return nothing;
    return html`
      <p>${inOtherFoldersText(inOtherFolders)}</p>
      <div class="buttons">
        <wa-button
          appearance="outlined"
          ?disabled=${this.#doing.busy}
          @click=${() => this.#doing.run(() => this.model.collecting.fetchFromOtherFolders())}
          >${msg('Fetch them again')}</wa-button
        >
      </div>
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

function onlyThereText(count: number): string {
  return count === 1
    ? msg('1 of them is in the folder only, and not on this device any more.')
    : msg(str`${count} of them are in the folder only, and not on this device any more.`);
}

function inOtherFoldersText(count: number): string {
  return count === 1
    ? msg(
        '1 hour or picture is only in a folder that was chosen before. If that is lost, it can be fetched again from a device that has it.',
      )
    : msg(
        str`${count} hours and pictures are only in a folder that was chosen before. If that is lost, they can be fetched again from devices that have them.`,
      );
}

function onlyHereText(count: number): string {
  return count === 1
    ? msg('1 hour or picture that this device recorded stays here: no connected device has it yet.')
    : msg(
        str`${count} hours and pictures that this device recorded stay here: no connected device has them yet.`,
      );
}

function checkedText(
  { files, damaged }: { files: number; damaged: readonly string[] },
  isRunning: boolean,
): string {
  if (isRunning) return msg(str`${files} files read back …`);
  if (damaged.length === 0)
    return msg(str`All ${files} files were read back, and each is as it was written.`);
  return msg(
    str`${damaged.length} of ${files} files are gone or were changed: ${listText(damaged)}. “Copy now” writes them again, and those that are not on this device any more are fetched again from other devices.`,
  );
}

customElements.define('archive-panel', ArchivePanel);
