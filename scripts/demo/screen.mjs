/** What the demonstration shows: progress bars on a terminal, plain lines elsewhere, and a table at the end. */
import cliProgress from 'cli-progress';

const NAME_WIDTH = 14;

/** Bars that move as hours are sealed and fetched; on anything but a terminal one line for each that fills. */
export function createBars() {
  const onTerminal = process.stdout.isTTY === true;
  const format = '  {name} {bar} {value}/{total} {what}';
  const options = { format, hideCursor: true, clearOnComplete: false, autopadding: true, barsize: 32 };
  const bars = new cliProgress.MultiBar(options, cliProgress.Presets.shades_classic);
  return {
    add: (name, what, total) => {
      const bar = onTerminal ? bars.create(total, 0, { name: name.padEnd(NAME_WIDTH), what }) : undefined;
      let shown = 0;
      return (value) => {
        if (value <= shown) return;
        shown = value;
        if (bar !== undefined) bar.update(value);
        else if (value === total) console.log(`  ${name.padEnd(NAME_WIDTH)} ${value}/${total} ${what}`);
      };
    },
    stop: () => bars.stop(),
  };
}

/** Prints rows in aligned columns; the first is the head. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const print = (row) =>
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd());
  const [head, ...body] = rows;
  print(head);
  print(widths.map((width) => '─'.repeat(width)));
  for (const row of body) print(row);
}
