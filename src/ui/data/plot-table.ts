/** What the plot shows, as a table: for screen readers, and for those who want numbers. Bounded: a stretch is told by as many rows. */
import { msg, str } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import { align, type Polyline } from '../model/data-series.ts';
import { countText } from '../parts/words.ts';
import { type PlotPanel, rangeText, valueText } from './plot-parts.ts';
import { momentText, zoneAt } from './time-words.ts';
import type { Span } from './view-state.ts';

const MAX_ROWS = 120;

export function plotTable(panels: readonly PlotPanel[], span: Span): TemplateResult {
  const lines = panels.flatMap((panel) => panel.lines.map((line) => ({ ...line, unit: panel.unit, panel })));
  const both = lines.map(({ detail, overview }) => (detail.x.length > 0 ? detail : overview));
  const { x, values } = align(both.map((line: Polyline) => ({ x: line.x, y: line.mean })));
  // Of what is not here it is known between which values it lies.
  const overviews = lines.map(({ detail, overview }) =>
    detail.x.length > 0 ? undefined : new Map(overview.x.map((ms, at) => [ms, at])),
  );
  const cell = (line: number, i: number): string => {
    const value = values[line]?.[i] ?? null;
    const { panel, overview } = lines[line] as (typeof lines)[number];
    const at = overviews[line]?.get(x[i] as number);
    if (value === null) return '';
    if (at === undefined) return valueText(value, panel);
    return rangeText({ min: overview.min[at] ?? value, max: overview.max[at] ?? value }, panel);
  };
  const seen: number[] = [];
  for (let i = 0; i < x.length; i++) {
    const ms = x[i] as number;
    if (ms < span.fromMs || ms > span.toMs) continue;
    if (values.some((column) => column[i] !== null && column[i] !== undefined)) seen.push(i);
  }
  const step = Math.max(1, Math.ceil(seen.length / MAX_ROWS));
  const rows = seen.filter((_, i) => i % step === 0);
  return html`
    <p class="soft">
      ${step === 1 ? countText(rows.length, msg('time.'), msg('times.')) : msg(str`One of every ${step}, of ${seen.length} times; zoom in for the others.`)}
      ${msg(str`Times in ${zoneAt(span.fromMs)}.`)}
    </p>
    <div class="table" tabindex="0" role="region" aria-label=${msg('Readings as a table')}>
      <table>
        <thead>
          <tr>
            <th scope="col">${msg('Time')}</th>
            ${lines.map(({ label, unit }) => html`<th scope="col">${label}${unit === '' ? '' : `, ${unit}`}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (i) => html`<tr>
              <th scope="row">${momentText(x[i] as number, span.toMs - span.fromMs)}</th>
              ${lines.map((_, at) => html`<td>${cell(at, i)}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
