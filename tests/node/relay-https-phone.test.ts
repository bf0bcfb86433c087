/**
 * A phone and a relay on one cable, in real Chromium: the link that the relay prints leads to the trust page, and, once its certificate
 * is trusted, by itself to the app in a secure context with the invite kept.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keptAuthority } from '../../src/node/https/authority.ts';
import { certificatePem, issueLeaf, keyPem } from '../../src/node/https/certificates.ts';
import { axeViolations } from '../browser/axe.ts';
import { orShown, watched } from '../browser/shown.ts';
import { buildCli, type Started, Workshop } from './cli.ts';
import { connect, hasNamespaces, Machine } from './relay-https-networks.ts';

const { CHROMIUM_PATH: CHROMIUM = '/usr/bin/chromium' } = process.env;
const RELAY_ADDRESS = '10.77.1.1';
const PHONE_ADDRESS = '10.77.1.2';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

let shop: Workshop;
let home: Machine;
let phone: Machine;
let relay: Started;
let link: string;
let short: string;
let code: string;
let secure: string;

async function launch(name: string, trusts: boolean, findsName: boolean): Promise<Browser> {
  const folder = shop.path(name);
  const store = join(folder, '.pki/nssdb');
  mkdirSync(store, { recursive: true });
  const certutil = (...words: string[]) => {
    const { status, stderr } = spawnSync('certutil', ['-d', `sql:${store}`, ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`certutil ${words.join(' ')}: ${stderr}`);
  };
  certutil('-N', '--empty-password');
  if (trusts) {
    const file = join(folder, 'waystation-ca.crt');
    const got = phone.run(
      'curl',
      '-sf',
      '-o',
      file,
      `http://${RELAY_ADDRESS}:${new URL(link).port}/waystation-ca.crt`,
    );
    expect(got.status).toBe(0);
    certutil('-A', '-n', 'relay', '-t', 'C,,', '-i', file);
  }
  const found = findsName ? RELAY_ADDRESS : '~NOTFOUND';
  const rules = `MAP waystation.local ${found}, MAP example.org ${RELAY_ADDRESS}`;
  return chromium.launch({
    executablePath: phone.wrapper(folder, CHROMIUM),
    env: { ...(process.env as Record<string, string>), HOME: folder },
    args: [...FLAGS, `--host-resolver-rules=${rules}`],
  });
}

async function opened(browser: Browser, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    userAgent: ANDROID,
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    colorScheme,
  });
  const page = await watched(context).newPage();
  await page.goto(link);
  return page;
}

const status = (page: Page, text: string) =>
  orShown(page, page.getByText(text).waitFor({ state: 'visible' }));
const facts = (page: Page) =>
  page.evaluate(() => ({
    secure: isSecureContext,
    worker: 'serviceWorker' in navigator,
    hash: location.hash,
  }));

describe.skipIf(!hasNamespaces)('a phone in the same network', () => {
  beforeAll(async () => {
    buildCli();
    shop = new Workshop();
    home = new Machine();
    phone = new Machine();
    connect(home, RELAY_ADDRESS, phone, PHONE_ADDRESS);
    const words = ['relay', '--https', '--data', shop.path('relay'), '--create', 'Valley', '--no-mdns'];
    relay = home.start(shop, words);
    ({ secure } = await relay.document(({ listening }) => listening !== undefined));
    ({ link, short, code } = await relay.event('invite'));
  });
  afterAll(async () => {
    await shop?.close();
    home?.remove();
    phone?.remove();
  });

  test('that trusts the relay goes on by itself to the secure app, and takes the invite along', async () => {
    const browser = await launch('trusting', true, true);
    try {
      const page = await opened(browser);
      await orShown(page, page.waitForURL(`${secure}/**`));
      const { hash } = new URL(link);
      expect(hash).toMatch(/^#join=/);
      expect(await facts(page)).toMatchObject({ secure: true, worker: true });
      await orShown(page, page.getByRole('button', { name: 'Join' }).waitFor());
    } finally {
      await browser.close();
    }
  });

  test('whose network changes just then, as it does after joining a Wi-Fi, gets there all the same', async () => {
    const browser = await launch('joining-wifi', true, true);
    try {
      const context = watched(await browser.newContext({ userAgent: ANDROID }));
      const page = await context.newPage();
      // A browser aborts all that it is asking when an address comes or goes: here each of these meets that once.
      const struck = new Set<string>();
      const parts = /\/healthz$|\/assets\/(index|main-model|store|welcome-view|join-view)-/;
      await context.route(parts, async (route) => {
        const url = route.request().url();
        if (struck.has(url)) return route.continue();
        struck.add(url);
        await route.abort('failed');
      });
      await page.goto(link);
      await orShown(page, page.waitForURL(`${secure}/**`));
      await orShown(page, page.getByRole('button', { name: 'Join' }).waitFor());
      expect([...struck].filter((one) => one.includes('/assets/')).length).toBeGreaterThanOrEqual(5);
    } finally {
      await browser.close();
    }
  });

  test('takes a short link there as well; its code goes over the network only once that is encrypted', async () => {
    const browser = await launch('short', true, true);
    try {
      expect(new URL(short).hash).toBe(`#j=${code}`);
      const page = await watched(await browser.newContext({ userAgent: ANDROID })).newPage();
      const inClear: string[] = [];
      page.on('request', (request) => {
        const said = JSON.stringify([request.url().split('#')[0], request.headers(), request.postData()]);
        if (request.url().startsWith('http:') && said.includes(code)) inClear.push(said);
      });
      await page.goto(short);
      await orShown(page, page.waitForURL(`${secure}/**`));
      await orShown(page, page.getByRole('heading', { name: 'You are invited' }).waitFor());
      expect(inClear).toEqual([]);
      // A guest of the network learns that there is a group, not what it is called.
      const health = await page.evaluate(async () => (await fetch('/healthz')).json());
      expect(health.group).toEqual({ name: null });
    } finally {
      await browser.close();
    }
  });

  test('that trusts the relay still refuses another site whose certificate the relay’s key has signed', async () => {
    const authority = (await keptAuthority(shop.path('relay')))!;
    const browser = await launch('careful', true, true);
    const page = await browser.newPage();
    const visit = async (name: string, port: string) => {
      const leaf = issueLeaf(authority, [name], Date.now());
      const file = shop.path(`${name}.pem`);
      writeFileSync(file, keyPem(leaf.key) + certificatePem(leaf.certificate));
      const words = [
        'netns',
        'exec',
        home.name,
        'openssl',
        's_server',
        '-accept',
        port,
        '-cert',
        file,
        '-www',
      ];
      const server = shop.spawn('ip', words, { stdin: true });
      await server.line('stdout', /ACCEPT/);
      try {
        return await page.goto(`https://${name}:${port}/`).then(
          () => 'opened',
          (error: Error) => /ERR_\w+/.exec(error.message)?.[0],
        );
      } finally {
        await server.stop();
      }
    };
    try {
      expect(await visit('waystation.local', '8443')).toBe('opened');
      expect(await visit('example.org', '8444')).toBe('ERR_CERT_INVALID');
    } finally {
      await browser.close();
    }
  });

  test('that does not trust it stays and is shown the steps, without a fault that axe finds', async () => {
    const browser = await launch('strange', false, true);
    try {
      for (const scheme of ['light', 'dark'] as const) {
        const page = await opened(browser, scheme);
        await status(page, 'does not trust the relay yet');
        expect(await facts(page)).toEqual({ secure: false, worker: false, hash: new URL(link).hash });
        await page.getByRole('heading', { name: 'Steps for Android' }).waitFor();
        await page.getByRole('button', { name: 'Check again' }).last().click();
        await status(page, 'Not yet.');
        expect(await axeViolations(page, { all: true })).toEqual([]);
        const { TRUST_PAGE_SHOTS: shots } = process.env;
        if (shots !== undefined) {
          await page.screenshot({ path: join(shots, `steps-${scheme}.png`), fullPage: true });
          await page.setViewportSize({ width: 1280, height: 800 });
          await page.evaluate(() => {
            for (const one of document.querySelectorAll('details')) one.open = true;
          });
          await page.screenshot({ path: join(shots, `desktop-${scheme}.png`), fullPage: true });
        }
        await page.context().close();
      }
    } finally {
      await browser.close();
    }
  });

  test('that trusts it but does not find its name is offered the address, and told what that means', async () => {
    const browser = await launch('nameless', true, false);
    try {
      const page = await opened(browser);
      await status(page, 'does not find it by its name');
      expect(await axeViolations(page, { all: true })).toEqual([]);
      const { TRUST_PAGE_SHOTS: shots } = process.env;
      if (shots !== undefined) await page.screenshot({ path: join(shots, 'address.png'), fullPage: true });
      await status(page, `belongs to that address`);
      await page.getByRole('link', { name: `Open the app at ${RELAY_ADDRESS}` }).click();
      await orShown(page, page.waitForURL(`https://${RELAY_ADDRESS}:7443/**`));
      expect(await facts(page)).toMatchObject({ secure: true, worker: true });
      await orShown(page, page.getByRole('button', { name: 'Join' }).waitFor());
    } finally {
      await browser.close();
    }
  });
});
