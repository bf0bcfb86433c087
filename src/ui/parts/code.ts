/** A QR code of a text, black on white in every look: cameras read nothing else. */
import type { TemplateResult } from 'lit';
import { html } from 'lit';
import { unsafeSVG } from 'lit/directives/unsafe-svg.js';
import encodeQR from 'qr';

/** @param text at most about 2,900 bytes, the most that fits in a code. @throws Error when it does not fit. */
export function renderCode(text: string): TemplateResult {
  return html`${unsafeSVG(encodeQR(text, 'svg', { ecc: 'low', border: 2 }))}`;
}
