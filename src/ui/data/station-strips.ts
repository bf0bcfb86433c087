/**
 * One strip a station over the stretch of time that the plot shows: which of its hours are here, exist, are missing or have gaps. Only
 * the strips in sight are drawn, so that two hundred scroll like two. Events: `choose` (a station's key), `look` (a stretch of time).
 */
import '@lit-labs/virtualizer';
import { msg, str } from '@lit/localize';
import type { LitVirtualizer } from '@lit-labs/virtualizer';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { coverageOf } from '../../station/coverage.ts';
import type { DataStation } from '../model/data-port.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { WidthWatch } from '../parts/width-watch.ts';
import { countText } from '../parts/words.ts';
import { countsText } from './hour-words.ts';
import { paintCells, prepared } from './paint-cells.ts';
import { Palette } from './palette.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './plot-shape.ts';
import type { Span } from './view-state.ts';

const STRIP_PX = 28;
const ROW_PX = 88;
/** More rows than this are scrolled. */
const MAX_ROWS_SHOWN = 5;
/** Pixels of one cell of a strip. */
const CELL_PX = 3;

/** One station's strip; drawn again only when something of it changed. */
class HourStrip extends LitElement {
  static override properties = {
    station: { attribute: false },
    span: { attribute: false },
    width: { attribute: false },
  };
  static override styles = css`
    canvas {
      display: block;
      width: 100%;
      height: ${STRIP_PX}px;
    }
  `;

  declare station: DataStation;
  declare span: Span;
  declare width: number;
  readonly #palette = new Palette(this);

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true"></canvas>`;
  }

  protected override updated(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    const { width, span, station } = this;
    if (canvas === null || width <= 0) return;
    const context = prepared(canvas, width, STRIP_PX);
    if (context === null) return;
    const { colours } = this.#palette;
    const cells = Math.max(1, Math.floor(width / CELL_PX));
    const cellMs = (span.toMs - span.fromMs) / cells;
    const { held, known, missing, gap } = coverageOf(station.timeline, span.fromMs, cellMs, cells);
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, STRIP_PX);
    // On whole pixels: seams would look like gaps.
    const edge = (i: number) => Math.round((i * width) / cells);
    const painted = Array.from(held, (part, i) => ({
      x: edge(i),
      width: edge(i + 1) - edge(i),
      held: part,
      known: known[i] as number,
      missing: missing[i] as number,
      // Of a run of cells with the same gap only the first has the notch.
      hasGap: gap[i] === 1 && gap[i - 1] !== 1,
    }));
    paintCells(context, painted, STRIP_PX, colours);
  }
}
customElements.define('hour-strip', HourStrip);

export class StationStrips extends LitElement {
  static override properties = {
    stations: { attribute: false },
    chosen: { attribute: false },
    span: { attribute: false },
  };
  static override styles = [
    SHARED_STYLES,
    css`
      lit-virtualizer {
        overscroll-behavior: contain;
      }
      .station {
        width: 100%;
        height: ${ROW_PX}px;
        padding-block-end: 8px;
      }
      button.name {
        display: flex;
        align-items: center;
        gap: 8px;
        width: 100%;
        min-height: 48px;
        padding: 0 4px;
        border: 0;
        text-align: start;
        color: var(--ws-ink);
      }
      button.name span:first-child {
        flex: 1 0 auto;
        max-width: 60%;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      button.name .soft {
        font-weight: 400;
        font-size: var(--ws-size-small);
        margin-inline-start: auto;
        text-align: end;
        flex: 0 1 auto;
      }
      button.name[aria-pressed='true'] span:first-child::before {
        content: '✓ ';
        color: var(--ws-accent);
      }
      hour-strip {
        display: block;
        margin-inline: ${PLOT_LEFT_PX}px ${PLOT_RIGHT_PX}px;
        cursor: zoom-in;
        border: 1px solid var(--ws-line);
      }
    `,
  ];

  declare stations: readonly DataStation[];
  declare chosen: readonly DataStation[];
  declare span: Span;
  readonly #width = new WidthWatch(this, PLOT_LEFT_PX + PLOT_RIGHT_PX + 2);

  protected override render(): TemplateResult {
    const { stations } = this;
    if (stations.length <= MAX_ROWS_SHOWN)
      return html`<div role="group" aria-label=${msg('Stations')}>${stations.map((one) => this.#row(one))}</div>`;
    return html`<lit-virtualizer
      scroller
      role="group"
      aria-label=${msg(str`${stations.length} stations`)}
      style="height: ${MAX_ROWS_SHOWN * ROW_PX}px"
      .items=${stations as DataStation[]}
      .keyFunction=${(station: DataStation) => station.key}
      .renderItem=${(station: DataStation) => this.#row(station)}
    ></lit-virtualizer>`;
  }

  protected override updated(): void {
    // The virtualizer draws rows anew only when it is told to; what they show may have changed.
    this.renderRoot.querySelector<LitVirtualizer>('lit-virtualizer')?.requestUpdate();
  }

  #row(station: DataStation): TemplateResult {
    const { key, name, timeline, lockedHours, replay } = station;
    const isChosen = this.chosen.some((one) => one.key === key);
    const said =
      lockedHours > 0 && timeline.hours.length === 0
        ? countText(lockedHours, msg('locked hour'), msg('locked hours'))
        : countsText(timeline);
    return html`
      <div class="station">
        <button
          class="name"
          aria-pressed=${isChosen ? 'true' : 'false'}
          @click=${() => this.#emit('choose', key)}
        >
          <span>${name}</span>${replay ? html`<span class="label warn">${msg('replay')}</span>` : nothing}<span class="soft">${said}</span>
        </button>
        <hour-strip
          .station=${station}
          .span=${this.span}
          .width=${this.#width.px}
          @click=${(event: MouseEvent) => this.#look(event, station)}
        ></hour-strip>
      </div>
    `;
  }

  #look(event: MouseEvent, station: DataStation): void {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const { fromMs, toMs } = this.span;
    const at = fromMs + ((event.clientX - box.left) / box.width) * (toMs - fromMs);
    this.#emit('look', { station: station.key, atMs: at });
  }

  #emit(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
customElements.define('station-strips', StationStrips);
