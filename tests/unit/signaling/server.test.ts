/** The hub on a real port, as stock PeerJS clients and hostile ones meet it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  attachSignaling,
  type SignalingServer,
  startSignalingServer,
} from '../../../signaling/server.node.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function start(options: object = {}): Promise<SignalingServer> {
  const server = await startSignalingServer({ port: 0, listen: '127.0.0.1', ...options });
  opened.push(server);
  return server;
}

/** A client as PeerJS 1.5 behaves on the wire: same query, same message shapes. */
class RawPeer {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #messages: { type: string; [key: string]: unknown }[] = [];
  readonly #waiting: ((message: { type: string; [key: string]: unknown }) => void)[] = [];

  constructor(url: string, id: string, token = 'r4nd0m', path = '/peerjs') {
    this.socket = new WebSocket(`${url}${path}?key=peerjs&id=${id}&token=${token}&version=1.5.5`);
    opened.push({ close: () => this.socket.terminate() });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      const next = this.#waiting.shift();
      if (next === undefined) this.#messages.push(message);
      else next(message);
    });
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
  }

  next(): Promise<{ type: string; [key: string]: unknown }> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }
}

describe('a stock PeerJS client', () => {
  it('gets an id over HTTP, opens, calls another and hears it leave', async () => {
    const { url } = await start();
    const response = await fetch(`${url.replace('ws:', 'http:')}/peerjs/id?ts=1&version=1.5.5`);
    const id = await response.text();
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const alice = new RawPeer(url, id);
    const bob = new RawPeer(url, 'bob');
    expect((await alice.next()).type).toBe('OPEN');
    expect((await bob.next()).type).toBe('OPEN');
    const payload = {
      sdp: { type: 'offer', sdp: 'v=0…' },
      type: 'data',
      connectionId: 'dc_x1',
      browser: 'chrome',
      label: 'dc_x1',
      reliable: false,
      serialization: 'binary',
    };
    alice.send({ type: 'HEARTBEAT' });
    alice.send({ type: 'OFFER', payload, dst: 'bob' });
    expect(await bob.next()).toEqual({ type: 'OFFER', src: id, dst: 'bob', payload });
    bob.send({ type: 'ANSWER', payload: { sdp: { type: 'answer', sdp: 'v=0' } }, dst: id });
    expect(await alice.next()).toMatchObject({ type: 'ANSWER', src: 'bob' });
    bob.send({ type: 'LEAVE', dst: id });
    expect(await alice.next()).toMatchObject({ type: 'LEAVE', src: 'bob' });
  });

  it('is told when its id is taken, its key is wrong or it asks for the list of peers', async () => {
    const { url } = await start();
    const alice = new RawPeer(url, 'alice');
    await alice.next();
    const second = new RawPeer(url, 'alice', 'other-token');
    expect(await second.next()).toEqual({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } });
    await second.closed;
    const http = url.replace('ws:', 'http:');
    expect((await fetch(`${http}/peerjs/peers`)).status).toBe(401);
    expect((await fetch(`${http}/peerjs/id`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${http}/elsewhere`)).status).toBe(404);
  });
});

describe('the server', () => {
  it('says what to do when the port is in use', async () => {
    const { port } = await start();
    await expect(startSignalingServer({ port, listen: '127.0.0.1' })).rejects.toMatchObject({
      name: 'WaystationError',
      code: 'unavailable',
      message: expect.stringContaining('another program is using it'),
    });
  });

  it('shares a server: other upgrades and requests stay the owner’s', async () => {
    const server = createServer((request, response) => {
      if (!signaling.handleRequest(request, response)) response.end('the app');
    });
    const signaling = attachSignaling(server, { hostId: 'mine' });
    server.on('upgrade', (request, socket) => {
      if (request.url === '/other') socket.end('HTTP/1.1 418 teapot\r\n\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    opened.push(signaling);
    const { port } = server.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('the app');
    const peer = new RawPeer(`ws://127.0.0.1:${port}`, 'p');
    const open = await peer.next();
    expect(open).toEqual({
      type: 'OPEN',
      payload: { hostId: 'mine', timeMs: expect.closeTo(Date.now(), -5) },
    });
    const other = new WebSocket(`ws://127.0.0.1:${port}/other`);
    const [, response] = await once(other, 'unexpected-response');
    expect(response.statusCode).toBe(418);
    other.on('error', () => undefined);
    other.terminate();
    expect(signaling.stats()).toMatchObject({ sockets: 1, clients: 1 });
    signaling.close();
    await peer.closed;
  });

  it('refuses frames that are too large and ignores binary ones', async () => {
    const server = await start();
    const peer = new RawPeer(server.url, 'p');
    await peer.next();
    peer.socket.send(new Uint8Array(10));
    peer.send({ type: 'HEARTBEAT', payload: { echo: true } });
    expect((await peer.next()).type).toBe('HEARTBEAT');
    peer.socket.send('x'.repeat(300_000));
    expect(await peer.closed).toBe(1009);
    expect(server.stats().counters).toMatchObject({ binary: 1, 'socket-error': 1 });
  });

  it('drops a reader that does not read', async () => {
    const server = await start({ limits: { burstMessages: 1e6 } });
    const slow = new RawPeer(server.url, 'slow');
    await slow.next();
    slow.socket.pause();
    const fast = new RawPeer(server.url, 'fast');
    await fast.next();
    const payload = 'x'.repeat(60_000);
    // Enough to fill any kernel's socket buffers on the way; the echo shows that the hub has seen all of it.
    while (server.stats().counters['slow-reader'] === undefined) {
      for (let i = 0; i < 20; i++) fast.send({ type: 'OFFER', dst: 'slow', payload });
      fast.send({ type: 'HEARTBEAT', payload: { echo: true } });
      let heard = await fast.next();
      while (heard.type !== 'HEARTBEAT') heard = await fast.next();
    }
    slow.socket.resume();
    expect(await slow.closed).toBe(1006);
    expect(server.stats().clients).toBe(1);
  });

  it('lets one address open no more sockets than its share', async () => {
    const { url } = await start({ shares: { socketsPerHouse: 2 } });
    await new RawPeer(url, 'a').next();
    await new RawPeer(url, 'b').next();
    expect(await new RawPeer(url, 'c').closed).toBe(1006);
  });

  it('keeps no socket that it has refused, though the other side never ends its own', async () => {
    const server = createServer();
    opened.push(attachSignaling(server, { shares: { socketsPerHouse: 0 } }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(server);
    const atServer = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    opened.push({ close: () => client.destroy() });
    client.write(
      'GET /peerjs?key=peerjs&id=a&token=t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const [answer] = await once(client, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 429 /);
    await atServer;
  });
});
