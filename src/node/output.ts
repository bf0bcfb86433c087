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

export function createOutput(json: boolean, stdout: WriteText, stderr: WriteText): Output {
  return {
    json,
    say: (text) => stderr(`${text}\n`),
    result: (document, text) => stdout(json ? `${JSON.stringify(document)}\n` : `${text}\n`),
    event: (document, text) => {
      if (json) stdout(`${JSON.stringify(document)}\n`);
      stderr(`${text}\n`);
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

/** A text table with aligned columns; the first row is the head. */
export function formatTable(rows: readonly (readonly string[])[]): string {
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
