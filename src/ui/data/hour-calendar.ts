/**
 * The calendar of one station's hours: days as rows, hours of the day as columns, in the reader's zone. By keyboard the arrows move over
 * hours and say what each is; Enter or a tap looks at it in the plot. Event: `look` (a cell's stretch of time).
 */
import '@lit-labs/virtualizer';
import './hour-row.ts';
import { msg, str } from '@lit/localize';
import type { LitVirtualizer } from '@lit-labs/virtualizer';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { DataStation } from '../model/data-port.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { WidthWatch } from '../parts/width-watch.ts';
import { clockText, lengthText } from '../parts/words.ts';
import {
  type CalendarCell,
  type CalendarRow,
  type CalendarShape,
  type CellRow,
  calendarRows,
  cellsOf,
  shapeOf,
  Zone,
} from './calendar-rows.ts';
import { placeOf } from './hour-row.ts';
import { cellText, countsText } from './hour-words.ts';
import { zoneAt } from './time-words.ts';
import type { Span } from './view-state.ts';

const ROW_PX = 36;
const LABEL_PX = 104;
const ROWS_SHOWN = 8;

const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const FULL_DAY = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const MONTH_AND_YEAR = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });

export class HourCalendar extends LitElement {
  static override properties = { station: { attribute: false }, span: { attribute: false } };
  static override styles = [
    SHARED_STYLES,
    css`
      .grid {
        outline-offset: 4px;
      }
      .row-line {
        display: flex;
        align-items: center;
        width: 100%;
        height: ${ROW_PX}px;
      }
      .day {
        flex: 0 0 ${LABEL_PX}px;
        font-size: var(--ws-size-small);
        white-space: nowrap;
      }
      hour-row {
        flex: 1 1 0;
        min-width: 0;
        cursor: zoom-in;
      }
      .folded {
        flex: 1 1 0;
        border-block: 1px dashed var(--ws-line);
        text-align: center;
        font-size: var(--ws-size-small);
      }
      .hours {
        position: relative;
        height: 20px;
        margin-inline-start: ${LABEL_PX}px;
        font-size: 0.8125rem;
      }
      .hours span {
        position: absolute;
      }
    `,
  ];

  declare station: DataStation;
  declare span: Span | null;
  readonly #zone = new Zone();
  readonly #width = new WidthWatch(this, LABEL_PX + 16);
  #rows: readonly CalendarRow[] = [];
  #shape: CalendarShape | undefined;
  #drawn: { readonly key: string; readonly hours: number } | undefined;
  #focus: { readonly row: number; readonly cell: number } | null = null;
  #said = '';

  protected override willUpdate(): void {
    const { key, timeline } = this.station;
    if (this.#drawn?.key === key && this.#drawn.hours === timeline.hours.length) return;
    if (this.#drawn?.key !== key) this.#focus = null;
    this.#drawn = { key, hours: timeline.hours.length };
    this.#shape = shapeOf(timeline);
    this.#rows = calendarRows(timeline, this.#shape, this.#zone).reverse();
  }

  protected override render(): TemplateResult {
    const shape = this.#shape;
    if (shape === undefined || this.#rows.length === 0) return html`${nothing}`;
    const { name, timeline } = this.station;
    return html`
      <p class="soft">
        ${countsText(timeline)}.
        ${shape.isDays ? msg(str`Newest day first; hours of the day in ${zoneAt(timeline.startMs[timeline.startMs.length - 1] ?? 0)}.`) : msg(str`Newest first; each part is ${lengthText(shape.cellMs)}. Times in ${zoneAt(timeline.startMs[0] ?? 0)}.`)}
      </p>
      ${shape.isDays ? this.#header() : nothing}
      <div
        class="grid"
        tabindex="0"
        role="application"
        aria-roledescription=${msg('calendar of hours')}
        aria-label=${msg(str`Hours of ${name}: ${countsText(timeline)}. Arrows move over hours, Enter shows one in the plot.`)}
        aria-describedby="said"
        @keydown=${this.#onKey}
        @focus=${() => this.#focus ?? this.#moveToNewest()}
      >
        ${
          this.#rows.length <= ROWS_SHOWN
            ? this.#rows.map((row, i) => this.#row(row, i))
            : html`<lit-virtualizer
                scroller
                style="height: ${ROWS_SHOWN * ROW_PX}px"
                .items=${this.#rows as CalendarRow[]}
                .keyFunction=${(row: CalendarRow) => row.fromMs}
                .renderItem=${(row: CalendarRow, i: number) => this.#row(row, i)}
              ></lit-virtualizer>`
        }
      </div>
      <p class="hidden-text" id="said" aria-live="polite">${this.#said}</p>
    `;
  }

  protected override updated(): void {
    this.renderRoot.querySelector<LitVirtualizer>('lit-virtualizer')?.requestUpdate();
  }

  #header(): TemplateResult {
    return html`<div class="hours soft" aria-hidden="true" style="width: ${this.#width.px}px">
      ${[0, 6, 12, 18].map((hour) => html`<span style="inset-inline-start: ${(hour / 24) * 100}%">${hour}</span>`)}
    </div>`;
  }

  #row(row: CalendarRow, index: number): TemplateResult {
    if (row.kind === 'folded') {
      const text = this.#shape?.isDays
        ? msg(str`${row.count} days without an hour`)
        : msg(str`${lengthText(row.toMs - row.fromMs)} without an hour`);
      return html`<div class="row-line"><span class="folded soft">${text}</span></div>`;
    }
    const cell = this.#focus?.row === index ? this.#cells(row)[this.#focus.cell] : undefined;
    return html`<div class="row-line">
      <span class="day">${this.#label(row)}</span>
      <hour-row
        .station=${this.station}
        .row=${row}
        .shape=${this.#shape as CalendarShape}
        .zone=${this.#zone}
        .width=${this.#width.px}
        .span=${this.span}
        .focused=${cell?.fromMs ?? null}
        @click=${(event: MouseEvent) => this.#tapped(event, row, index)}
      ></hour-row>
    </div>`;
  }

  #label(row: CellRow): string {
    if (this.#shape?.isDays !== true) return `${SHORT_DAY.format(row.fromMs)}, ${clockText(row.fromMs)}`;
    const noon = row.fromMs + 12 * 3_600_000;
    // The year stands where it begins.
    const date = new Date(noon);
    return date.getDate() === 1 && date.getMonth() === 0 ? MONTH_AND_YEAR.format(noon) : DAY.format(noon);
  }

  #cells(row: CellRow): CalendarCell[] {
    return this.#shape === undefined ? [] : cellsOf(row, this.#shape, this.#zone);
  }

  #tapped(event: MouseEvent, row: CellRow, index: number): void {
    const shape = this.#shape;
    if (shape === undefined) return;
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const x = event.clientX - box.left;
    const cells = this.#cells(row);
    const cell = cells.findIndex((one) => {
      const place = placeOf(one, shape, this.#width.px);
      return x >= place.x && x < place.x + place.width;
    });
    if (cell < 0) return;
    this.#moveTo(index, cell);
    this.#look(cells[cell] as CalendarCell);
  }

  #look({ fromMs, toMs }: CalendarCell): void {
    this.dispatchEvent(new CustomEvent('look', { detail: { fromMs, toMs } }));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const focus = this.#focus ?? { row: 0, cell: 0 };
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#moveTo(focus.row, focus.cell - 1),
      ArrowRight: () => this.#moveTo(focus.row, focus.cell + 1),
      // Newest first: up is later.
      ArrowUp: () => this.#moveTo(focus.row - 1, focus.cell),
      ArrowDown: () => this.#moveTo(focus.row + 1, focus.cell),
      PageUp: () => this.#moveTo(focus.row - ROWS_SHOWN, focus.cell),
      PageDown: () => this.#moveTo(focus.row + ROWS_SHOWN, focus.cell),
      Home: () => this.#moveToNewest(),
      End: () => this.#moveTo(this.#rows.length - 1, 0),
      Enter: () => this.#lookAtFocus(),
      ' ': () => this.#lookAtFocus(),
    };
    const move = moves[event.key];
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  };

  #lookAtFocus(): void {
    const row = this.#rows[this.#focus?.row ?? 0];
    const cell = row?.kind === 'cells' ? this.#cells(row)[this.#focus?.cell ?? 0] : undefined;
    if (cell !== undefined) this.#look(cell);
  }

  #moveToNewest(): void {
    const row = this.#rows[0];
    const newest = this.station.timeline.startMs.at(-1) ?? 0;
    const cells = row?.kind === 'cells' ? this.#cells(row) : [];
    this.#moveTo(
      0,
      cells.findIndex(({ fromMs, toMs }) => fromMs <= newest && newest < toMs),
    );
  }

  /** Moves over the ends of rows, and says where it is. */
  #moveTo(wantedRow: number, wantedCell: number): void {
    let index = Math.min(Math.max(0, wantedRow), this.#rows.length - 1);
    const step = wantedRow < (this.#focus?.row ?? -1) ? -1 : 1;
    let cell = wantedCell;
    const width = (at: number) => {
      const row = this.#rows[at];
      return row?.kind === 'cells' ? this.#cells(row).length : 0;
    };
    if (cell < 0 && index < this.#rows.length - 1) {
      index++;
      while (width(index) === 0 && index < this.#rows.length - 1) index++;
      cell = width(index) - 1;
    } else if (cell !== Number.MAX_SAFE_INTEGER && cell >= width(index) && width(index) > 0 && index > 0) {
      index--;
      while (width(index) === 0 && index > 0) index--;
      cell = 0;
    }
    while (width(index) === 0 && this.#rows[index + step] !== undefined) index += step;
    const row = this.#rows[index];
    if (row?.kind !== 'cells') return;
    cell = Math.min(Math.max(0, cell), width(index) - 1);
    this.#focus = { row: index, cell };
    const { fromMs, toMs } = this.#cells(row)[cell] as CalendarCell;
    this.#said = `${FULL_DAY.format(fromMs)}, ${clockText(fromMs)}: ${cellText(this.station.timeline, fromMs, toMs)}`;
    const list = this.renderRoot.querySelector<LitVirtualizer>('lit-virtualizer');
    list?.scrollToIndex(index, 'nearest');
    this.requestUpdate();
  }

  /** What the keyboard is on, in words. */
  get announced(): string {
    return this.#said;
  }
}
customElements.define('hour-calendar', HourCalendar);
