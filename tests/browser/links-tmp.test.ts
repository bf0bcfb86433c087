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
  it.each(Array.from({length:25},(_, i)=>i))('closes %i', async () => {
    const [a, b] = await connect(from, to);
    const t = performance.now();
    await a.close('done here');
    const x = await b.closed();
    const t1 = performance.now() - t;
    const [c, d] = await connect(from, to);
    const t2 = performance.now();
    await d.close('done there');
    const y = await c.closed();
    const t3 = performance.now() - t2;
    if (t1 > 1000 || t3 > 1000) console.log('SLOW', from, to, t1, x, t3, y);
  }, 60000);
});
