import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRYPTO_CONTRACT } from '../contract/crypto-contract.ts';
import ed25519 from '../vectors/ed25519.json' with { type: 'json' };
import identityKeys from '../vectors/identity-keys.json' with { type: 'json' };
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import type { CryptoPage } from './crypto-page.ts';

// biome-ignore lint/suspicious/noShadowRestrictedNames: what the functions below find on the page's global
declare const globalThis: { readonly cryptoPage: CryptoPage };

const vectors = { ed25519: ed25519.cases, hpke: identityKeys.hpke };
let browser: Browser;
let served: ServedPage;
let page: Page;

beforeAll(async () => {
  served = await servePage(new URL('./crypto-page.ts', import.meta.url));
  browser = await launchChromium();
  page = await openPage(browser, served.url);
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

describe('crypto contract on WebCrypto in Chromium', () => {
  test.each(CRYPTO_CONTRACT)('$name', async ({ name }) => {
    const broken = await page.evaluate(([one, with_]) => globalThis.cryptoPage.runCase(one, with_), [
      name,
      vectors,
    ] as const);
    expect(broken).toBe('');
  });
});

describe('node keys in Chromium', () => {
  test('sign, and open what is sealed to them', async () => {
    expect(await page.evaluate(() => globalThis.cryptoPage.runKeys('contract'))).toBe('');
  });

  test('are the same after a reload, and for two tabs that start at once', async () => {
    const context = await browser.newContext();
    const tabs = await Promise.all([openPage(context, served.url), openPage(context, served.url)]);
    const made = await Promise.all(
      tabs.flatMap((tab) => [1, 2].map(() => tab.evaluate(() => globalThis.cryptoPage.publicKeys('shared')))),
    );
    const [tab] = tabs;
    await tab?.reload();
    await tab?.waitForFunction('globalThis.testPageReady === true');
    made.push((await tab?.evaluate(() => globalThis.cryptoPage.publicKeys('shared'))) ?? '');
    expect(new Set(made).size).toBe(1);
    await context.close();
  });

  test('cannot be exported by any script of the page', async () => {
    const said = await page.evaluate(() => globalThis.cryptoPage.exportPrivateHalves('contract'));
    expect(said).toEqual(Array(4).fill('InvalidAccessError'));
  });
});
