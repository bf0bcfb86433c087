/** What a relay that is dialled directly bears, and what a dialer does not put up with. Real UDP on loopback. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { DirectListener } from '../../../src/mesh/direct-listener.node.ts';
import { NodeDataChannelTransport } from '../../../src/mesh/node-datachannel.node.ts';
import { SYSTEM_CLOCK } from '../../../src/node/open-node.ts';
import {
  bindingRequest,
  CERTIFICATE_HASH,
  dialled,
  endpointOf,
  listenDirectly,
  udpAt,
} from '../../contract/direct-pair.ts';
import { LinkProbe, pattern } from '../../contract/transport-probe.ts';

const closes: (() => void)[] = [];

afterEach(() => {
  for (const close of closes.splice(0)) close();
});

async function listening(options: Parameters<typeof listenDirectly>[0] = {}): Promise<DirectListener> {
  const listener = await listenDirectly(options);
  closes.push(() => listener.close());
  return listener;
}

function transport(): NodeDataChannelTransport {
  const made = new NodeDataChannelTransport({ bindAddress: '127.0.0.1' });
  closes.push(() => made.close());
  return made;
}

async function stranger(address = '127.0.0.1'): Promise<Socket> {
  const socket = await udpAt(address);
  closes.push(() => socket.close());
  return socket;
}

/** Sends, and resolves when the listener has counted or taken what came; the listener reads in the order of arrival. */
async function sendAll(listener: DirectListener, from: Socket, requests: readonly Buffer[]): Promise<void> {
  const before = seen(listener);
  for (const request of requests) from.send(request, listener.port, '127.0.0.1');
  while (seen(listener) < before + requests.length) await new Promise((resolve) => setImmediate(resolve));
}

/** Requests that the listener has heard of: each began a dial or was dropped. */
function seen(listener: DirectListener): number {
  const { dials, dropped } = listener.stats();
  const refused = Object.entries(dropped).filter(([reason]) => !ENDINGS.has(reason));
  return dials + refused.reduce((sum, [, count]) => sum + count, 0);
}

/** Of dials that were begun. */
const ENDINGS = new Set(['not-open-in-time', 'made-room']);

/** A username such as a dialer's. */
function username(): string {
  const password = randomBytes(18).toString('base64');
  return `${Buffer.from(password).toString('base64').replaceAll('=', '')}:${randomBytes(3).toString('hex')}`;
}

function spoofed(): Buffer {
  return bindingRequest(username(), 'not the password');
}

describe('a relay that is dialled directly', () => {
  it('takes many dialers on one UDP port, each with links of its own', async () => {
    const links: LinkProbe[] = [];
    const listener = await listening({
      onLink: (link, settled) => {
        settled();
        const probe = new LinkProbe(link);
        links.push(probe);
        void probe.next('control').then((bytes) => link.send('control', bytes));
      },
    });
    const dialers = await Promise.all(
      Array.from({ length: 4 }, () => dialled(transport(), endpointOf(listener.port))),
    );
    const answers = dialers.map(async (link, i) => {
      const probe = new LinkProbe(link);
      link.send('control', pattern(10 + i, i));
      return (await probe.next('control')).length;
    });
    expect(await Promise.all(answers)).toEqual([10, 11, 12, 13]);
    expect(new Set(dialers.map((link) => String(link.localFingerprint))).size).toBe(4);
    expect(listener.stats()).toMatchObject({ halfOpen: 0, dials: 4, opened: 4 });
  });

  it('opens within 400 ms, though both sides are libdatachannel', async () => {
    const listener = await listening();
    const dialer = transport();
    const tookMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      const startMs = performance.now();
      await dialled(dialer, endpointOf(listener.port));
      tookMs.push(performance.now() - startMs);
    }
    // Without the dialer's address in the invented offer every one takes 1.5 s.
    expect(tookMs.sort((a, b) => a - b)[4]).toBeLessThan(400);
  });

  it('is not taken for the one that an endpoint names when its certificate is another', async () => {
    const listener = await listening();
    const certificateHash = new Uint8Array(createHash('sha256').update('another').digest());
    const endpoint = { ...endpointOf(listener.port), certificateHash };
    await expect(dialled(transport(), endpoint)).rejects.toThrow();
    expect(listener.stats().opened).toBe(0);
  });

  it('is reached at the address that is right, though the endpoint names dead ones as well', async () => {
    const listener = await listening();
    const dead = await stranger();
    const addresses = [
      { address: '127.0.0.1', port: dead.address().port },
      { address: '127.0.0.1', port: listener.port },
    ];
    const link = await dialled(transport(), { addresses, certificateHash: CERTIFICATE_HASH });
    expect(link.remoteFingerprint).toEqual(CERTIFICATE_HASH);
  });

  it('sees the certificate that the dialer used', async () => {
    let saw: (fingerprint: Uint8Array) => void = () => undefined;
    const seenThere = new Promise<Uint8Array>((resolve) => {
      saw = resolve;
    });
    const listener = await listening({ onLink: (link) => saw(link.remoteFingerprint) });
    const link = await dialled(transport(), endpointOf(listener.port));
    expect(await seenThere).toEqual(link.localFingerprint);
  });

  it('makes nothing of requests that are no dialer’s, and counts them', async () => {
    const listener = await listening();
    const from = await stranger();
    const long = 'A'.repeat(257);
    const bad = [
      'short:abcd',
      `${'A'.repeat(30)}-${'A'.repeat(10)}:abcd`,
      `${username().split(':')[0]}:x`,
      `${username().split(':')[0]}:${long.slice(0, 200)}é`,
      `${long}:abcd`,
      // Base64 of something that is no ICE password.
      `${Buffer.from('\r\na=candidate:1 1 udp 1 example').toString('base64').replaceAll('=', '')}:abcd`,
      `${'A'.repeat(29)}:abcd`,
    ].map((name) => bindingRequest(name, 'password of nobody'));
    await sendAll(listener, from, bad);
    expect(listener.stats()).toEqual({
      halfOpen: 0,
      dials: 0,
      opened: 0,
      dropped: { 'username-malformed': bad.length },
    });
  });

  it('is not harmed by noise, and takes a dialer in the midst of it', async () => {
    // Short, as the noise takes this network's places.
    const listener = await listening({ limits: { openMs: 300 } });
    const from = await stranger();
    for (let i = 0; i < 500; i++) {
      const noise = i % 2 === 0 ? randomBytes(i % 97) : spoofed();
      // Truncated, lengthened, or with bytes changed.
      if (i % 2 === 1) noise.writeUInt8(i % 256, i % noise.length);
      from.send(noise, listener.port, '127.0.0.1');
    }
    const endpoint = endpointOf(listener.port);
    const link = await dialled(transport(), endpoint);
    expect(link.remoteFingerprint).toEqual(CERTIFICATE_HASH);
  });

  it('has 4 places for one network and 32 in all, for half-open dials', async () => {
    const listener = await listening();
    for (let net = 0; net < 9; net++) {
      const from = await stranger(`127.0.${net}.9`);
      const again = await stranger(`127.0.${net}.200`);
      await sendAll(listener, from, [spoofed(), spoofed(), spoofed()]);
      await sendAll(listener, again, [spoofed(), spoofed()]);
    }
    const { halfOpen, dials, dropped } = listener.stats();
    expect({ halfOpen, dials, dropped }).toEqual({
      halfOpen: 32,
      dials: 32,
      dropped: { 'places-of-network-full': 8, 'places-full': 5 },
    });
  });

  it('begins one dial, however often a request is replayed and from wherever', async () => {
    const listener = await listening();
    const request = bindingRequest(username(), 'not the password');
    const [from, elsewhere, other] = [await stranger(), await stranger('127.0.7.7'), await stranger()];
    for (let i = 0; i < 50; i++) from.send(request, listener.port, '127.0.0.1');
    for (let i = 0; i < 50; i++) elsewhere.send(request, listener.port, '127.0.0.1');
    while (listener.stats().dials === 0) await new Promise((resolve) => setImmediate(resolve));
    // What comes after it has been read after it.
    other.send(spoofed(), listener.port, '127.0.0.1');
    while (listener.stats().dials === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(listener.stats().dials).toBe(2);
  });

  it('gives a place back after the time for opening, and to a dialer at once when all others are silent', async () => {
    let nowMs = 0;
    const timers: { atMs: number; fire: () => void }[] = [];
    const clock = {
      ...SYSTEM_CLOCK,
      monotonicMs: () => nowMs,
      schedule: (delayMs: number, fire: () => void) => {
        const timer = { atMs: nowMs + delayMs, fire };
        timers.push(timer);
        return () => {
          timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
        };
      },
    };
    const listener = await listening({ clock });
    for (let net = 0; net < 8; net++) {
      const from = await stranger(`127.0.${net}.9`);
      await sendAll(listener, from, [spoofed(), spoofed(), spoofed(), spoofed()]);
    }
    expect(listener.stats().halfOpen).toBe(32);
    const newcomer = await stranger('127.3.3.3');
    await sendAll(listener, newcomer, [spoofed()]);
    expect(listener.stats().dropped['places-full']).toBe(1);
    nowMs = 1_500;
    await sendAll(listener, newcomer, [spoofed()]);
    expect(listener.stats().dropped['made-room']).toBe(1);
    nowMs = 5_000;
    for (const timer of [...timers]) if (timer.atMs <= nowMs) timer.fire();
    expect(listener.stats()).toMatchObject({ halfOpen: 1, dropped: { 'not-open-in-time': 31 } });
  });

  it('closes a link whose dialer proves nothing, and keeps its place until then', async () => {
    const timers = new Map<number, () => void>();
    const clock = {
      ...SYSTEM_CLOCK,
      schedule: (delayMs: number, fire: () => void) => {
        timers.set(delayMs, fire);
        return () => timers.delete(delayMs);
      },
    };
    let opened: (probe: LinkProbe) => void = () => undefined;
    const atRelay = new Promise<LinkProbe>((resolve) => {
      opened = resolve;
    });
    const listener = await listening({ clock, onLink: (link) => opened(new LinkProbe(link)) });
    await dialled(transport(), endpointOf(listener.port));
    const probe = await atRelay;
    expect(listener.stats().halfOpen).toBe(1);
    timers.get(12_000)?.();
    expect(await probe.closed).toBe('no proof in time');
  });

  it('looks at a bounded number of requests a second', async () => {
    const clock = { ...SYSTEM_CLOCK, monotonicMs: () => 7_000 };
    const listener = await listening({ clock, limits: { requestsPerSecond: 5 } });
    await sendAll(listener, await stranger(), Array.from({ length: 9 }, spoofed));
    const { dials, dropped } = listener.stats();
    expect({ dials, dropped }).toEqual({
      dials: 4,
      dropped: { 'places-of-network-full': 1, 'requests-too-many': 4 },
    });
  });

  it('says in words that its port is taken', async () => {
    const other = createSocket('udp4').bind({ port: 0, address: '127.0.0.1', exclusive: true });
    await once(other, 'listening');
    const { port } = other.address();
    await expect(listening({ port })).rejects.toThrow(
      `UDP port ${port} on 127.0.0.1 is in use: stop the other program or choose another with --direct-port`,
    );
    other.close();
  });
});
