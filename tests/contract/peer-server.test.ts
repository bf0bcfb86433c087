/** The server package of PeerJS (`peer`) and our host, side by side: what a client sees of them, and where they are meant to differ. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalingServer, startSignalingServer } from '../../signaling/server.node.ts';
import { peerServerTranscript, type Transcript, WireClient } from './peer-server-contract.ts';

const EXPIRE_MS = 500;
const closing: (() => unknown)[] = [];
let theirs = '';
let ours = '';
let host: SignalingServer;

async function startPeer(options: object = {}): Promise<string> {
  const server = await new Promise<Server>((resolve) => {
    const limits = { expire_timeout: EXPIRE_MS, cleanup_out_msgs: 100 };
    const peer = PeerServer({ port: 0, host: '127.0.0.1', ...limits, ...options }, (started) =>
      resolve(started as Server),
    );
    // Without a listener the first message that is no object ends the process.
    peer.on('error', () => undefined);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startOurs(options: object = {}): Promise<SignalingServer> {
  const server = await startSignalingServer({ port: 0, listen: '127.0.0.1', ...options });
  closing.push(() => server.close());
  return server;
}

beforeAll(async () => {
  theirs = await startPeer();
  host = await startOurs({ limits: { expireMs: EXPIRE_MS } });
  ours = host.url;
});

afterAll(async () => {
  for (const close of closing) await close();
});

describe('one client script', () => {
  it('comes out the same at `peer` and at our host', async () => {
    const [peer, mine]: Transcript[] = await Promise.all([
      peerServerTranscript(theirs),
      peerServerTranscript(ours),
    ]);
    expect(mine).toEqual(peer);
    // The script saw something at all.
    expect(peer).toMatchObject({
      opening: [{ type: 'OPEN' }, { type: 'OPEN' }],
      'not for others': [],
      'no answer': [],
      'expired once': [],
      taken: [{ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } }, undefined],
      'list is off': 401,
    });
    expect(peer?.['carried']).toHaveLength(8);
  });

  it('finds the same list of peers where that is switched on', async () => {
    const servers = [await startPeer({ allow_discovery: true }), (await startOurs({ listPeers: true })).url];
    const lists: unknown[] = [];
    for (const url of servers) {
      const clients = ['b', 'a', 'c'].map((id) => new WireClient(url, { key: 'peerjs', id, token: 't' }));
      for (const client of clients) await client.next();
      const answer = await fetch(`${url.replace('ws:', 'http:')}/peerjs/peers`);
      lists.push([
        answer.headers.get('content-type')?.split(';')[0],
        ((await answer.json()) as string[]).sort(),
      ]);
      for (const { socket } of clients) socket.terminate();
    }
    expect(lists).toEqual([
      ['application/json', ['a', 'b', 'c']],
      ['application/json', ['a', 'b', 'c']],
    ]);
  });
});

describe('where they are meant to differ', () => {
  it('another key is told INVALID-KEY, which PeerJS knows by name; `peer` says ERROR', async () => {
    const answers: unknown[] = [];
    for (const url of [theirs, ours]) {
      const client = new WireClient(url, { key: 'another', id: 'x', token: 't' });
      answers.push(await client.next(), await client.next());
    }
    const payload = { msg: 'Invalid key provided' };
    expect(answers).toEqual([
      { type: 'ERROR', payload },
      undefined,
      { type: 'INVALID-KEY', payload },
      undefined,
    ]);
  });

  it('whoever comes back with its token is told OPEN, and its old socket is closed; `peer` does neither', async () => {
    const query = { key: 'peerjs', id: 'returning', token: 't' };
    const takeOver = async (url: string) => {
      const old = new WireClient(url, query);
      await old.next();
      const fresh = new WireClient(url, query);
      await new Promise((resolve) => fresh.socket.once('open', resolve));
      fresh.send({ type: 'OFFER', dst: 'returning', payload: 'mark' });
      const before = await fresh.until('mark');
      const told = before.map(({ type }) => type);
      return { told, old };
    };
    const peer = await takeOver(theirs);
    expect(peer.told).toEqual([]);
    const mine = await takeOver(ours);
    expect(mine.told).toEqual(['OPEN']);
    expect(await mine.old.closed).toBe(1000);
    expect(peer.old.socket.readyState).toBe(1);
    expect(host.stats().counters['taken-over']).toBeGreaterThan(0);
  });
});
