import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { expect, it } from 'vitest';

/** A program that makes a link, sends over it, closes the transports and has nothing else to do. */
const PROGRAM = `
import { NodeDataChannelTransport } from './src/mesh/node-datachannel.node.ts';
const [a, b] = [new NodeDataChannelTransport({ bindAddress: '127.0.0.1' }), new NodeDataChannelTransport({ bindAddress: '127.0.0.1' })];
const initiator = a.connect(true, {
  onSignal: (s) => responder.signal(s),
  onOpen: (link) => { link.attach({ onMessage() {}, onDrain() {}, onClose() {} }); link.send('control', new Uint8Array(3)); },
  onFail: console.error,
});
const responder = b.connect(false, {
  onSignal: (s) => initiator.signal(s),
  onOpen: (link) => link.attach({ onMessage(_, bytes) { console.log('got', bytes.length); a.close(); b.close(); }, onDrain() {}, onClose() {} }),
  onFail: console.error,
});
`;

it('a Node process that has closed its transports ends by itself', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const entry = `${root}exit-program.ts`;
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: { ssr: entry, write: false },
    plugins: [
      {
        name: 'exit-program',
        resolveId: (id) => (id === entry ? entry : null),
        load: (id) => (id === entry ? PROGRAM : null),
      },
    ],
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output !== undefined && 'output' in output ? output.output[0] : undefined;
  // From standard input, so that the bare imports that were left resolve from the project.
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (data) => {
    printed += String(data);
  });
  child.stdin.end(chunk?.code ?? '');
  // Not “exit”: what it printed may still be in the pipe then.
  const [code] = await once(child, 'close');
  expect([code, printed]).toEqual([0, 'got 3\n']);
});
