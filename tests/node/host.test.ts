/** `waystation host`, `relay --stun-port` and the example in real processes. */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStun, encodeStun } from '../../signaling/stun-message.ts';
import { WireClient } from '../contract/peer-server-contract.ts';
import { readPrometheusText } from '../unit/signaling/prometheus-text.ts';
import { buildCli, ROOT, Workshop } from './cli.ts';

const shop = new Workshop();
beforeAll(buildCli);
const closing: (() => void)[] = [];
afterAll(async () => {
  await shop.close();
  for (const close of closing) close();
});

const HOST = ['host', '--port', '0', '--stun-port', '0', '--listen', '127.0.0.1'];

/** The class of what comes back. */
async function askStun(port: number): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const request = {
      messageClass: 'request',
      method: 1,
      transaction: new Uint8Array(12),
      attributes: [],
    } as const;
    socket.send(encodeStun({ ...request, hasFingerprint: false }), port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    const message = decodeStun(answer);
    return typeof message === 'string' ? message : message.messageClass;
  } finally {
    socket.close();
  }
}

async function exchange(url: string, key = 'peerjs'): Promise<void> {
  const [a, b] = ['a', 'b'].map((id) => new WireClient(url, { key, id, token: 't' })) as [
    WireClient,
    WireClient,
  ];
  try {
    expect([(await a.next())?.type, (await b.next())?.type]).toEqual(['OPEN', 'OPEN']);
    a.send({ type: 'OFFER', dst: 'b', payload: 'hello' });
    expect(await b.next()).toEqual({ type: 'OFFER', src: 'a', dst: 'b', payload: 'hello' });
  } finally {
    a.socket.terminate();
    b.socket.terminate();
  }
}

describe('waystation host', () => {
  it('is a meeting point with STUN, health and metrics, and ends when it is told to', async () => {
    const host = shop.start(HOST);
    const said = await host.document((document) => document.listening !== undefined);
    expect(said).toMatchObject({
      host: expect.stringMatching(/^ws:\/\/localhost:\d+$/),
      hostId: expect.any(String),
    });
    const { port } = new URL(said.listening);
    const url = `ws://127.0.0.1:${port}`;
    await exchange(url);
    expect(await askStun(Number(said.stun[0].split(':').at(-1)))).toBe('success');
    const health = await (await fetch(`http://127.0.0.1:${port}/healthz`)).json();
    expect(health).toMatchObject({
      ok: true,
      host: said.hostId,
      relayed: { OFFER: 1 },
      stun: { answers: 1 },
    });
    const metrics = readPrometheusText(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    expect(metrics.get('waystation_stun_answers_total')?.samples.get('result="success"')).toBe(1);
    expect(await host.stop()).toMatchObject({ code: 0 });
    // No data folder is made or needed.
    expect(host.lines.stderr.join('\n')).toContain('--host ws://localhost');
  });

  it('takes the keys it is given, lists peers when it is told to, and leaves STUN out', async () => {
    const host = shop.start([...HOST, '--no-stun', '--list-peers', '--key', 'one', 'two']);
    const said = await host.document((document) => document.listening !== undefined);
    expect(said.stun).toBeUndefined();
    const { port } = new URL(said.listening);
    await exchange(`ws://127.0.0.1:${port}`, 'two');
    expect(await (await fetch(`http://127.0.0.1:${port}/one/peers`)).json()).toEqual([]);
    await host.stop();
  });

  it('says what to do when a port is taken', async () => {
    const first = shop.start(HOST);
    const said = await first.document((document) => document.listening !== undefined);
    const stunPort = said.stun[0].split(':').at(-1);
    const { port } = new URL(said.listening);
    const again = await shop.run(['host', '--port', '0', '--stun-port', stunPort, '--listen', '127.0.0.1']);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('--stun-port') });
    const both = await shop.run(['host', '--port', port, '--stun-port', '0', '--listen', '127.0.0.1']);
    expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining('another program is using it') });
    expect(await shop.run(['host', '--port', '70000'])).toMatchObject({ code: 2 });
    await first.stop();
  });
});

describe('a relay', () => {
  it('answers STUN only where that is asked for, and shows /metrics', async () => {
    const plain = await shop.relay(shop.path('plain'));
    const metrics = async (port: number) =>
      readPrometheusText(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    expect((await metrics(plain.port)).has('waystation_stun_requests_total')).toBe(false);
    expect((await plain.process.documents())[0].stunPort).toBeUndefined();
    await plain.process.stop();
    const { process, port } = await shop.relay(shop.path('with-stun'), '--stun-port', '0');
    const { stunPort } = await process.document((document) => document.stunPort !== undefined);
    expect(await askStun(stunPort)).toBe('success');
    await exchange(`ws://127.0.0.1:${port}`);
    expect((await metrics(port)).get('waystation_stun_requests_total')?.samples.get('')).toBe(1);
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toMatchObject({
      stun: { answers: 1 },
    });
    expect(await process.stop()).toMatchObject({ code: 0 });
  });
});

describe('the example', () => {
  it('is a program of its own in which clients meet', async () => {
    // Beside the built program, where the bundle finds `ws`.
    const out = join(ROOT, 'dist', `example-${process.pid}`);
    closing.push(() => rmSync(out, { recursive: true, force: true }));
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
    const words = ['build', '--ssr', 'examples/host/own-server.ts', '--outDir', out, '--logLevel', 'warn'];
    const built = spawnSync(process.execPath, [vite, ...words], { cwd: ROOT, encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    const env = { PORT: '0', STUN_PORT: '0' };
    const program = shop.spawn(process.execPath, [join(out, 'own-server.js')], { env });
    const said = await program.document((document) => document.http !== undefined);
    expect(await (await fetch(said.http)).text()).toContain('the program around it');
    await exchange(said.http.replace('http:', 'ws:'));
    expect(await askStun(Number(said.stun.split(':').at(-1)))).toBe('success');
    const metrics = readPrometheusText(await (await fetch(`${said.http}/metrics`)).text());
    expect(metrics.get('waystation_host_opened_total')?.samples.get('')).toBe(2);
    expect(await program.stop()).toMatchObject({ code: 0 });
  });
});
