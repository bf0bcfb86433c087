/** A QR code for a terminal: two rows of it in a line of text, light modules as blocks, as terminals are mostly dark. */
import { encodeQR } from 'qr';

/** Half of what the standard asks for: a window has few columns and lines. */
const QUIET_MODULES = 2;

export interface TerminalCode {
  readonly text: string;
  /** Characters that a line has; a narrower terminal would wrap it, and wrapped lines make no code. */
  readonly columns: number;
}

/** The code of `text`; undefined when it is longer than any code can hold (2,953 bytes). */
export function terminalCode(text: string): TerminalCode | undefined {
  let rows: boolean[][];
  try {
    rows = encodeQR(text, 'raw', { ecc: 'low', border: QUIET_MODULES });
  } catch {
    return undefined;
  }
  const isLight = (row: number, column: number) => rows[row]?.[column] === false;
  const lines: string[] = [];
  for (let row = 0; row < rows.length; row += 2) {
    let line = '';
    for (let column = 0; column < rows.length; column++) {
      const upper = isLight(row, column);
      const lower = isLight(row + 1, column);
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }
    lines.push(line);
  }
  return { text: lines.join('\n'), columns: rows.length };
}
