/**
 * An hour file from elsewhere: what it says of itself, its readings in the same plot, and its table. It goes no further than this page.
 * Files come by the button, by dropping them here, or from the system (handed-files.ts).
 */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import '../data/time-plot.ts';
import { msg, str } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../../core/errors.ts';
import { recordedOf } from '../../station/coverage.ts';
import { DATA_STYLES } from '../data/data-styles.ts';
import { causeText } from '../data/hour-words.ts';
import { columnLabel, firstColumns, PlotLines } from '../data/plot-lines.ts';
import { isWanted } from '../data/plot-parts.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from '../data/plot-shape.ts';
import { plotTable } from '../data/plot-table.ts';
import { rangeBar } from '../data/range-bar.ts';
import { spanText, zoneAt } from '../data/time-words.ts';
import { kept, MAX_COLUMNS, type Span } from '../data/view-state.ts';
import type { AppModel } from '../model/app-model.ts';
import type { ColumnView, OpenedFile } from '../model/data-port.ts';
import { Attempt } from '../parts/attempt.ts';
import { plainName } from '../parts/names.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText, clockText, countText, lengthText, sentence, timeText, unitText } from '../parts/words.ts';
import type { HandedFile, HandedFiles } from './handed-files.ts';

/** Gaps that are told one by one. */
const MAX_GAPS = 20;
/** As `MAX_OPENED_FILE_BYTES` of the model: a larger one is not even read. */
const MAX_BYTES = 64 * 2 ** 20;

export class FilePlace extends LitElement {
  static override styles = [SHARED_STYLES, DATA_STYLES];
  static override properties = { model: { attribute: false }, files: { attribute: false } };

  declare model: AppModel;
  /** What the system opened the app with. */
  declare files: HandedFiles;
  readonly #lines = new PlotLines(this);
  readonly #saving = new Attempt(this);
  #name = '';
  #sizeBytes = 0;
  #file: OpenedFile | null = null;
  #error: string | null = null;
  #isOpening = false;
  #span: Span | null = null;
  #columns: readonly ColumnView[] | null = null;
  #isOver = false;
  #isTableOpen = false;
  /** Counts files: what one that takes long turns out to be is not shown for another. */
  #opens = 0;
  readonly #take = (): void => {
    const file = this.files.take();
    if (file !== undefined) void this.open(file);
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.files.addEventListener('handed', this.#take);
    this.#take();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.files.removeEventListener('handed', this.#take);
  }

  /** Opens a file and shows it; what is wrong with it is told. */
  async open({ name, sizeBytes, bytes }: HandedFile): Promise<void> {
    const round = ++this.#opens;
    this.#name = name;
    this.#sizeBytes = sizeBytes;
    this.#file = null;
    this.#span = null;
    this.#columns = null;
    this.#error = null;
    this.#isOpening = true;
    this.requestUpdate();
    try {
      if (sizeBytes > MAX_BYTES)
        throw new Error(
          msg(str`it has ${bytesText(sizeBytes)}; a page opens at most ${bytesText(MAX_BYTES)}`),
        );
      const file = await this.model.data.openHourFile(await bytes());
      if (round !== this.#opens) return;
      this.#file = file;
    } catch (error) {
      if (round !== this.#opens) return;
      this.#error = sentence(errorMessage(error));
    }
    this.#isOpening = false;
    this.requestUpdate();
  }

  readonly #picked = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    this.#openFirst(input.files);
    input.value = '';
  };

  #openFirst(files: FileList | null | undefined): void {
    const file = files?.[0];
    if (file === undefined) return;
    void this.open({
      name: file.name,
      sizeBytes: file.size,
      bytes: async () => new Uint8Array(await file.arrayBuffer()),
    });
  }

  #drag(event: DragEvent, isOver: boolean): void {
    event.preventDefault();
    if (this.#isOver === isOver) return;
    this.#isOver = isOver;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`
      <h1>${msg('Hour file')}</h1>
      <section>
        <div
          class=${this.#isOver ? 'drop over' : 'drop'}
          @dragover=${(event: DragEvent) => this.#drag(event, true)}
          @dragleave=${(event: DragEvent) => this.#drag(event, false)}
          @drop=${(event: DragEvent) => {
            this.#drag(event, false);
            this.#openFirst(event.dataTransfer?.files);
          }}
        >
          <p>${msg('An hour file (.hour) holds what one station recorded in one hour. It is opened on this device and sent nowhere.')}</p>
          <input id="file" type="file" accept=".hour" aria-label=${msg('Open an hour file')} hidden @change=${this.#picked} />
          <wa-button variant="brand" ?loading=${this.#isOpening} @click=${() => this.renderRoot.querySelector<HTMLInputElement>('#file')?.click()}>
            ${msg('Open an hour file')}
          </wa-button>
          <p class="soft">${msg('or drop one here')}</p>
        </div>
      </section>
      ${
        this.#error === null
          ? nothing
          : html`<section role="alert">
              <h2>${msg(str`${this.#name} cannot be opened`)}</h2>
              <p class="bad">${this.#error}</p>
            </section>`
      }
      ${this.#file === null ? nothing : this.#opened(this.#file)}
    `;
  }

  #opened(file: OpenedFile): TemplateResult {
    const { facts, station } = file;
    const bounds = station.timeline.span ?? { fromMs: 0, toMs: 1 };
    const span = kept(this.#span ?? bounds, bounds);
    const all = this.model.data.columns([station]);
    const shown = this.#columns ?? firstColumns(all);
    const widthPx = Math.max(240, this.offsetWidth - 40 - PLOT_LEFT_PX - PLOT_RIGHT_PX);
    const panels = this.#lines.panels(this.model.data, {
      stations: [station],
      columns: shown,
      span,
      widthPx,
    });
    const show = (next: Span | null) => {
      this.#span = next;
      this.requestUpdate();
    };
    const abort = new AbortController();
    return html`
      <section>
        <h2>${plainName(facts.stationName) || msg('A station without a name')}</h2>
        <dl>
          <dt>${msg('File')}</dt>
          <dd>${this.#name}, ${bytesText(this.#sizeBytes)}</dd>
          <dt>${msg('Begins')}</dt>
          <dd>${timeText(facts.startMs)} ${zoneAt(facts.startMs)}</dd>
          <dt>${msg('Recorded')}</dt>
          <dd>${recordedText(file)}</dd>
          ${facts.responsible === null ? nothing : html`<dt>${msg('Responsible')}</dt><dd>${facts.responsible}</dd>`}
          <dt>${msg('Station')}</dt>
          <dd>${facts.station}</dd>
        </dl>
        <wa-button appearance="outlined" ?loading=${this.#saving.busy} @click=${() => this.#saving.run(() => this.model.data.saveFileCsv(file, abort.signal))}>
          ${msg('Save CSV')}
        </wa-button>
        ${this.#saving.trouble()}
      </section>
      <section>
        <h2>${msg('Readings')}</h2>
        ${rangeBar({ span, bounds, isAll: this.#span === null, show })}
        <p>${spanText(span)} <span class="soft">${zoneAt(facts.startMs)}</span></p>
        ${
          shown.length === 0
            ? html`<p class="soft">${msg('This hour has no readings.')}</p>`
            : html`<time-plot
                .panels=${panels}
                .span=${span}
                .bounds=${bounds}
                @span=${(event: CustomEvent<{ span: Span }>) => show(event.detail.span)}
                @fit=${() => show(null)}
              ></time-plot>`
        }
        <details
          @toggle=${(event: Event) => {
            this.#isTableOpen = (event.currentTarget as HTMLDetailsElement).open;
            this.requestUpdate();
          }}
        >
          <summary>${msg('Show as table')}</summary>
          ${this.#isTableOpen ? plotTable(panels, span) : nothing}
        </details>
      </section>
      ${this.#streams(file, all, shown)} ${this.#gaps(file)}
    `;
  }

  #streams({ facts }: OpenedFile, all: readonly ColumnView[], shown: readonly ColumnView[]): TemplateResult {
    return html`<section>
      <h2>${msg('What was recorded')}</h2>
      ${facts.streams.map(
        (stream) => html`
          <h3>
            ${stream.name}
            ${stream.replay ? html`<span class="label warn">${msg('replay of a recording')}</span>` : nothing}
          </h3>
          <p class="soft">
            ${[
              countText(stream.rows, msg('reading'), msg('readings')),
              stream.achievedRateHz === null
                ? ''
                : msg(str`${Number(stream.achievedRateHz.toPrecision(3))} a second`),
              stream.askedRateHz === null ? '' : msg(str`asked for ${stream.askedRateHz}`),
              stream.device,
              stream.calibration ?? '',
            ]
              .filter((part) => part !== '')
              .join(' · ')}
          </p>
          <div class="columns">
            ${all
              .filter(({ ref }) => ref.stream === stream.name)
              .map((column) => {
                const isShown = shown.includes(column);
                const unit = column.unit === null || column.unit === '' ? '' : ` (${unitText(column.unit)})`;
                return html`<wa-checkbox
                  .checked=${isShown}
                  ?disabled=${!isShown && shown.length >= MAX_COLUMNS}
                  @change=${() => {
                    this.#columns = isShown ? shown.filter((one) => one !== column) : [...shown, column];
                    this.requestUpdate();
                  }}
                  >${columnLabel(column)}${unit}</wa-checkbox
                >`;
              })}
          </div>
        `,
      )}
    </section>`;
  }

  #gaps({ facts }: OpenedFile): TemplateResult | typeof nothing {
    const { streams } = facts;
    const gaps = facts.gaps.filter((gap) => !isWanted(gap));
    if (gaps.length === 0) return nothing;
    return html`<section>
      <h2>${msg(str`Gaps: ${gaps.length}`)}</h2>
      <ul>
        ${gaps.slice(0, MAX_GAPS).map(({ fromMs, toMs, cause, detail, stream }) => {
          const who = stream === null ? msg('everything') : (streams[stream]?.name ?? '');
          const words = `${timeText(fromMs)}: ${lengthText(toMs - fromMs)}, ${who}, ${causeText(cause)}`;
          return html`<li>${words}${detail === '' ? '' : ` (${detail})`}</li>`;
        })}
        ${gaps.length > MAX_GAPS ? html`<li>${msg(str`and ${gaps.length - MAX_GAPS} more`)}</li>` : nothing}
      </ul>
    </section>`;
  }
}

/** `1 hour`, or `12 minutes of 14:00 – 15:00`. */
function recordedText({ facts, station }: OpenedFile): string {
  const { startMs, lengthMs } = facts;
  const { heldMs, pieces } = recordedOf(station.timeline);
  const length = lengthText(heldMs);
  const slot = `${clockText(startMs)} – ${clockText(startMs + lengthMs)}`;
  const said = length === lengthText(lengthMs) ? length : msg(str`${length} of ${slot}`);
  return pieces > 1 ? msg(str`${said}, in ${pieces} pieces`) : said;
}

customElements.define('file-place', FilePlace);
