/**
 * Lines over time: one panel a unit on one axis of time, a cursor with its values in the legend, zoom and pan by wheel, pinch, drag and
 * keyboard. Events: `span` (a stretch of time and whether the gesture is over), `fit`.
 */
import { msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, svg, type TemplateResult } from 'lit';
import { type Polyline, valueAt } from '../model/data-series.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { WidthWatch } from '../parts/width-watch.ts';
import { lengthText } from '../parts/words.ts';
import { causeText } from './hour-words.ts';
import { Palette } from './palette.ts';
import { PlotGestures } from './plot-gestures.ts';
import { PanelPlot } from './plot-panel.ts';
import {
  colourOf,
  dashOf,
  isWanted,
  OVERVIEW_DASH,
  type PlotLineView,
  type PlotPanel,
  rangeText,
  UPLOT_STYLES,
  valueText,
} from './plot-parts.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './plot-shape.ts';
import { momentText } from './time-words.ts';
import { moved, type Span, zoomed } from './view-state.ts';

const FIRST_PANEL_PX = 250;
const PANEL_PX = 180;
/** A value so near to the cursor is told as the value there, px. */
const NEAR_PX = 12;
/** What a key moves the cursor by, px. */
const KEY_STEP_PX = 8;

/** What a line says at the cursor. */
interface Found {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Its readings are not here. */
  readonly isOverview: boolean;
}

let plots = 0;

export class TimePlot extends LitElement {
  static override properties = {
    panels: { attribute: false },
    span: { attribute: false },
    bounds: { attribute: false },
  };
  static override styles = [
    SHARED_STYLES,
    UPLOT_STYLES,
    css`
      .panels {
        touch-action: pan-y;
        cursor: crosshair;
        min-height: ${FIRST_PANEL_PX}px;
      }
      .unit {
        margin: 0 0 0 4px;
        font-size: var(--ws-size-small);
        font-weight: 600;
      }
      .moment {
        margin: 8px 0 0;
        min-height: 1.5em;
        font-weight: 600;
      }
      .legend {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) fit-content(45%);
        gap: 4px 10px;
        overflow-wrap: anywhere;
        margin: 4px 0 0;
        padding: 0;
        list-style: none;
      }
      .legend li {
        display: contents;
      }
      .legend svg {
        align-self: center;
      }
      .reading {
        text-align: end;
      }
      /* Two values and a unit would leave the name no room on a phone. */
      .reading .range {
        white-space: normal;
      }
      .reading small {
        color: var(--ws-ink-soft);
        white-space: nowrap;
      }
    `,
  ];

  declare panels: readonly PlotPanel[];
  declare span: Span;
  declare bounds: Span;
  readonly #palette = new Palette(this);
  readonly #syncKey = `plot-${++plots}`;
  readonly #gestures = new PlotGestures(this.#gestureTarget());
  #plots: PanelPlot[] = [];
  #madeFor = '';
  readonly #width = new WidthWatch(this);
  /** Where the cursor is, px from the plot's left; null where there is none. */
  #cursor: number | null = null;
  #said = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gestures.end();
    this.#destroy();
  }

  #gestureTarget() {
    const plot = this;
    return {
      get span() {
        return plot.span;
      },
      get bounds() {
        return plot.bounds;
      },
      area: () => {
        const box = plot.renderRoot.querySelector('.u-over')?.getBoundingClientRect();
        return { left: box?.left ?? 0, width: Math.max(1, box?.width ?? 1) };
      },
      show: (span: Span, isDone: boolean) => plot.#emit(span, isDone),
    };
  }

  #emit(span: Span, isDone: boolean): void {
    this.span = span;
    this.dispatchEvent(new CustomEvent('span', { detail: { span, isDone } }));
  }

  protected override render(): TemplateResult {
    const names = this.panels.flatMap(({ lines }) => lines.map(({ label }) => label)).join(', ');
    return html`
      <div
        class="panels"
        tabindex="0"
        role="application"
        aria-roledescription=${msg('plot')}
        aria-label=${msg(str`Plot of ${names}. Left and right move the cursor, plus and minus zoom, page up and page down go through time, 0 shows all.`)}
        aria-describedby="said"
        @keydown=${this.#onKey}
        @pointerdown=${this.#gestures.down}
        @pointermove=${this.#gestures.move}
        @pointerup=${this.#gestures.up}
        @pointercancel=${this.#gestures.up}
      >
        ${this.panels.map(
          (panel) => html`
            <p class="unit" aria-hidden="true">${panel.unit === '' ? msg('unit not known') : panel.unit}</p>
            <div class="panel"></div>
          `,
        )}
      </div>
      <p class="moment">${this.#moment()}</p>
      <ul class="legend">${this.panels.flatMap((panel) => panel.lines.map((line) => this.#legend(panel, line)))}</ul>
      <p class="hidden-text" id="said" aria-live="polite">${this.#said}</p>
    `;
  }

  protected override firstUpdated(): void {
    // Not passive: where it zooms, the page must not scroll.
    const panels = this.renderRoot.querySelector<HTMLElement>('.panels');
    panels?.addEventListener('wheel', this.#gestures.wheel, { passive: false });
    panels?.addEventListener('touchstart', this.#gestures.touch, { passive: false });
    panels?.addEventListener('touchmove', this.#gestures.touch, { passive: false });
  }

  protected override updated(): void {
    if (this.#width.px <= 0 || !this.isConnected) return;
    const { colours } = this.#palette;
    const madeFor = `${this.#width.px} ${colours.ink} ${colours.surface} ${colours['plot-1']}`;
    const fits =
      madeFor === this.#madeFor &&
      this.#plots.length === this.panels.length &&
      this.panels.every((panel, i) => this.#plots[i]?.fits(panel) === true);
    if (fits) {
      this.#plots.forEach((plot, i) => {
        plot.show(this.panels[i] as PlotPanel, this.span);
      });
      return;
    }
    this.#destroy();
    this.#madeFor = madeFor;
    const roots = [...this.renderRoot.querySelectorAll<HTMLElement>('.panel')];
    this.#plots = this.panels.map((panel, i) => {
      const isLast = i === this.panels.length - 1;
      return new PanelPlot(roots[i] as HTMLElement, panel, this.span, {
        width: this.#width.px,
        height: (i === 0 ? FIRST_PANEL_PX : PANEL_PX) + (isLast ? 0 : -38),
        colours,
        hasTimes: isLast,
        syncKey: this.#syncKey,
        onCursor: (left) => this.#moveCursor(left),
      });
    });
  }

  #destroy(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
  }

  #moveCursor(left: number | null): void {
    if (left === this.#cursor) return;
    this.#cursor = left;
    this.requestUpdate();
  }

  get #plotWidth(): number {
    return Math.max(1, this.#width.px - PLOT_LEFT_PX - PLOT_RIGHT_PX);
  }

  #cursorMs(): number | null {
    if (this.#cursor === null) return null;
    const { fromMs, toMs } = this.span;
    return fromMs + (this.#cursor / this.#plotWidth) * (toMs - fromMs);
  }

  #nearMs(): number {
    return (NEAR_PX / this.#plotWidth) * (this.span.toMs - this.span.fromMs);
  }

  #moment(): string {
    const ms = this.#cursorMs();
    if (ms === null) return '';
    const gap = this.#gapText(ms);
    const moment = momentText(ms, this.span.toMs - this.span.fromMs);
    return gap === '' ? moment : `${moment} · ${gap}`;
  }

  #gapText(ms: number): string {
    for (const { breaks } of this.panels) {
      const gap = breaks.find(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
      if (gap === undefined) continue;
      const length = lengthText(gap.toMs - gap.fromMs);
      return isWanted(gap)
        ? msg(str`not recorded for ${length}: ${causeText(gap.cause)}`)
        : msg(str`gap of ${length}: ${causeText(gap.cause)}`);
    }
    return '';
  }

  #legend(panel: PlotPanel, line: PlotLineView): TemplateResult {
    const hasOverview = line.overview.x.length > 0;
    const isOnlyOverview = hasOverview && line.detail.x.length === 0;
    return html`<li>
      ${swatch(line.look, isOnlyOverview)}
      <span>
        ${line.label}
        ${
          hasOverview
            ? html`<small class="soft">
                ${isOnlyOverview ? msg('dotted: overview, readings not here yet') : msg('dotted parts: overview, readings not here yet')}
              </small>`
            : nothing
        }
      </span>
      <span class="reading">${this.#reading(panel, line)}</span>
    </li>`;
  }

  #reading(panel: PlotPanel, line: PlotLineView): TemplateResult | typeof nothing {
    const ms = this.#cursorMs();
    const found = ms === null ? null : this.#found(line, ms);
    if (found === null) return html`<span class="soft">–</span>`;
    const { mean, min, max, isOverview } = found;
    // Of what is not here it is known between which values it lies.
    if (isOverview)
      return html`<strong class="value range">${rangeText(found, panel)} ${panel.unit}</strong>`;
    return html`<strong class="value">${valueText(mean, panel)} ${panel.unit}</strong>
      ${min < max ? html`<small>${valueText(min, panel)} – ${valueText(max, panel)}</small>` : nothing}`;
  }

  #found(line: PlotLineView, ms: number): Found | null {
    for (const own of [line.detail, line.overview]) {
      const isOverview = own === line.overview;
      const at = isOverview ? covering(own, ms) : valueAt(own, ms, this.#nearMs());
      if (at === null) continue;
      const [mean, min, max] = [own.mean[at], own.min[at], own.max[at]] as [number, number, number];
      return { mean, min, max, isOverview };
    }
    return null;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { span, bounds } = this;
    const center = this.#cursorMs() ?? (span.fromMs + span.toMs) / 2;
    const step = event.shiftKey ? KEY_STEP_PX * 8 : KEY_STEP_PX;
    const zoom = (factor: number) => this.#emit(zoomed(span, factor, center, bounds), true);
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#keyCursor(-step),
      ArrowRight: () => this.#keyCursor(step),
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      PageUp: () => this.#emit(moved(span, -0.8, bounds), true),
      PageDown: () => this.#emit(moved(span, 0.8, bounds), true),
      '0': () => this.dispatchEvent(new CustomEvent('fit')),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };

  #keyCursor(step: number): void {
    const width = this.#plotWidth;
    const before = this.#cursor ?? (step > 0 ? 0 : width);
    const left = Math.min(width - 1, Math.max(0, before + step));
    // The cursor of one panel moves those of the others.
    this.#plots[0]?.plot.setCursor({ left, top: 10 });
    this.#moveCursor(left);
    const ms = this.#cursorMs() ?? 0;
    const values = this.panels.flatMap((panel) =>
      panel.lines.map((line) => {
        const found = this.#found(line, ms);
        if (found === null) return `${line.label} ${msg('nothing')}`;
        const value = found.isOverview ? rangeText(found, panel) : valueText(found.mean, panel);
        return `${line.label} ${value} ${panel.unit}`;
      }),
    );
    this.#said = [this.#moment(), ...values].join(', ');
  }
}
customElements.define('time-plot', TimePlot);

/** The stretch of an overview that a time lies in. */
function covering(line: Polyline, ms: number): number | null {
  for (let i = 0; i + 1 < line.x.length; i++) {
    if ((line.x[i] as number) <= ms && ms <= (line.x[i + 1] as number) && line.mean[i] !== null)
      return line.mean[i + 1] === null ? null : i;
  }
  return null;
}

function swatch(look: number, isOverview: boolean): TemplateResult {
  const dash = (isOverview ? OVERVIEW_DASH : dashOf(look)).join(' ');
  return html`<svg width="36" height="10" aria-hidden="true">
    ${svg`<line x1="1" y1="5" x2="35" y2="5" stroke="var(--ws-${colourOf(look)})" stroke-width="3" stroke-dasharray=${dash === '' ? 'none' : dash} />`}
  </svg>`;
}
