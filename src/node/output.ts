/**
 * What the command line says: people's text on stderr, results on stdout. With `--json` stdout carries one JSON document per
 * line and nothing else.
 */
export interface RunningEvent {
  readonly event: string;
  readonly [detail: string]: unknown;
}

export interface Output {
  readonly json: boolean;
  /** A line for the person. */
  say(text: string): void;
  /** A result: its JSON document under `--json`, the text otherwise. */
  result(document: unknown, text: string): void;
  /** Something that happened while running: a JSON document under `--json`, with its kind as `event`; the text in any case. */
  event(document: RunningEvent, text: string): void;
}

export type WriteText = (text: string) => void;

/** What drives a terminal instead of being shown, breaks a line, or turns the rest of it around. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text from elsewhere (a name, a code, an error) as one harmless line; within JSON the escapes mean the same text. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Nothing but line feeds reaches the terminal unescaped, whoever wrote what is said. */
function lines(text: string): string {
  return `${text.split('\n').map(escapeControls).join('\n')}\n`;
}

/** Broken between words into lines of at most `columns`; what follows a break is indented as its line was. Words are never broken. */
export function wrapped(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (line.length > columns ? brokenLine(line, columns) : line))
    .join('\n');
}

function brokenLine(line: string, columns: number): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const broken: string[] = [];
  let current = '';
  for (const word of line.trim().split(' ')) {
    const longer = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && longer.length > columns) {
      broken.push(current);
      current = indent + word;
    } else current = longer;
  }
  return [...broken, current].join('\n');
}

/** @param columns of the terminal that shows what is said; nothing is wrapped when no terminal does. */
export function createOutput(
  json: boolean,
  stdout: WriteText,
  stderr: WriteText,
  columns = Number.POSITIVE_INFINITY,
): Output {
  const writeDocument = (document: unknown) => stdout(lines(JSON.stringify(document)));
  const say = (text: string) => stderr(lines(wrapped(text, columns)));
  return {
    json,
    say,
    result: (document, text) => (json ? writeDocument(document) : stdout(lines(text))),
    event: (document, text) => {
      if (json) writeDocument(document);
      say(text);
    },
  };
}

/** `1.5 MB` and the like, decimal units, three figures at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[unit]}`;
}

/** UTC to the second, or a dash. */
export function formatTime(ms: number | null): string {
  return ms === null ? '–' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A text table with aligned columns, a line per row; the first row is the head. */
export function formatTable(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(escapeControls));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
