/** One row of the calendar: its cells on one canvas, each told in pieces where only parts of it were recorded. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { type Coverage, coverageOf } from '../../station/coverage.ts';
import type { DataStation } from '../model/data-port.ts';
import { type CalendarCell, type CalendarShape, type CellRow, cellsOf, type Zone } from './calendar-rows.ts';
import { type PaintedCell, paintCells, prepared } from './paint-cells.ts';
import { Palette } from './palette.ts';
import type { Span } from './view-state.ts';

export const CELLS_PX = 28;
/** A cell is told in pieces of about so many pixels, and no more of them than minutes of an hour. */
const FINE_PX = 2;
const MAX_FINER = 60;
/** Parts of a cell that nobody could tell apart. */
const SAME = 1e-3;

export class HourRow extends LitElement {
  static override properties = {
    station: { attribute: false },
    row: { attribute: false },
    shape: { attribute: false },
    zone: { attribute: false },
    width: { attribute: false },
    span: { attribute: false },
    focused: { attribute: false },
  };
  static override styles = css`
    canvas {
      display: block;
      width: 100%;
      height: ${CELLS_PX}px;
    }
  `;

  declare station: DataStation;
  declare row: CellRow;
  declare shape: CalendarShape;
  declare zone: Zone;
  declare width: number;
  declare span: Span | null;
  /** Start of the cell that the keyboard is on. */
  declare focused: number | null;
  readonly #palette = new Palette(this);

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true"></canvas>`;
  }

  protected override updated(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    if (canvas === null || this.width <= 0) return;
    const context = prepared(canvas, this.width, CELLS_PX);
    if (context === null) return;
    const { colours } = this.#palette;
    const { shape, zone, row, station, span } = this;
    const cells = cellsOf(row, shape, zone);
    const places = cells.map((cell) => placeOf(cell, shape, this.width));
    const finer = Math.max(1, Math.min(MAX_FINER, Math.floor((places[0]?.width ?? 0) / FINE_PX)));
    const coverage = coverageOf(
      station.timeline,
      cells[0]?.fromMs ?? 0,
      shape.cellMs / finer,
      cells.length * finer,
    );
    const painted = places.flatMap((place, i) => cellPieces(coverage, place, i * finer, finer));
    paintCells(context, painted, CELLS_PX, colours);
    cells.forEach((cell, i) => {
      const { x, width } = places[i] ?? { x: 0, width: 0 };
      if (span !== null && cell.fromMs < span.toMs && cell.toMs > span.fromMs) {
        context.fillStyle = colours.ink;
        context.fillRect(x, CELLS_PX - 2, width, 2);
      }
      if (cell.fromMs === this.focused) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 3;
        context.strokeRect(x + 1.5, 1.5, Math.max(4, width - 3), CELLS_PX - 3);
      }
    });
  }
}
customElements.define('hour-row', HourRow);

/** A cell in one piece where all of it is the same, else in pieces that stand where they belong in its time. */
function cellPieces(
  { held, known, missing, gap }: Coverage,
  { x, width }: { readonly x: number; readonly width: number },
  from: number,
  count: number,
): PaintedCell[] {
  const at = (i: number) => ({
    held: held[i] as number,
    known: known[i] as number,
    missing: missing[i] as number,
  });
  const pieces = Array.from({ length: count }, (_, i) => at(from + i));
  const first = at(from);
  const isWhole = pieces.every(
    (one) =>
      Math.abs(one.held - first.held) < SAME &&
      Math.abs(one.known - first.known) < SAME &&
      Math.abs(one.missing - first.missing) < SAME,
  );
  if (isWhole) return [{ x, width, ...first, hasGap: gap.subarray(from, from + count).includes(1) }];
  const left = x + 1;
  const wide = Math.max(1, width - 2) / count;
  return pieces.map((one, i) => ({
    x: left + i * wide,
    width: wide,
    ...one,
    // A gap has one notch, where it begins.
    hasGap: gap[from + i] === 1 && (i === 0 || gap[from + i - 1] !== 1),
    isPiece: true,
  }));
}

/** Where a cell stands in a row of `width` pixels. */
export function placeOf(
  { column, part, parts }: CalendarCell,
  { columns }: CalendarShape,
  width: number,
): { x: number; width: number } {
  const wide = width / columns;
  return { x: column * wide + (part * wide) / parts, width: wide / parts };
}
