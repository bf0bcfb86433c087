/** This device: whether it is let in, and what it records. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AppModel, AppState, RecordingView, SensorFailure, StreamView } from '../model/app-model.ts';
import { Attempt } from '../parts/attempt.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import {
  clockText,
  countText,
  durationText,
  nextPartMs,
  readingText,
  sentence,
  unitText,
  zoneName,
} from '../parts/words.ts';

export class RecordPlace extends LitElement {
  static override styles = [SHARED_STYLES];
  static override properties = { model: { attribute: false }, state: { attribute: false } };

  declare model: AppModel;
  declare state: AppState;
  readonly #recordAttempt = new Attempt(this);
  readonly #linkAttempt = new Attempt(this);
  #camera = false;

  protected override render(): TemplateResult {
    const { deviceName, recording, role, admitted, refusal } = this.state;
    const records = role !== 'reader' && role !== 'mirror';
    return html`
      <section>
        <h1>${deviceName}${recording === null ? nothing : ' is recording'}</h1>
        ${admitted && refusal === null ? nothing : this.#admission()} ${this.#otherGroup()}
        ${
          !records
            ? html`<p class="soft">This device collects data; it does not record.</p>`
            : recording === null
              ? this.#idle()
              : this.#recording(recording)
        }
        ${this.#recordAttempt.trouble()}
      </section>
    `;
  }

  #admission(): TemplateResult {
    const { admitted, refusal, pendingLink } = this.state;
    const said =
      refusal !== null
        ? html`<p class="bad" role="alert">${refusalText(refusal, admitted)}</p>`
        : html`<p class="warn">
            Waiting to meet a device of the group that lets this one in. Keep the page open; nothing else is needed.
          </p>`;
    if (admitted) return said;
    return html`
      ${said}
      <details ?open=${refusal !== null || pendingLink !== null}>
        <summary>Use another link</summary>
        ${this.#linkForm()}
      </details>
    `;
  }

  #linkForm(): TemplateResult {
    return html`
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          const link = String(new FormData(event.target as HTMLFormElement).get('link') ?? '');
          void this.#linkAttempt.run(() => this.model.joinAgain(link));
        }}
      >
        <p>
          <label for="another-link">New link to this group</label>
          <textarea id="another-link" name="link" required .value=${this.state.pendingLink ?? ''}></textarea>
        </p>
        ${this.#linkAttempt.trouble()}
        <button ?disabled=${this.#linkAttempt.busy}>Use this link</button>
      </form>
    `;
  }

  #otherGroup(): TemplateResult | typeof nothing {
    if (!this.state.isOtherGroupsLink) return nothing;
    return html`
      <div class="row" role="alert">
        <p class="warn">
          The link you opened is for another group, and this browser is already in
          ${this.state.spaceName === null ? 'one' : html`“${this.state.spaceName}”`}: a browser can be in one group. Open the link
          on another device, or here in another browser or browser profile.
        </p>
        <button @click=${() => this.model.dismissLink()}>Stay in this group</button>
      </div>
    `;
  }

  #idle(): TemplateResult {
    const { recordingPhase, sensorFailure } = this.state;
    const busy = recordingPhase !== 'idle';
    return html`
      ${
        sensorFailure === null
          ? html`<p class="soft">Not recording. Readings are kept on this device and shared with the group.</p>`
          : silence(sensorFailure)
      }
      <form
        @submit=${(event: SubmitEvent) => {
          event.preventDefault();
          this.#camera = new FormData(event.target as HTMLFormElement).has('camera');
          void this.#recordAttempt.run(() => this.model.record({ sensors: true, camera: this.#camera }));
        }}
      >
        <p>
          <label class="check">
            <input type="checkbox" name="camera" .checked=${this.#camera} ?disabled=${busy} />
            A picture every few seconds, too
          </label>
        </p>
        <div class="row">
          <button class="main" ?disabled=${busy}>
            ${busy ? 'Starting …' : sensorFailure === null ? 'Record' : 'Try again'}
          </button>
          ${
            sensorFailure === null
              ? nothing
              : html`<button type="button" ?disabled=${busy} @click=${() => this.#recordAttempt.run(() => this.model.stop())}>
                  Do not record
                </button>`
          }
        </div>
      </form>
    `;
  }

  #recording(recording: RecordingView): TemplateResult {
    const { sealedHours, sinceMs, hourMs, pictures, waitingHours, streams } = recording;
    const { recordingPhase } = this.state;
    const nowMs = Date.now();
    return html`
      <p>
        For ${durationText(nowMs - sinceMs)} · ${countText(sealedHours, 'part')} finished and
        safe${pictures > 0 ? ` · ${countText(pictures, 'picture')}` : nothing}
      </p>
      <p class="soft">
        The next part is finished at ${clockText(nextPartMs(nowMs, hourMs))} (${zoneName()}), or when you stop. Then it is shared and
        can be saved as CSV.
      </p>
      ${
        waitingHours === 0
          ? nothing
          : html`<p class="warn">
              ${countText(waitingHours, 'finished part waits', 'finished parts wait')} on this device until it can be stored: it
              must have been let in by another device of the group, and have space left.
            </p>`
      }
      ${
        streams.length === 0
          ? html`<p class="soft">Waiting for the first reading …</p>`
          : html`<div class="table">
              <table>
                <thead>
                  <tr><th>Sensor</th><th>Now</th></tr>
                </thead>
                <tbody>
                  ${streams.map(streamRow)}
                </tbody>
              </table>
            </div>`
      }
      <button ?disabled=${recordingPhase !== 'running'} @click=${() => this.#recordAttempt.run(() => this.model.stop())}>
        ${recordingPhase === 'stopping' ? 'Finishing the part …' : 'Stop recording'}
      </button>
    `;
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  expired: 'The invite has expired. Ask for a new link and paste it here.',
  surplus: 'The invite was used more often than it allows. Ask for a new link and paste it here.',
  revoked:
    'This device was removed from the group, or the invite was withdrawn. Ask for a new link and paste it here; what is recorded stays on this device.',
};

/** Why others refuse this device, and what to do. */
function refusalText(refusal: string, admitted: boolean): string {
  if (!admitted)
    return REFUSALS[refusal] ?? 'The invite was not accepted. Ask for a new link and paste it here.';
  if (refusal === 'revoked')
    return 'Another device says that this one was removed from the group. What it records now stays on this device and reaches nobody. Ask whoever manages the group; to come back, join with another browser or browser profile.';
  return 'A device of the group does not share with this one at the moment. What is recorded is kept here; ask whoever manages the group if this stays.';
}

function silence({ denied, troubles }: SensorFailure): TemplateResult {
  return html`
    <div role="alert">
      <p class="bad"><strong>Not recording: ${denied ? 'no sensor is permitted' : 'no sensor delivers'}</strong></p>
      <ul>
        ${troubles.map((trouble) => html`<li>${sentence(trouble)}</li>`)}
      </ul>
      ${
        denied
          ? html`<p>
              Tap the sign beside the page’s address, open the site settings, permit what is named above, and then tap “Try again”.
            </p>`
          : html`<p>Attach or free a sensor, or record with the camera, and then tap “Try again”.</p>`
      }
    </div>
  `;
}

function streamRow(stream: StreamView): TemplateResult {
  const isCamera = stream.name === 'camera';
  return html`
    <tr>
      <td>
        ${stream.name}${stream.replay ? html` <span class="label warn">replay of a recording</span>` : nothing}
        <div class="soft value">${countText(stream.rows, isCamera ? 'picture' : 'reading')}</div>
        <div class="soft value">${stream.rateHz === null ? nothing : html`${stream.rateHz.toFixed(1)} a second`}</div>
      </td>
      <td>
        ${
          stream.trouble === null
            ? stream.columns.map(
                ({ name, last, unit }) =>
                  html`<div class="value">
                    ${name} <span class="number">${readingText(last, unit)}</span> ${unitText(unit)}
                  </div>`,
              )
            : html`<span class="bad">${sentence(stream.trouble)}</span>`
        }
      </td>
    </tr>
  `;
}

customElements.define('record-place', RecordPlace);
