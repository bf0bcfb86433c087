/** A page in Chromium reaches a relay without any host: no signaling, no certificate that anybody vouches for, wherever the page is from. */
import { createHash } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/core/bytes.ts';
import { directEndpointText } from '../../src/identity/direct-endpoint.ts';
import type { DirectListener } from '../../src/mesh/direct-listener.node.ts';
import type { Link } from '../../src/mesh/port.ts';
import { CERTIFICATE_HASH, endpointOf, listenDirectly } from '../contract/direct-pair.ts';
import { AppWorld, joinApp, openApp } from './app-world.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import type {} from './direct-page.ts';

let browser: Browser;
let served: ServedPage;
let listener: DirectListener | undefined;
let atRelay: Link[] = [];

beforeAll(async () => {
  served = await servePage(new URL('./direct-page.ts', import.meta.url));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
afterEach(() => {
  listener?.close();
  listener = undefined;
  atRelay = [];
});

/** A relay that sends back whatever comes. */
async function echoing(): Promise<DirectListener> {
  listener = await listenDirectly({
    onLink: (link, settled) => {
      settled();
      atRelay.push(link);
      link.attach({
        onMessage: (channel, bytes) => link.send(channel, bytes),
        onDrain: () => undefined,
        onClose: () => undefined,
      });
    },
  });
  return listener;
}

const dial = (page: Page, text: string, length = 1_000) =>
  page.evaluate(([text, length]) => globalThis.directPage.dial(text, length), [text, length] as const);

describe('a page', () => {
  it('dials a relay by address, port and hash; both see the certificates that were used', async () => {
    const { port } = await echoing();
    const page = await openPage(browser, served.url);
    const { local, remote, echoed } = await dial(page, directEndpointText(endpointOf(port)), 262_144);
    expect(echoed).toEqual([262_144, 262_144]);
    expect(remote).toBe(toHex(CERTIFICATE_HASH));
    expect(atRelay.map((link) => toHex(link.remoteFingerprint))).toEqual([local]);
    expect(atRelay.map(({ initiator }) => initiator)).toEqual([false]);
  });

  it('is one of several at once on the same port', async () => {
    const { port } = await echoing();
    const text = directEndpointText(endpointOf(port));
    const pages = await Promise.all([openPage(browser, served.url), openPage(browser, served.url)]);
    // One less than a network may have half-open: how many it may is another test's.
    const diallers = [...pages, ...pages.slice(0, 1)];
    const dialled = await Promise.all(diallers.map((page, i) => dial(page, text, 100 + i)));
    expect(dialled.map(({ echoed }) => echoed[0])).toEqual([100, 101, 102]);
    expect(new Set(dialled.map(({ local }) => local)).size).toBe(3);
    const { dropped = {}, ...counts } = listener?.stats() ?? {};
    expect(counts).toEqual({ halfOpen: 0, dials: 3, opened: 3 });
    // A dialer asks from each of its addresses; what is told before its connection is registered is counted and makes nothing.
    expect(Object.keys(dropped).filter((reason) => reason !== 'request-repeated')).toEqual([]);
  });

  it('takes no relay with another certificate', async () => {
    const { port } = await echoing();
    const certificateHash = new Uint8Array(createHash('sha256').update('another').digest());
    const page = await openPage(browser, served.url);
    await expect(dial(page, directEndpointText({ ...endpointOf(port), certificateHash }))).rejects.toThrow();
    expect(listener?.stats().opened).toBe(0);
  });
});

/** Nobody listens there. */
const DEAD_HOST = 'ws://127.0.0.1:9';

describe('the app', () => {
  it('from one relay joins a group at another by an invite whose only host is dead', async () => {
    const world = new AppWorld();
    const context = await browser.newContext();
    try {
      const origin = await world.relay('origin', '--no-direct');
      const group = await world.relay('group', '--create', 'Valley', '--name', 'Far relay');
      const { direct } = await group.said.first<{ direct: string }>('direct');
      const data = ['--data', world.path('group')];
      const link = await world.must(
        'invite',
        ...data,
        '--role',
        'member',
        '--host',
        DEAD_HOST,
        '--host',
        direct,
      );
      const [, fragment = ''] = link.split('#');
      const page = await openApp(context, `${origin.url}/#${fragment}`);
      await joinApp(page, 'Phone');
      await page.waitForFunction(() => {
        type Model = { state: { admitted: boolean; connections: readonly unknown[] } };
        const app = document.querySelector('waystation-app') as (Element & { model?: Model }) | null;
        return app?.model?.state.admitted === true;
      });
    } finally {
      await context.close();
      await world.end();
    }
  });
});
