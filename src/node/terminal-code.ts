/** A QR code for a terminal: two rows of modules in one line of half blocks, light on dark grounds as scanners expect it. */
import encodeQR from 'qr';

/**
 * Lines of `text` as a code with a quiet zone of two modules.
 * @throws Error when it does not fit in a code (about 2,900 bytes).
 */
export function terminalCode(text: string): string {
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 2 });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] ?? [];
    const lower = rows[y + 1] ?? [];
    // The quiet zone's colour is drawn, so that a code is read on dark and on light terminals alike.
    lines.push(upper.map((dark, x) => HALVES[(dark ? 0 : 2) + (lower[x] === false ? 1 : 0)]).join(''));
  }
  return lines.join('\n');
}

/** Neither half light, the lower, the upper, both. */
const HALVES = [' ', '▄', '▀', '█'] as const;
