/** Stock PeerJS pages in a real Chromium meet through our host; its STUN is what their ICE asks. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../../signaling/host.node.ts';
import { launchChromium, openPage, type ServedPage, servePage } from '../browser/chromium.ts';
import type {} from './peerjs-page.ts';

let browser: Browser;
let served: ServedPage;
let host: Host;
const pages: Page[] = [];

beforeAll(async () => {
  served = await servePage(new URL('./peerjs-page.ts', import.meta.url));
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

beforeEach(async () => {
  host = await startHost({ port: 0, stunPort: 0, listen: '127.0.0.1', limits: { expireMs: 500 } });
});

afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
  await host.close();
});

async function newPage(): Promise<Page> {
  const page = await openPage(browser, served.url);
  pages.push(page);
  return page;
}

function open(page: Page, id?: string, key?: string): Promise<string> {
  const stun = `stun:127.0.0.1:${host.stunPort}`;
  return page.evaluate(([id, port, stun, key]) => globalThis.peerPage.open(id, port, stun, key), [
    id,
    host.port,
    stun,
    key,
  ] as const);
}

describe('stock PeerJS pages', () => {
  it('exchange data both ways, under an id of their own and one that the host gave', async () => {
    const [alice, bob] = [await newPage(), await newPage()];
    expect(await open(alice, 'alice')).toBe('alice');
    const given = await open(bob);
    expect(given).toMatch(/^[0-9a-f-]{36}$/);
    await alice.evaluate((id) => globalThis.peerPage.connect(id), given);
    await alice.evaluate(() => globalThis.peerPage.send('Grüße an Bob', 100_000));
    expect(await bob.evaluate(() => globalThis.peerPage.next())).toEqual({
      text: 'Grüße an Bob',
      sevens: 100_000,
    });
    await bob.evaluate(() => globalThis.peerPage.send('und zurück', 7));
    expect(await alice.evaluate(() => globalThis.peerPage.next())).toEqual({ text: 'und zurück', sevens: 7 });
    const { relayed, counters } = host.stats();
    expect(relayed).toMatchObject({ OFFER: 1, ANSWER: 1 });
    expect(counters).toEqual({});
    // What is open outlives the host.
    await host.close();
    await alice.evaluate(() => globalThis.peerPage.send('still here', 1));
    expect(await bob.evaluate(() => globalThis.peerPage.next())).toEqual({ text: 'still here', sevens: 1 });
  });

  it('are told in PeerJS’s own words what goes wrong, and come back under their id', async () => {
    const [alice, other] = [await newPage(), await newPage()];
    await open(alice, 'alice');
    await expect(open(other, 'alice')).rejects.toThrow('unavailable-id');
    await expect(open(other, 'bob', 'wrong')).rejects.toThrow('invalid-key');
    expect(await alice.evaluate(() => globalThis.peerPage.failure('nobody'))).toBe('peer-unavailable');
    expect(await alice.evaluate(() => globalThis.peerPage.comeBack())).toBe('alice');
    const bob = await newPage();
    await open(bob, 'bob');
    await bob.evaluate(() => globalThis.peerPage.connect('alice'));
    await bob.evaluate(() => globalThis.peerPage.send('after coming back', 3));
    expect(await alice.evaluate(() => globalThis.peerPage.next())).toEqual({
      text: 'after coming back',
      sevens: 3,
    });
    // PeerJS asks for two ids that it does not get, one of them over a taken one.
    expect(host.stats().counters).toMatchObject({ 'id-taken': 1, 'invalid-key': 1 });
  });

  it('learn from our STUN under which address they are seen', async () => {
    const page = await newPage();
    await open(page, 'alice');
    const candidates = await page.evaluate(() => globalThis.peerPage.candidates());
    const reflexive = candidates.filter((one) => one.includes('typ srflx'));
    expect(reflexive.length, candidates.join('\n')).toBeGreaterThan(0);
    for (const one of reflexive) expect(one).toMatch(/ 127\.0\.0\.1 \d+ typ srflx/);
    expect(host.stats().stun).toMatchObject({ errors: 0, dropped: {} });
    expect(host.stats().stun?.answers).toBeGreaterThan(0);
  });
});
