/** A sensor's last values on one line: each with its name, the unit once where all have the same. */
import { html, nothing, type TemplateResult } from 'lit';
import { readingText, unitText } from '../parts/words.ts';

export interface ShownColumn {
  readonly name: string;
  readonly unit: string;
  readonly last: number | null;
}

export function valuesLine(columns: readonly ShownColumn[]): TemplateResult {
  const [first] = columns;
  const isOneUnit =
    first !== undefined && columns.length > 1 && columns.every(({ unit }) => unit === first.unit);
  return html`${columns.map(
    ({ name, last, unit }) =>
      html`<span class="one"
        ><span class="soft">${name}</span> <span class="figure">${readingText(last, unit)}</span>${
          isOneUnit || unit === '' ? nothing : html` ${unitText(unit)}`
        }</span
      >`,
  )}${isOneUnit && first.unit !== '' ? html`<span class="one">${unitText(first.unit)}</span>` : nothing}`;
}
