import { decodeQR } from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { terminalCode } from '../../../src/node/terminal-code.ts';

/** What a camera sees of a dark terminal: a block is light, and what is not drawn is dark; eight pixels a module. */
function photograph(text: string): { width: number; height: number; data: Uint8Array } {
  const SCALE = 8;
  const MARGIN = 3;
  const lines = text.split('\n');
  const columns = lines[0]!.length + 2 * MARGIN;
  const rows = lines.length * 2 + 2 * MARGIN;
  const data = new Uint8Array(columns * rows * SCALE * SCALE * 4);
  for (let y = 0; y < rows * SCALE; y++) {
    for (let x = 0; x < columns * SCALE; x++) {
      const row = Math.floor(y / SCALE) - MARGIN;
      const character = lines[row >> 1]?.[Math.floor(x / SCALE) - MARGIN] ?? ' ';
      const light = character === '█' || character === (row % 2 === 0 ? '▀' : '▄');
      data.fill(light ? 230 : 20, (y * columns * SCALE + x) * 4, (y * columns * SCALE + x) * 4 + 3);
      data[(y * columns * SCALE + x) * 4 + 3] = 255;
    }
  }
  return { width: columns * SCALE, height: rows * SCALE, data };
}

describe('a code in a terminal', () => {
  it.each([
    ['an address', 'http://192.168.1.20:7070'],
    ['an invite', `http://192.168.1.20:7070/#join=${'aZ09-_'.repeat(115)}`],
  ])('is read from a picture of a dark terminal: %s', (_, text) => {
    const code = terminalCode(text);
    expect(decodeQR(photograph(code!.text))).toBe(text);
  });

  it('says how wide it is, and is half as high', () => {
    const code = terminalCode('http://192.168.1.20:7070')!;
    const lines = code.text.split('\n');
    for (const line of lines) expect([...line]).toHaveLength(code.columns);
    expect(lines).toHaveLength(Math.ceil(code.columns / 2));
  });

  it('is none for what no code can hold', () => {
    expect(terminalCode('x'.repeat(3_000))).toBeUndefined();
  });
});
