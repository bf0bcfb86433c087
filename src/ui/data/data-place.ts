/**
 * What was recorded: which hours of which stations there are and where, their readings and pictures on one axis of time, and saving them.
 * Stations, columns and time stand in the address (view-state.ts).
 */
import '@awesome.me/webawesome/dist/components/button/button.js';
import '@awesome.me/webawesome/dist/components/checkbox/checkbox.js';
import '@awesome.me/webawesome/dist/components/input/input.js';
import '@awesome.me/webawesome/dist/components/radio/radio.js';
import '@awesome.me/webawesome/dist/components/radio-group/radio-group.js';
import './cell-key.ts';
import './data-empty.ts';
import './export-dialog.ts';
import './hour-calendar.ts';
import './picture-dialog.ts';
import './picture-strip.ts';
import './station-strips.ts';
import './time-plot.ts';
import { msg, str } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Router } from '../app/router.ts';
import { routeHash } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';
import type { AppState } from '../model/app-state.ts';
import type { ColumnView, DataStation } from '../model/data-port.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { sentence, timeText, unitText } from '../parts/words.ts';
import { DATA_STYLES } from './data-styles.ts';
import type { ExportDialog } from './export-dialog.ts';
import { recordedBy } from './hour-words.ts';
import type { PictureDialog } from './picture-dialog.ts';
import type { StationPicture } from './picture-strip.ts';
import { columnLabel, firstColumns, isColumn, PlotLines } from './plot-lines.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './plot-shape.ts';
import { plotTable } from './plot-table.ts';
import { rangeBar } from './range-bar.ts';
import { spanText, zoneAt } from './time-words.ts';
import {
  kept,
  MAX_COLUMNS,
  MAX_STATIONS,
  type PlaceView,
  parseView,
  type Span,
  viewParams,
} from './view-state.ts';

/** More stations than that are found by typing. */
const FILTER_FROM = 8;
/** Columns that are offered one by one. */
const MAX_OFFERED = 200;
/** Hours that could not be opened and are named. */
const MAX_NAMED = 3;

export class DataPlace extends LitElement {
  static override styles = [SHARED_STYLES, DATA_STYLES];
  static override properties = {
    model: { attribute: false },
    state: { attribute: false },
    router: { attribute: false },
  };

  declare model: AppModel;
  declare state: AppState;
  declare router: Router;
  readonly #lines = new PlotLines(this);
  /** The stretch while a gesture is under way; it stands in the address afterwards. */
  #moving: Span | null = null;
  #filter = '';
  #isTableOpen = false;
  #calendarOf = '';
  #learntFor = '';
  readonly #moved = (): void => {
    this.#moving = null;
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.router.addEventListener('change', this.#moved);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.router.removeEventListener('change', this.#moved);
  }

  get #view(): PlaceView {
    return parseView(this.router.route.params);
  }

  #show(change: Partial<PlaceView>, replace = false): void {
    this.router.go('data', viewParams({ ...this.#view, ...change }), replace);
  }

  /** The station that was shown because it was the only one. */
  #only: string | undefined;

  #chosen(stations: readonly DataStation[], view: PlaceView): readonly DataStation[] {
    const found = stations.filter(({ id, key }) => view.stations.includes(key) || view.stations.includes(id));
    if (found.length > 0 || view.stations.length > 0) return found;
    // With a single station there is nothing to choose, and what is looked at stays when another comes.
    const withHours = stations.filter(({ timeline }) => timeline.hours.length > 0);
    const [only] = withHours;
    if (withHours.length === 1) this.#only = only?.key;
    return withHours.filter(({ key }) => key === this.#only);
  }

  protected override render(): TemplateResult {
    const { data } = this.model;
    const stations = data.stations();
    const withHours = stations.filter(({ timeline }) => timeline.hours.length > 0);
    if (withHours.length === 0) return this.#empty(stations);
    const view = this.#view;
    const chosen = this.#chosen(stations, view);
    const bounds = boundsOf(chosen.length > 0 ? chosen : withHours);
    const span = kept(this.#moving ?? view.span ?? bounds, bounds);
    const isAll = view.span === null && this.#moving === null;
    return html`
      <div class="bar">
        <h1>${msg('Data')}</h1>
        <wa-button variant="brand" @click=${() => this.#export(chosen.length > 0 ? chosen : withHours, isAll ? null : span)}>
          ${msg('Save CSV')}
        </wa-button>
      </div>
      <section>
        ${rangeBar({
          span,
          bounds,
          isAll,
          show: (next) => this.#show({ span: next }),
        })}
        <p class="when">${spanText(span)} <span class="soft">${zoneAt(span.fromMs)}</span></p>
      </section>
      ${this.#stationsSection(stations, chosen, span)}
      ${chosen.length === 0 ? this.#hint(withHours) : this.#plotSection(chosen, span, bounds, view)}
      ${chosen.length === 0 ? nothing : this.#calendarSection(chosen, span)}
      <p>
        ${msg('Got an hour file from somebody?')}
        <wa-button href=${routeHash('file')} appearance="outlined">${msg('Open an hour file')}</wa-button>
      </p>
      <export-dialog .data=${data}></export-dialog>
      <picture-dialog .data=${data}></picture-dialog>
    `;
  }

  #empty(stations: readonly DataStation[]): TemplateResult {
    return html`
      <div class="bar">
        <h1>${msg('Data')}</h1>
        <wa-button href=${routeHash('file')} appearance="outlined">${msg('Open an hour file')}</wa-button>
      </div>
      <data-empty .model=${this.model} .state=${this.state} .stations=${stations}></data-empty>
    `;
  }

  #hint(stations: readonly DataStation[]): TemplateResult {
    return html`<section>
      <h2>${msg('Choose a station')}</h2>
      <p>
        ${
          stations.length > MAX_STATIONS
            ? msg(
                str`Tap the name of one of the ${stations.length} stations to see its readings, or of up to ${MAX_STATIONS} to compare them.`,
              )
            : stations.length > 2
              ? msg('Tap the name of a station to see its readings, or of several to compare them.')
              : msg('Tap the name of a station to see its readings, or of both to compare them.')
        }
      </p>
    </section>`;
  }

  #stationsSection(
    stations: readonly DataStation[],
    chosen: readonly DataStation[],
    span: Span,
  ): TemplateResult {
    const wanted = this.#filter.trim().toLocaleLowerCase();
    const shown =
      wanted === '' ? stations : stations.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
    return html`<section>
      <h2>${msg('Stations')}</h2>
      ${
        stations.length <= FILTER_FROM
          ? nothing
          : html`<wa-input
              type="search"
              label=${msg(str`Find one of ${stations.length} stations`)}
              .value=${this.#filter}
              @input=${(event: Event) => {
                this.#filter = (event.currentTarget as HTMLInputElement).value;
                this.requestUpdate();
              }}
            ></wa-input>`
      }
      ${shown.length === 0 ? html`<p class="soft" role="status">${msg('No station has this in its name.')}</p>` : nothing}
      <station-strips
        .stations=${shown}
        .chosen=${chosen}
        .span=${span}
        @choose=${(event: CustomEvent<string>) => this.#choose(event.detail, stations, chosen)}
        @look=${(event: CustomEvent<{ station: string; atMs: number }>) => this.#lookAt(event.detail, stations, chosen, span)}
      ></station-strips>
      <cell-key></cell-key>
    </section>`;
  }

  /** Short where that is enough to tell it from others. */
  #refOf(station: DataStation, stations: readonly DataStation[]): string {
    return stations.filter(({ id }) => id === station.id).length === 1 ? station.id : station.key;
  }

  #choose(key: string, stations: readonly DataStation[], chosen: readonly DataStation[]): void {
    const isChosen = chosen.some((one) => one.key === key);
    const next = isChosen
      ? chosen.filter((one) => one.key !== key)
      : [...chosen, ...stations.filter((one) => one.key === key)];
    this.#show({ stations: next.slice(-MAX_STATIONS).map((one) => this.#refOf(one, stations)) });
  }

  /** A tap on a strip: that station, ten times as close. */
  #lookAt(
    { station, atMs }: { readonly station: string; readonly atMs: number },
    stations: readonly DataStation[],
    chosen: readonly DataStation[],
    span: Span,
  ): void {
    const length = (span.toMs - span.fromMs) / 10;
    const own = chosen.some(({ key }) => key === station)
      ? chosen
      : [...chosen, ...stations.filter(({ key }) => key === station)].slice(-MAX_STATIONS);
    this.#show({
      stations: own.map((one) => this.#refOf(one, stations)),
      span: { fromMs: atMs - length / 2, toMs: atMs + length / 2 },
    });
  }

  #columnsOf(
    chosen: readonly DataStation[],
    view: PlaceView,
  ): { all: readonly ColumnView[]; shown: readonly ColumnView[] } {
    const all = this.model.data.columns(chosen);
    const wanted = view.columns;
    const found = wanted === null ? [] : all.filter(({ ref }) => wanted.some((one) => isColumn(one, ref)));
    return { all, shown: found.length > 0 ? found : firstColumns(all) };
  }

  #plotSection(chosen: readonly DataStation[], span: Span, bounds: Span, view: PlaceView): TemplateResult {
    const { all, shown } = this.#columnsOf(chosen, view);
    this.#learn(chosen, all);
    const widthPx = Math.max(240, this.offsetWidth - 40 - PLOT_LEFT_PX - PLOT_RIGHT_PX);
    const panels = this.#lines.panels(this.model.data, { stations: chosen, columns: shown, span, widthPx });
    const { progress } = this.#lines;
    const knownMs = chosen.reduce((sum, { timeline }) => sum + recordedBy(timeline).knownMs, 0);
    return html`<section>
      <h2>${msg('Readings')}</h2>
      ${replayLabel(chosen)}
      <time-plot
        .panels=${panels}
        .span=${span}
        .bounds=${bounds}
        @span=${(event: CustomEvent<{ span: Span; isDone: boolean }>) => this.#gesture(event.detail)}
        @fit=${() => this.#show({ span: null })}
      ></time-plot>
      <picture-strip
        .data=${this.model.data}
        .stations=${chosen}
        .span=${span}
        @open-picture=${(event: CustomEvent<{ one: StationPicture; all: readonly StationPicture[] }>) =>
          this.renderRoot
            .querySelector<PictureDialog>('picture-dialog')
            ?.show(event.detail.one, event.detail.all)}
      ></picture-strip>
      <p class="soft progress" role=${progress === null ? 'status' : nothing}>
        ${
          progress !== null
            ? msg(str`Opening ${progress.done + 1} of ${progress.total} …`)
            : knownMs > 0
              ? msg('Dotted lines with hatched bands tell of hours that are not on this device yet.')
              : nothing
        }
      </p>
      ${this.#unreadable()}
      <details>
        <summary>${msg(str`Choose readings (${shown.length} of ${all.length})`)}</summary>
        ${this.#columnChoice(all, shown)}
      </details>
      <details
        ?open=${this.#isTableOpen}
        @toggle=${(event: Event) => {
          this.#isTableOpen = (event.currentTarget as HTMLDetailsElement).open;
          this.requestUpdate();
        }}
      >
        <summary>${msg('Show as table')}</summary>
        ${this.#isTableOpen ? plotTable(panels, span) : nothing}
      </details>
    </section>`;
  }

  #unreadable(): TemplateResult | typeof nothing {
    const wrong = this.#lines.unreadable();
    if (wrong.length === 0) return nothing;
    return html`<div role="alert">
      ${wrong
        .slice(0, MAX_NAMED)
        .map(
          ({ startMs, message }) =>
            html`<p class="warn">${msg(str`The hour of ${timeText(startMs)} could not be opened, the others are shown.`)} ${sentence(message)}</p>`,
        )}
      ${wrong.length > MAX_NAMED ? html`<p class="warn">${msg(str`And ${wrong.length - MAX_NAMED} more hours.`)}</p>` : nothing}
    </div>`;
  }

  #columnChoice(all: readonly ColumnView[], shown: readonly ColumnView[]): TemplateResult {
    const streams = new Map<string, ColumnView[]>();
    for (const column of all.slice(0, MAX_OFFERED))
      streams.set(column.ref.stream, [...(streams.get(column.ref.stream) ?? []), column]);
    const isFull = shown.length >= MAX_COLUMNS;
    return html`<div class="columns">
      ${[...streams].map(
        ([stream, columns]) => html`
          <h3>${stream}</h3>
          ${columns.map((column) => {
            const isShown = shown.includes(column);
            const unit = column.unit === null || column.unit === '' ? '' : ` (${unitText(column.unit)})`;
            return html`<wa-checkbox
              .checked=${isShown}
              ?disabled=${isFull && !isShown}
              @change=${() => this.#toggle(column, shown)}
              >${columnLabel(column)}${unit}</wa-checkbox
            >`;
          })}
        `,
      )}
    </div>`;
  }

  #toggle(column: ColumnView, shown: readonly ColumnView[]): void {
    const next = shown.includes(column) ? shown.filter((one) => one !== column) : [...shown, column];
    this.#show({ columns: next.map(({ ref }) => ref) });
  }

  /** Opens an hour of each station for the names of its columns, once. */
  #learn(chosen: readonly DataStation[], columns: readonly ColumnView[]): void {
    if (columns.every(({ name }) => name !== null)) return;
    const needs = chosen.map(({ key, timeline }) => `${key} ${timeline.heldCount}`).join(' ');
    if (needs === this.#learntFor) return;
    this.#learntFor = needs;
    void this.model.data.learnColumns(chosen).then((hasLearnt) => {
      if (hasLearnt) this.requestUpdate();
    });
  }

  #gesture({ span, isDone }: { readonly span: Span; readonly isDone: boolean }): void {
    this.#moving = span;
    // The way back leads to where a gesture began, not through every step of it.
    if (isDone) this.#show({ span }, false);
    else this.requestUpdate();
  }

  #calendarSection(chosen: readonly DataStation[], span: Span): TemplateResult {
    const own = chosen.find(({ key }) => key === this.#calendarOf) ?? (chosen[0] as DataStation);
    return html`<section>
      <h2>${chosen.length === 1 ? msg('Hours') : msg(str`Hours of ${own.name}`)}</h2>
      ${
        chosen.length === 1
          ? nothing
          : html`<wa-radio-group
              label=${msg('Station')}
              orientation="horizontal"
              .value=${own.key}
              @change=${(event: Event) => {
                this.#calendarOf = (event.currentTarget as Element & { value: string }).value;
                this.requestUpdate();
              }}
            >
              ${chosen.map(({ key, name }) => html`<wa-radio value=${key}>${name}</wa-radio>`)}
            </wa-radio-group>`
      }
      <hour-calendar
        .station=${own}
        .span=${span}
        @look=${(event: CustomEvent<Span>) => this.#show({ span: event.detail })}
      ></hour-calendar>
    </section>`;
  }

  #export(stations: readonly DataStation[], span: Span | null): void {
    const view = this.#view;
    const chosen = this.#chosen(this.model.data.stations(), view);
    const columns = chosen.length === 0 ? [] : this.#columnsOf(chosen, view).shown.map(({ ref }) => ref);
    this.renderRoot.querySelector<ExportDialog>('export-dialog')?.show({ stations, span, columns });
  }
}

/** Which of the stations play a recording: never to be taken for what is measured now. */
function replayLabel(stations: readonly DataStation[]): TemplateResult | typeof nothing {
  const names = stations.filter(({ replay }) => replay).map(({ name }) => name);
  if (names.length === 0) return nothing;
  return html`<p>
    <span class="label warn">${msg('replay of a recording')}</span> ${stations.length > 1 ? names.join(', ') : nothing}
  </p>`;
}

/** From the first hour of any to the last, with a little air. */
function boundsOf(stations: readonly DataStation[]): Span {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const { timeline } of stations) {
    const span = timeline.span;
    if (span === null) continue;
    fromMs = Math.min(fromMs, span.fromMs);
    toMs = Math.max(toMs, span.toMs);
  }
  if (!(toMs > fromMs)) return { fromMs: 0, toMs: 1 };
  return { fromMs, toMs };
}

customElements.define('data-place', DataPlace);
