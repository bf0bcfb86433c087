/** STUN over real sockets: by hand, by node-datachannel's ICE, and by coturn's own client. */
import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import nodeDataChannel from 'node-datachannel';
import { afterEach, describe, expect, it } from 'vitest';
import { parseIp } from '../../signaling/ip-address.ts';
import { decodeStun, encodeStun, readXorMappedAddress } from '../../signaling/stun-message.ts';
import {
  type StunServer,
  type StunServerOptions,
  startStunServer,
} from '../../signaling/stun-server.node.ts';
import { startTranslator } from './port-translator.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function start(options: StunServerOptions = {}): Promise<StunServer> {
  const server = await startStunServer({ port: 0, ...options });
  opened.push(server);
  return server;
}

const hasSix = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
/** libjuice offers no candidates of loopback. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const hasCoturn = spawnSync('turnutils_stunclient', ['-h'], { stdio: 'ignore' }).error === undefined;

const REQUEST = encodeStun({
  messageClass: 'request',
  method: 1,
  transaction: new Uint8Array(12).fill(7),
  attributes: [],
  hasFingerprint: true,
});

async function ask(address: string, port: number): Promise<{ answer: Uint8Array; from: number }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
    socket.send(REQUEST, port, address);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return { answer, from: socket.address().port };
  } finally {
    socket.close();
  }
}

describe('a STUN server', () => {
  it.each(['127.0.0.1', ...(hasSix ? ['::1'] : [])])(
    'tells who asks from %s where it is seen',
    async (address) => {
      const { port, stats } = await start();
      const { answer, from } = await ask(address, port);
      const message = decodeStun(answer);
      if (typeof message === 'string') throw new Error(message);
      const [mapped] = message.attributes;
      expect(message.hasFingerprint).toBe(true);
      expect(readXorMappedAddress(mapped?.value ?? new Uint8Array(), message.transaction)).toEqual({
        address: new Uint8Array(parseIp(address) ?? []),
        port: from,
      });
      expect(stats()).toMatchObject({ requests: 1, answers: 1, bytesIn: 28 });
    },
  );

  it('answers on the address it was given alone, and on one port for both families', async () => {
    const one = await start({ listen: '127.0.0.1' });
    expect(one.families).toEqual([4]);
    const all = await start();
    expect(all.families).toEqual(hasSix ? [4, 6] : [4]);
  });

  it('says what to do when its port or address cannot be had', async () => {
    const { port } = await start({ listen: '127.0.0.1' });
    await expect(start({ port, listen: '127.0.0.1' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('--stun-port'),
    });
    await expect(start({ listen: '192.0.2.77' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('--listen'),
    });
    await expect(start({ listen: 'localhost' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('goes on after what is not STUN, and after floods', async () => {
    const server = await start({ listen: '127.0.0.1', limits: { house: { burst: 3, perSecond: 0 } } });
    const socket = createSocket('udp4');
    opened.push(socket);
    const send = (bytes: Uint8Array) =>
      new Promise<void>((resolve) => socket.send(bytes, server.port, '127.0.0.1', () => resolve()));
    const answers: Buffer[] = [];
    socket.on('message', (answer) => answers.push(answer));
    for (let i = 0; i < 50; i++) await send(Buffer.from(`junk ${i}, longer than a header of STUN`));
    for (let i = 0; i < 20; i++) await send(REQUEST);
    while ((server.stats().dropped['rate-address'] ?? 0) < 17) await new Promise(setImmediate);
    expect(server.stats()).toMatchObject({ answers: 3, dropped: { 'not-stun': 50, 'rate-address': 17 } });
    while (answers.length < 3) await once(socket, 'message');
    expect(answers).toHaveLength(3);
  });
});

describe('clients that others wrote', () => {
  it.skipIf(ownAddress === undefined)(
    'node-datachannel’s ICE learns behind a router under which address it is seen',
    async () => {
      const address = ownAddress ?? '';
      const server = await start({ listen: address });
      const router = await startTranslator(address, server.port);
      opened.push(router);
      const peer = new nodeDataChannel.PeerConnection('behind a router', {
        iceServers: [`stun:${address}:${router.inside.port}`],
        bindAddress: address,
      });
      opened.push({ close: () => peer.close() });
      const reflexive = new Promise<string>((resolve, reject) => {
        peer.onLocalCandidate((candidate) => {
          if (candidate.includes('typ srflx')) resolve(candidate);
        });
        peer.onGatheringStateChange((state) => {
          if (state === 'complete') setImmediate(() => reject(new Error('no srflx candidate')));
        });
      });
      peer.createDataChannel('any');
      expect(await reflexive).toContain(` ${router.outside.address} ${router.outside.port} typ srflx`);
      expect(server.stats().answers).toBeGreaterThan(0);
    },
  );

  const title = hasCoturn ? '' : ' (skipped: the Debian package coturn is not installed)';
  it.skipIf(!hasCoturn).each(['127.0.0.1', ...(hasSix ? ['::1'] : [])])(
    `coturn’s turnutils_stunclient is told its address at %s${title}`,
    async (address) => {
      const { port } = await start();
      const { stdout } = await promisify(execFile)('turnutils_stunclient', ['-p', String(port), address]);
      const shown = address.includes(':') ? '::1' : address;
      expect(stdout).toMatch(new RegExp(`UDP reflexive addr: \\[?${shown}\\]?:\\d+`));
    },
  );
});
