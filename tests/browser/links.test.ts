/** Real WebRTC: page to page and page to Node, either side dialling, in Chromium. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { startSignalingServer } from '../../signaling/server.node.ts';
import { NodeDataChannelTransport } from '../../src/mesh/node-datachannel.node.ts';
import { type Channel, MAX_LINK_MESSAGE_BYTES, type SignalPayload } from '../../src/mesh/port.ts';
import { nodeTextSockets } from '../../src/mesh/web-socket.node.ts';
import { RealNode } from '../unit/mesh/real-node.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import { type LinkEnd, LocalEnd, type OpenedLink } from './links-end.ts';
import type {} from './links-page.ts';

/** Signals by the name of the end that emitted them. */
const listeners = new Map<string, (payload: SignalPayload) => void>();
const pages: Page[] = [];
let browser: Browser;
let served: ServedPage;
let node = newTransport();
let count = 0;

beforeAll(async () => {
  served = await servePage(new URL('./links-page.ts', import.meta.url));
  browser = await launchChromium();
  for (let i = 0; i < 2; i++) {
    const page = await openPage(browser, served.url);
    pages.push(page);
    await page.exposeFunction('onLinkSignal', (name: string, payload: SignalPayload) =>
      listeners.get(name)?.(payload),
    );
  }
});

afterAll(async () => {
  node.close();
  await browser?.close();
  await served?.close();
});

afterEach(async () => {
  node.close();
  node = newTransport();
  listeners.clear();
  for (const page of pages) await page.evaluate(() => globalThis.linksPage.reset());
});

function newTransport(): NodeDataChannelTransport {
  return new NodeDataChannelTransport({ bindAddress: '127.0.0.1' });
}

type Place = 'node' | 'page' | 'other page';

/** An end in a page, by proxy, or in this process. */
async function makeEnd(place: Place, name: string): Promise<LinkEnd> {
  const emit = (payload: SignalPayload) => listeners.get(name)?.(payload);
  if (place === 'node') return new LocalEnd(node, emit);
  const page = pages[place === 'page' ? 0 : 1];
  if (page === undefined) throw new Error('no such page');
  await page.evaluate((name) => globalThis.linksPage.make(name), name);
  return new PageEnd(page, name);
}

/** An end in a page, called across its border. */
class PageEnd implements LinkEnd {
  readonly #page: Page;
  readonly #name: string;

  constructor(page: Page, name: string) {
    this.#page = page;
    this.#name = name;
  }

  start = (initiator: boolean) => this.#call<void>('start', initiator);
  signal = (payload: SignalPayload) => this.#call<void>('signal', payload);
  opened = () => this.#call<OpenedLink>('opened');
  send = (...args: Parameters<LinkEnd['send']>) => this.#call<void>('send', ...args);
  next = (...args: Parameters<LinkEnd['next']>) =>
    this.#call<{ length: number; intact: boolean }>('next', ...args);
  pump = (...args: Parameters<LinkEnd['pump']>) => this.#call<number>('pump', ...args);
  sink = (totalBytes: number) => this.#call<number>('sink', totalBytes);
  close = (reason: string) => this.#call<void>('close', reason);
  closed = () => this.#call<string>('closed');

  #call<T>(method: keyof LinkEnd, ...args: readonly unknown[]): Promise<T> {
    const call = { name: this.#name, method, args };
    return this.#page.evaluate(
      ({ name, method, args }) => globalThis.linksPage.call(name, method, args) as Promise<T>,
      call,
    );
  }
}

async function connect(from: Place, to: Place): Promise<[LinkEnd, LinkEnd]> {
  const names = [`a${++count}`, `b${count}`] as const;
  const a = await makeEnd(from, names[0]);
  const b = await makeEnd(to, names[1]);
  // Ordered, like a signaling connection: an evaluation in a page must not overtake the one before.
  const carry = (end: LinkEnd) => {
    let last: Promise<void> = Promise.resolve();
    return (payload: SignalPayload) => {
      last = last.then(() => end.signal(payload));
    };
  };
  listeners.set(names[0], carry(b));
  listeners.set(names[1], carry(a));
  await b.start(false);
  await a.start(true);
  await Promise.all([a.opened(), b.opened()]);
  return [a, b];
}

const PAIRS: readonly (readonly [Place, Place])[] = [
  ['page', 'other page'],
  ['page', 'node'],
  ['node', 'page'],
];

describe.each(PAIRS)('a link from %s to %s', (from, to) => {
  it('shows both the same two certificates, mirrored', async () => {
    const [a, b] = await connect(from, to);
    const [atA, atB] = [await a.opened(), await b.opened()];
    expect(atA.local).toMatch(/^[0-9a-f]{64}$/);
    expect([atA.local, atA.remote]).toEqual([atB.remote, atB.local]);
    expect(atA.local).not.toBe(atA.remote);
    expect([atA.initiator, atB.initiator]).toEqual([true, false]);
  });

  it('carries 1 byte and exactly 262,144 bytes both ways on both channels', async () => {
    const [a, b] = await connect(from, to);
    for (const channel of ['control', 'bulk'] as const) {
      for (const length of [1, MAX_LINK_MESSAGE_BYTES]) {
        for (const [sender, receiver] of [
          [a, b],
          [b, a],
        ] as const) {
          await sender.send(channel, length, length + channel.length);
          expect(await receiver.next(channel, length + channel.length)).toEqual({ length, intact: true });
        }
      }
      await expect(a.send(channel, MAX_LINK_MESSAGE_BYTES + 1, 0)).rejects.toThrow('262144');
    }
  });

  it('keeps the order of a channel, both ways at once', async () => {
    const [a, b] = await connect(from, to);
    const sizes = [1, 70_000, 3, 200_000, 16, 1_200, 262_144, 2];
    const oneWay = async (sender: LinkEnd, receiver: LinkEnd, channel: Channel) => {
      for (const [seed, size] of sizes.entries()) await sender.send(channel, size, seed);
      for (const [seed, length] of sizes.entries()) {
        expect(await receiver.next(channel, seed)).toEqual({ length, intact: true });
      }
    };
    await Promise.all([
      oneWay(a, b, 'control'),
      oneWay(b, a, 'control'),
      oneWay(a, b, 'bulk'),
      oneWay(b, a, 'bulk'),
    ]);
  });

  it('holds bulk back at the high watermark and goes on when it has drained, both ways', async () => {
    const [a, b] = await connect(from, to);
    const total = 12 * 1024 * 1024;
    for (const [sender, receiver] of [
      [a, b],
      [b, a],
    ] as const) {
      const [waits, received] = await Promise.all([sender.pump(total, 131_072), receiver.sink(total)]);
      expect(received).toBe(total);
      expect(waits).toBeGreaterThan(0);
    }
  });

  it('tells the other side when either closes', async () => {
    const [a, b] = await connect(from, to);
    await a.close('done here');
    expect([await a.closed(), await b.closed()]).toEqual(['done here', 'closed by the other side']);
    const [c, d] = await connect(from, to);
    await d.close('done there');
    expect([await d.closed(), await c.closed()]).toEqual(['done there', 'closed by the other side']);
  });
});

describe('a mesh of pages and Node', () => {
  it('meets on one host and outlives it', async () => {
    const host = await startSignalingServer({ port: 0, listen: '127.0.0.1' });
    const relay = new RealNode(2, [host.url], newTransport(), nodeTextSockets);
    try {
      // Lower and higher ids than Node's, so that both a page and Node dial.
      for (const [page, n] of [
        [pages[0], 1],
        [pages[1], 3],
      ] as const) {
        await page?.evaluate(([n, url]) => globalThis.linksPage.startMesh(n, [url]), [n, host.url] as const);
      }
      const linked = pages.map((page) => page.evaluate(() => globalThis.linksPage.meshPeers(2)));
      expect(await Promise.all(linked)).toEqual([
        [2, 3],
        [1, 2],
      ]);
      await relay.until((node) => node.peers().length === 2);
      await host.close();
      relay.send(1, 'from Node');
      await pages[0]?.evaluate(() => globalThis.linksPage.meshReceived('from Node'));
      await pages[0]?.evaluate(() => globalThis.linksPage.meshSend(3, 'from a page'));
      await pages[1]?.evaluate(() => globalThis.linksPage.meshReceived('from a page'));
      await pages[1]?.evaluate(() => globalThis.linksPage.meshSend(2, 'from the other page'));
      await relay.until((node) => node.received.includes('from the other page'));
    } finally {
      relay.stop();
      await host.close();
    }
  });
});

describe('text sockets in a page', () => {
  it('open, carry text in order, close for either side, and report what cannot be reached', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        if (String(data) === 'bye') socket.close();
        else socket.send(String(data));
      });
    });
    await once(server, 'listening');
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const deadPort = (unused.address() as AddressInfo).port;
    unused.close();
    await once(unused, 'close');
    const record = (url: string, ...texts: string[]) =>
      pages[0]?.evaluate(([url, texts]) => globalThis.linksPage.recordSocket(url, texts), [
        url,
        texts,
      ] as const);
    const echo = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const long = 'x'.repeat(100_000);
    try {
      expect(await record(echo, 'one', 'zwei — 2', long, 'bye')).toEqual([
        'open',
        'one',
        'zwei — 2',
        long,
        'close',
      ]);
      expect(await record(echo, 'close me', 'too late')).toEqual(['open', 'close me', 'close']);
      expect(await record(`ws://127.0.0.1:${deadPort}`)).toEqual(['close']);
      expect(await record('not a url')).toEqual(['close']);
    } finally {
      server.close();
    }
  });
});
