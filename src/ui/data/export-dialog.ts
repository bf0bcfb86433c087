/** Saving readings: what is taken in, in which form, what is not here and is left out; then how far it is, and stopping it. */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import { msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { errorMessage } from '../../core/errors.ts';
import { lengthOf, merged, piecesOf } from '../../station/hour-pieces.ts';
import { type ExportProgress, type LeftOut, stopped } from '../model/data-export.ts';
import {
  DEFAULT_TABLE,
  type ExportPart,
  sensorsOf,
  type TableForm,
  tableCount,
} from '../model/data-export-plan.ts';
import type { DataModel, DataStation } from '../model/data-port.ts';
import type { ColumnRef } from '../model/data-series.ts';
import { BackCloses } from '../parts/back-closes.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { bytesText, countText, lengthInHoursText, sentence, timeText } from '../parts/words.ts';
import { spanText, zoneAt } from './time-words.ts';
import type { Span } from './view-state.ts';

/** Hours that are named one by one; of more, how many. */
const MAX_NAMED = 12;

/** What can be chosen from. */
export interface ExportOffer {
  readonly stations: readonly DataStation[];
  /** The stretch in sight; null when it is everything. */
  readonly span: Span | null;
  /** The columns in sight. */
  readonly columns: readonly ColumnRef[];
}

type Phase =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'saving'; readonly stop: AbortController; readonly progress: ExportProgress }
  | { readonly kind: 'saved'; readonly leftOut: readonly LeftOut[]; readonly bytes: number }
  | { readonly kind: 'failed'; readonly message: string };

export class ExportDialog extends LitElement {
  static override properties = { data: { attribute: false } };
  static override styles = [
    SHARED_STYLES,
    css`
      wa-dialog {
        --width: min(560px, 96vw);
      }
      wa-radio-group,
      wa-checkbox {
        display: block;
        margin-block-end: 16px;
      }
      wa-radio {
        min-height: var(--ws-target);
      }
      ul {
        margin: 0 0 12px;
        padding-inline-start: 1.2em;
      }
    `,
  ];

  declare data: DataModel;
  #offer: ExportOffer | null = null;
  #kind: 'csv' | 'hours' = 'csv';
  #isEverything = false;
  #isShownColumns = false;
  #table: TableForm = { ...DEFAULT_TABLE, tables: 'apart' };
  /** What was measured last, and for what. */
  #size: { readonly key: string; readonly bytes: number | null } = { key: '', bytes: null };
  #phase: Phase = { kind: 'choosing' };

  constructor() {
    super();
    new BackCloses(this, () => this.#back(), { isOpen: () => this.#offer !== null });
  }

  show(offer: ExportOffer): void {
    this.#offer = offer;
    this.#isEverything = offer.span === null;
    this.#phase = { kind: 'choosing' };
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  #stop(): void {
    if (this.#phase.kind === 'saving') this.#phase.stop.abort(stopped());
  }

  protected override render(): TemplateResult | typeof nothing {
    const offer = this.#offer;
    if (offer === null) return nothing;
    const names = offer.stations.map(({ name }) => name);
    const label =
      names.length === 1
        ? msg(str`Save readings of ${names[0] ?? ''}`)
        : msg(str`Save readings of ${names.length} stations`);
    return html`<wa-dialog open label=${label} @wa-hide=${this.#hides} @wa-after-hide=${this.#closed}>
      ${this.#phase.kind === 'choosing' ? this.#choose(offer) : this.#outcome(this.#phase)}
    </wa-dialog>`;
  }

  #options(offer: ExportOffer) {
    const { stations, span, columns } = offer;
    const range = this.#isEverything || span === null ? null : span;
    return {
      stations,
      fromMs: range?.fromMs ?? null,
      toMs: range?.toMs ?? null,
      columns: this.#isShownColumns ? columns : null,
      table: this.#table,
    };
  }

  #choose(offer: ExportOffer): TemplateResult {
    const parts = this.data.planExport(this.#options(offer));
    const hours = parts.reduce((sum, part) => sum + part.hours.length, 0);
    const said =
      offer.stations.length === 1
        ? (offer.stations[0]?.name ?? '')
        : msg(str`${offer.stations.length} stations`);
    const set = (change: () => void) => () => {
      change();
      this.requestUpdate();
    };
    const value = (event: Event) => (event.currentTarget as Element & { value: string }).value;
    return html`
      <wa-radio-group
        label=${msg('Form')}
        .value=${this.#kind}
        @change=${(event: Event) => set(() => (this.#kind = value(event) === 'hours' ? 'hours' : 'csv'))()}
      >
        <wa-radio value="csv">${msg('Table (CSV), for spreadsheets and programs')}</wa-radio>
        <wa-radio value="hours">${msg('Hour files, exactly as recorded')}</wa-radio>
      </wa-radio-group>
      ${
        offer.span === null
          ? nothing
          : html`<wa-radio-group
              label=${msg('Time')}
              .value=${this.#isEverything ? 'all' : 'seen'}
              @change=${(event: Event) => set(() => (this.#isEverything = value(event) === 'all'))()}
            >
              <wa-radio value="seen">${msg(str`What is seen: ${spanText(offer.span)} ${zoneAt(offer.span.fromMs)}`)}</wa-radio>
              <wa-radio value="all">${msg('Everything')}</wa-radio>
            </wa-radio-group>`
      }
      ${this.#kind === 'csv' ? this.#tableOptions(offer, parts, set) : nothing}
      ${this.#plan(parts, offer)}
      <div class="row">
        <wa-button variant="brand" ?disabled=${hours === 0} @click=${() => this.#save(offer, parts)}>
          ${this.#kind === 'csv' ? msg(str`Save CSV of ${said}`) : msg(str`Save hour files of ${said}`)}
        </wa-button>
        <wa-button appearance="outlined" @click=${this.#close}>${msg('Cancel')}</wa-button>
      </div>
    `;
  }

  #tableOptions(
    offer: ExportOffer,
    parts: readonly ExportPart[],
    set: (change: () => void) => () => void,
  ): TemplateResult {
    const { tables, localTimes, ticks } = this.#table;
    const form = (change: Partial<TableForm>) => set(() => (this.#table = { ...this.#table, ...change }));
    const columns = this.#isShownColumns ? offer.columns : null;
    const lastMs = parts[0]?.hours.at(-1)?.body.startMs ?? Date.now();
    const hasSensors = parts.some((part) => sensorsOf(part, columns).length > 1);
    return html`
      ${
        hasSensors
          ? html`<wa-radio-group
              label=${msg('Tables')}
              .value=${tables}
              @change=${(event: Event) => {
                const isApart = (event.currentTarget as Element & { value: string }).value === 'apart';
                form({ tables: isApart ? 'apart' : 'together' })();
              }}
            >
              <wa-radio value="apart">${msg('One table for each sensor')}</wa-radio>
              <wa-radio value="together">${msg('One table for all: a row for each moment at which any sensor told something, the others blank in it')}</wa-radio>
            </wa-radio-group>`
          : nothing
      }
      <wa-checkbox
        .checked=${this.#isShownColumns}
        ?disabled=${offer.columns.length === 0}
        @change=${set(() => (this.#isShownColumns = !this.#isShownColumns))}
        >${msg('Only the readings in the plot')}</wa-checkbox
      >
      <p class="soft">${msg('Each row begins with its time in UTC (ISO 8601).')}</p>
      ${
        new Date(lastMs).getTimezoneOffset() === 0
          ? nothing
          : html`<wa-checkbox .checked=${localTimes} @change=${form({ localTimes: !localTimes })}
              >${msg(str`Add a column with the time on clocks here (${zoneAt(lastMs)})`)}</wa-checkbox
            >`
      }
      <wa-checkbox .checked=${ticks} @change=${form({ ticks: !ticks })}
        >${msg('Exactly as recorded: add the time as a number since 1970, and write values to the last digit')}</wa-checkbox
      >
    `;
  }

  /** Measures what the tables take, once for each choice; the text follows. */
  #measure(parts: readonly ExportPart[], offer: ExportOffer): number | null {
    const options = this.#options(offer);
    const { stations, ...form } = options;
    const key = JSON.stringify([
      form,
      stations.map((one) => one.key),
      parts.map(({ hours }) => hours.length),
    ]);
    if (this.#size.key !== key) {
      this.#size = { key, bytes: null };
      void this.data.tableBytes(parts, options).then((bytes) => {
        if (this.#size.key !== key) return;
        this.#size = { key, bytes };
        this.requestUpdate();
      });
    }
    return this.#size.bytes;
  }

  #plan(parts: readonly ExportPart[], offer: ExportOffer): TemplateResult {
    const hours = parts.reduce((sum, part) => sum + part.hours.length, 0);
    const notHere = parts.flatMap(({ station, notHereMs }) =>
      notHereMs.map((startMs) => ({ station: station.name, startMs })),
    );
    const isTable = this.#kind === 'csv';
    const options = this.#options(offer);
    const files = isTable ? parts.reduce((sum, part) => sum + tableCount(part, options), 0) : hours;
    const bytes = isTable
      ? this.#measure(parts, offer)
      : parts.reduce((sum, part) => sum + part.storedBytes, 0);
    const recorded = lengthInHoursText(parts.reduce((sum, part) => sum + recordedMs(part, options), 0));
    const inFiles = countText(files, msg('file'), msg('files'));
    const taken =
      bytes === null
        ? msg(str`${recorded} of readings in ${inFiles}.`)
        : msg(str`${recorded} of readings in ${inFiles}, about ${bytesText(bytes)}.`);
    return html`
      <p>${hours === 0 ? msg('Nothing of this is on this device.') : taken}</p>
      ${
        notHere.length === 0
          ? nothing
          : html`<details>
              <summary class="warn">${notHere.length === 1 ? msg('1 hour is not on this device and is left out') : msg(str`${notHere.length} hours are not on this device and are left out`)}</summary>
              <ul>
                ${notHere.slice(0, MAX_NAMED).map(({ station, startMs }) => html`<li>${station}, ${timeText(startMs)}</li>`)}
                ${notHere.length > MAX_NAMED ? html`<li>${msg(str`and ${notHere.length - MAX_NAMED} more`)}</li>` : nothing}
              </ul>
            </details>`
      }
    `;
  }

  #outcome(phase: Exclude<Phase, { kind: 'choosing' }>): TemplateResult {
    if (phase.kind === 'saving') {
      const { doneHours, totalHours, writtenBytes } = phase.progress;
      const part = totalHours === 0 ? 0 : doneHours / totalHours;
      return html`
        <wa-progress-bar label=${msg('Saving')} value=${Math.round(part * 100)}></wa-progress-bar>
        <p>${msg(str`${Math.round(part * 100)} %, ${bytesText(writtenBytes)} written`)}</p>
        <wa-button appearance="outlined" @click=${() => this.#stop()}>${msg('Stop')}</wa-button>
      `;
    }
    if (phase.kind === 'failed') {
      return html`<p class="bad" role="alert">${phase.message}</p>
        <wa-button appearance="outlined" @click=${this.#again}>${msg('Back')}</wa-button>`;
    }
    const { leftOut, bytes } = phase;
    return html`
      <p role="status" class="good">${msg(str`Saved: ${bytesText(bytes)}.`)}</p>
      ${
        leftOut.length === 0
          ? nothing
          : html`<p class="warn">${leftOut.length === 1 ? msg('1 hour could not be read and was left out:') : msg(str`${leftOut.length} hours could not be read and were left out:`)}</p>
              <ul>
                ${leftOut.slice(0, MAX_NAMED).map(({ startMs, reason }) => html`<li>${timeText(startMs)}: ${sentence(reason)}</li>`)}
              </ul>`
      }
      <wa-button variant="brand" @click=${this.#close}>${msg('Done')}</wa-button>
    `;
  }

  async #save(offer: ExportOffer, parts: readonly ExportPart[]): Promise<void> {
    const stop = new AbortController();
    let progress: ExportProgress = { doneHours: 0, totalHours: 0, writtenBytes: 0 };
    this.#set({ kind: 'saving', stop, progress });
    try {
      const leftOut = await this.data.save(this.#kind, parts, this.#options(offer), stop.signal, (told) => {
        progress = told;
        if (this.#phase.kind === 'saving') this.#set({ kind: 'saving', stop, progress });
      });
      this.#set({ kind: 'saved', leftOut, bytes: progress.writtenBytes });
    } catch (error) {
      // Whoever closes the window that asks where to has changed their mind; nothing went wrong.
      if (stop.signal.aborted || (error instanceof DOMException && error.name === 'AbortError'))
        return this.#again();
      this.#set({ kind: 'failed', message: sentence(errorMessage(error)) });
    }
  }

  #set(phase: Phase): void {
    this.#phase = phase;
    this.requestUpdate();
  }

  readonly #again = (): void => this.#set({ kind: 'choosing' });

  readonly #close = (): void => {
    const dialog = this.renderRoot.querySelector<HTMLElement & { open: boolean }>('wa-dialog');
    if (dialog !== null) dialog.open = false;
  };

  #back(): boolean {
    if (this.#phase.kind === 'saving') return false;
    this.#close();
    return true;
  }

  /** A tap beside it must not end what is being written. */
  readonly #hides = (event: Event): void => {
    if (event.target === event.currentTarget && this.#phase.kind === 'saving') event.preventDefault();
  };

  readonly #closed = (event: Event): void => {
    if (event.target !== event.currentTarget) return;
    this.#offer = null;
    this.requestUpdate();
  };
}
customElements.define('export-dialog', ExportDialog);

/** For how long something was recorded in what is saved, ms. */
function recordedMs(
  { hours }: ExportPart,
  { fromMs, toMs }: { readonly fromMs: number | null; readonly toMs: number | null },
): number {
  const pieces = merged(hours.flatMap(({ body }) => piecesOf(body)));
  const cut = pieces.map((one) => ({
    fromMs: Math.max(one.fromMs, fromMs ?? one.fromMs),
    toMs: Math.min(one.toMs, toMs ?? one.toMs),
  }));
  return lengthOf(cut.filter((one) => one.toMs > one.fromMs));
}
