/** What the shapes of the strips and the calendar mean, drawn as they are drawn there. */
import { msg } from '@lit/localize';
import { html, LitElement, type TemplateResult } from 'lit';
import { DATA_STYLES } from './data-styles.ts';
import { type PaintedCell, paintCells, prepared } from './paint-cells.ts';
import { Palette } from './palette.ts';

const WIDTH_PX = 30;
const HEIGHT_PX = 24;
const WHOLE = { x: 0, width: WIDTH_PX, held: 0, known: 0, missing: 0, hasGap: false };
const SAMPLES: readonly PaintedCell[] = [
  { ...WHOLE, held: 1 },
  { ...WHOLE, known: 1 },
  { ...WHOLE, missing: 1 },
  { ...WHOLE, held: 1, hasGap: true },
];

export class CellKey extends LitElement {
  static override styles = [DATA_STYLES];
  readonly #palette = new Palette(this);

  protected override render(): TemplateResult {
    const words = [msg('here'), msg('exists, not here yet'), msg('missing: no hour known'), msg('has a gap')];
    return html`<ul class="key" aria-label=${msg('Meaning of the shapes')}>
      ${words.map((word) => html`<li><canvas style="width: ${WIDTH_PX}px; height: ${HEIGHT_PX}px" aria-hidden="true"></canvas>${word}</li>`)}
    </ul>`;
  }

  protected override updated(): void {
    this.renderRoot.querySelectorAll('canvas').forEach((canvas, i) => {
      const context = prepared(canvas, WIDTH_PX, HEIGHT_PX);
      const sample = SAMPLES[i];
      if (context !== null && sample !== undefined)
        paintCells(context, [sample], HEIGHT_PX, this.#palette.colours);
    });
  }
}
customElements.define('cell-key', CellKey);
