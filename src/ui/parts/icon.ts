/** Icons from one set (Lucide), drawn in the colour of the text around them. Beside a word they say nothing to a screen reader. */
import { html, type TemplateResult } from 'lit';
import { unsafeSVG } from 'lit/directives/unsafe-svg.js';
import type { IconNode } from 'lucide';

const drawn = new Map<IconNode, string>();

function drawing(node: IconNode): string {
  let text = drawn.get(node);
  if (text === undefined) {
    text = node
      .map(([tag, attributes]) => {
        const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
        return `<${tag} ${written.join(' ')}/>`;
      })
      .join('');
    drawn.set(node, text);
  }
  return text;
}

/**
 * An icon as large as the text beside it, times `scale`.
 * @param node from `lucide`, imported by its name so that only what is used is in the page.
 */
export function icon(node: IconNode, scale = 1.25): TemplateResult {
  return html`<svg
    class="icon"
    aria-hidden="true"
    width="${scale}em"
    height="${scale}em"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    style="flex: none; vertical-align: -0.2em"
  >${unsafeSVG(drawing(node))}</svg>`;
}
