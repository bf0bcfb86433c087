/** The demonstration's processes: started with `--json`, heard line by line, ended by whoever started them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../prepare.mjs';

const running = new Set();

/** Starts `waystation <words> --json`; `hear` gets every document it prints. */
export function start(words, hear = () => undefined) {
  const child = spawn(process.execPath, [join(ROOT, 'bin/waystation.js'), ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const documents = [];
  const waiting = new Set();
  let trouble = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    trouble = (trouble + text).slice(-2_000);
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const document = JSON.parse(line);
    documents.push(document);
    hear(document);
    for (const one of waiting) {
      if (!one.wanted(document)) continue;
      waiting.delete(one);
      one.found(document);
    }
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code, signal]]) => {
    running.delete(child);
    const error = new Error(
      `waystation ${words.slice(0, 3).join(' ')} … ended (${code ?? signal}):\n${trouble}`,
    );
    for (const { lost } of waiting) lost(error);
    waiting.clear();
    return { code, result: documents.at(-1), trouble };
  });
  return {
    ended,
    /** The first document, printed already or to come, that is wanted. */
    heard: (wanted) =>
      new Promise((found, lost) => {
        const known = documents.find(wanted);
        if (known !== undefined) found(known);
        else if (running.has(child)) waiting.add({ wanted, found, lost });
        else lost(new Error(`waystation ${words.slice(0, 3).join(' ')} … has ended:\n${trouble}`));
      }),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Runs a command to its end; its document. @throws Error with what it said when it fails. */
export async function ask(...words) {
  const { code, result, trouble } = await start(words).ended;
  if (code !== 0) throw new Error(`waystation ${words.slice(0, 3).join(' ')} …: exit ${code}\n${trouble}`);
  return result;
}

/** Ends whatever is left. */
export async function endAll() {
  const left = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(left);
}
