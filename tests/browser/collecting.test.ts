/**
 * The van, in real Chromium: a phone-sized page joins as a reader, sees the hours of a station come in from a relay, pauses, goes on, is
 * told when it may leave, and copies what it holds to a folder.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppWorld, joinApp, openApp, type RunningChromium } from './app-world.ts';
import { axeViolations } from './axe.ts';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';

const PHONE = { width: 390, height: 844 };
/** Readings of the station, one a second; ten to an hour. */
const READINGS = 4_000;
/** Slow enough that a person, or a test, can pause while hours come. */
const BYTES_PER_SECOND = 12_000;

interface Seen {
  readonly mayLeave: boolean;
  readonly held: number;
  readonly missing: number;
  readonly says: boolean;
}
interface PageState {
  readonly stations: { readonly sealed: number; readonly held: number; readonly key: string }[];
  readonly collecting: {
    readonly bytes: { readonly fetched: number; readonly missing: number };
    readonly things: { readonly held: number; readonly missing: number };
    readonly limits: { readonly paused: boolean; readonly bytesPerSecond: number | null };
    readonly mayLeave: boolean;
  } | null;
}
interface PageModel extends EventTarget {
  readonly state: PageState;
  readonly collecting: { setRate(bytes: number | null): Promise<void> };
  hourFiles(key: string): AsyncIterable<{ bytes: Uint8Array<ArrayBuffer> }>;
}
type App = Element & { model?: PageModel };

/** A recording of six columns that goes up and down. */
function recording(): string {
  const rows = Array.from({ length: READINGS }, (_, i) => {
    const values = Array.from({ length: 6 }, (_, c) =>
      (Math.sin(i / (7 + c)) * 1000 + ((i * 7919 * (c + 1)) % 997)).toFixed(3),
    );
    return [1_751_983_970 + i, ...values].join(',');
  });
  return `${['t_s,a,b,c,d,e,f', ...rows].join('\n')}\n`;
}

describe('a van that collects from a relay', { timeout: 150_000 }, () => {
  let world: AppWorld;
  let browser: RunningChromium;
  let page: Page;
  let address = '';
  let sealed = 0;

  const relayHolds = async (): Promise<{ held: number; missing: number }> => {
    const status = JSON.parse(await world.must('status', '--data', world.path('relay'), '--json')) as {
      spaces: { blobs: { held: number; missing: number }; stations: { held: number; sealed: number }[] }[];
    };
    return status.spaces[0]?.blobs ?? { held: 0, missing: 0 };
  };

  beforeAll(async () => {
    world = new AppWorld();
    await world.must('space', 'create', '--data', world.path('station'), '--name', 'Valley');
    const first = await world.must('invite', '--data', world.path('station'), '--role', 'member');
    const { url, host } = await world.relay('relay', '--join', first.split('\n').at(-1) ?? '');
    const csv = world.path('ridge.csv');
    writeFileSync(csv, recording());
    const words = ['--name', 'Ridge', '--replay', csv, '--speed', '1000000', '--hour', '10s', '--for', '8s'];
    const station = world.start(
      'station',
      '--data',
      world.path('station'),
      ...words,
      '--host',
      host,
      '--json',
    );
    station.stderr?.resume();
    let said = '';
    station.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await once(station, 'close');
    sealed = (JSON.parse(said.trim().split('\n').at(-1) ?? '{}') as { sealed: number }).sealed;
    while ((await relayHolds()).held < sealed);
    const invite = await world.must(
      'invite',
      '--data',
      world.path('relay'),
      '--role',
      'reader',
      '--host',
      host,
    );
    address = (invite.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${url}/`);
    browser = await world.chromium('van');
  }, 120_000);
  afterAll(async () => {
    await world.end();
  });

  const state = () =>
    page.evaluate(() => (document.querySelector('waystation-app') as App).model?.state as PageState);
  const looks = (count: number) =>
    page.evaluate(
      (wanted) =>
        new Promise<void>((resolve) => {
          const { model } = document.querySelector('waystation-app') as App;
          let seen = 0;
          let last: unknown;
          const look = () => {
            const now = model?.state.collecting;
            if (now === last) return;
            last = now;
            if (++seen < wanted) return;
            model?.removeEventListener('change', look);
            resolve();
          };
          model?.addEventListener('change', look);
        }),
      count,
    );

  it('sees everything come, may pause over a reload, and is told to leave when all is here and not before', async () => {
    await browser.context.addInitScript(() => {
      const seen: unknown[] = [];
      Object.assign(globalThis, { seen });
      Object.assign(globalThis, {
        showDirectoryPicker: async () =>
          (await navigator.storage.getDirectory()).getDirectoryHandle('disk', { create: true }),
      });
      addEventListener('DOMContentLoaded', () => {
        const app = document.querySelector('waystation-app') as App;
        const watch = setInterval(() => {
          if (app.model === undefined) return;
          clearInterval(watch);
          app.model.addEventListener('change', () => {
            const collecting = app.model?.state.collecting;
            if (collecting === null || collecting === undefined) return;
            const place = app.shadowRoot?.querySelector('now-place')?.shadowRoot?.querySelector('van-panel');
            seen.push({
              mayLeave: collecting.mayLeave,
              ...collecting.things,
              says: place?.shadowRoot?.textContent?.includes('You can leave now') === true,
            });
          });
        }, 20);
      });
    });
    page = await openApp(browser.context, address);
    await page.setViewportSize(PHONE);
    await page.waitForFunction(
      () => (document.querySelector('waystation-app') as App | null)?.model !== undefined,
    );
    await joinApp(page, 'Van');
    await page.waitForFunction(
      () => (document.querySelector('waystation-app') as App).model?.state.collecting !== null,
    );
    await page.evaluate(
      (rate) => (document.querySelector('waystation-app') as App).model?.collecting.setRate(rate),
      BYTES_PER_SECOND,
    );
    await page.getByText(/^Stay: \d+ hours? of 1 station/).waitFor();
    await page.getByRole('img', { name: /percent of everything is on this device/ }).waitFor();
    await page.getByRole('button', { name: 'Pause collecting' }).click();
    await page.getByText('Collecting is paused: nothing comes until you go on.').waitFor();
    // What was asked for before still comes, and then nothing.
    let paused = await state();
    for (let fetched = -1; fetched !== paused.collecting?.bytes.fetched; ) {
      fetched = paused.collecting?.bytes.fetched ?? 0;
      await looks(3);
      paused = await state();
    }
    expect(paused.collecting?.bytes.missing).toBeGreaterThan(0);
    expect(paused.collecting?.things.held).toBeGreaterThan(0);
    expect(await axeViolations(page, { all: true })).toEqual([]);
    const before = await page.evaluate(() => (globalThis as unknown as { seen: Seen[] }).seen);
    await page.reload();
    await page.getByRole('button', { name: 'Go on collecting' }).waitFor();
    expect((await state()).collecting?.limits).toMatchObject({
      paused: true,
      bytesPerSecond: BYTES_PER_SECOND,
    });
    await page.getByText('Collecting is paused: nothing comes until you go on.').waitFor();
    await page.getByRole('button', { name: 'Go on collecting' }).click();
    await page.getByText('You can leave now').waitFor({ timeout: 60_000 });
    const relay = await relayHolds();
    const { collecting, stations } = await state();
    expect(relay.missing).toBe(0);
    expect(collecting?.things).toEqual({ held: relay.held, missing: 0 });
    expect(stations).toMatchObject([{ sealed, held: sealed }]);
    const after = await page.evaluate(() => (globalThis as unknown as { seen: Seen[] }).seen);
    const all = [...before, ...after];
    expect(all.filter(({ says }) => !says).length).toBeGreaterThan(0);
    for (const { mayLeave, says, missing, held } of all) {
      // What is shown may be a moment older than the state, never ahead of what is here.
      if (says || (mayLeave && held > 0)) expect({ missing, held }).toEqual({ missing: 0, held: relay.held });
    }
    const rings = await page
      .getByRole('img', { name: `${sealed} of ${sealed} hours are on this device` })
      .count();
    expect(rings).toBe(1);
    expect(await axeViolations(page, { all: true })).toEqual([]);
  });

  it('copies every hour to a folder byte for byte, and after a reload finds that nothing is to be done', async () => {
    const inFolder = () =>
      page.evaluate(async () => {
        const files: { path: string; digest: string; changedMs: number }[] = [];
        const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
          for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
            if (handle.kind === 'directory')
              await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
            else {
              const file = await (handle as FileSystemFileHandle).getFile();
              const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
              const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
              files.push({ path: `${path}${name}`, digest: hex, changedMs: file.lastModified });
            }
          }
        };
        await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle('disk'), '');
        return files.sort((a, b) => (a.path < b.path ? -1 : 1));
      });
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    const all = new RegExp(`^\\s*${sealed} of ${sealed} hours and pictures of this device are in the folder`);
    await page.getByText(all).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Copy what is new' }).waitFor();
    const files = await inFolder();
    const hours = await page.evaluate(async () => {
      const { model } = document.querySelector('waystation-app') as App;
      const digests: string[] = [];
      for (const { key } of model?.state.stations ?? []) {
        for await (const { bytes } of model?.hourFiles(key) ?? []) {
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          digests.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
        }
      }
      return digests;
    });
    expect(files.map(({ digest }) => digest).sort()).toEqual(hours.sort());
    expect(files[0]?.path).toMatch(
      /^Valley\/Ridge [0-9a-f]{8}\/\d{4}\/\d{2}\/\d{4}-\d{2}-\d{2}T\d{6}Z\.hour$/,
    );

    await page.reload();
    await page.getByRole('button', { name: 'Copy now' }).click();
    await page.getByText(all).waitFor();
    await page.getByRole('button', { name: 'Check the copies' }).click();
    await page.getByText(`All ${sealed} files were read back`).waitFor();
    expect(await inFolder()).toEqual(files);
    // What is damaged is found, and named.
    await page.evaluate(async (path) => {
      let folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('disk');
      const parts = path.split('/');
      for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part);
      const writable = await (await folder.getFileHandle(parts.at(-1) as string)).createWritable();
      await writable.write('not an hour');
      await writable.close();
    }, files[0]?.path ?? '');
    await page.getByRole('button', { name: 'Check the copies' }).click();
    await page.getByText(`1 of ${sealed} files are gone or were changed: ${files[0]?.path}`).waitFor();
    expect(await axeViolations(page, { all: true })).toEqual([]);
  });
});

describe('the place “Now”', { timeout: 90_000 }, () => {
  let served: ServedPage;
  beforeAll(async () => {
    served = await servePage(new URL('./now-page.ts', import.meta.url));
  });
  afterAll(() => served.close());

  it('has no fault that axe finds in any state, light or dark', async () => {
    const chromium = await launchChromium();
    try {
      const page = await openPage(chromium, served.url);
      await page.setViewportSize(PHONE);
      const names = (await page.evaluate('nowPage.names')) as string[];
      const found: string[] = [];
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        for (const name of names) {
          await page.evaluate(
            (state) =>
              (globalThis as unknown as { nowPage: { show(name: string): void } }).nowPage.show(state),
            name,
          );
          await page.locator('now-place h1').waitFor({ state: 'attached' });
          found.push(
            ...(await axeViolations(page, { all: true })).map((one) => `${name}, ${colorScheme}: ${one}`),
          );
        }
      }
      expect(found).toEqual([]);
    } finally {
      await chromium.close();
    }
  });

  it('draws of two hundred stations those that are seen, the silent one first, and all can be scrolled to', async () => {
    const chromium = await launchChromium();
    try {
      const page = await openPage(chromium, `${served.url}?state=many`);
      await page.setViewportSize(PHONE);
      const cards = page.getByRole('listitem');
      await page.getByText('silent for 26 hours').first().waitFor();
      expect(await cards.count()).toBeLessThan(60);
      expect(await cards.first().innerText()).toContain('Station 151');
      const seen = await page.evaluate(async () => {
        const place = document.querySelector('now-place')?.shadowRoot;
        const names = new Set<string>();
        for (let before = -1; scrollY > before; ) {
          before = scrollY;
          scrollBy(0, innerHeight / 2);
          for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
          for (const name of place?.querySelectorAll('h3') ?? []) names.add(name.textContent ?? '');
        }
        return names.size;
      });
      expect(seen).toBe(200);
    } finally {
      await chromium.close();
    }
  });
});

describe('a folder that a person chose', { timeout: 60_000 }, () => {
  it('keeps the contract of archive folders, and a file that was broken off is the one from before', async () => {
    const served = await servePage(new URL('./archive-page.ts', import.meta.url));
    const chromium = await launchChromium();
    try {
      const page = await openPage(chromium, served.url);
      interface ArchivePage {
        readonly names: string[];
        holds(name: string): Promise<void>;
        brokenOff(): Promise<number[]>;
      }
      const names = (await page.evaluate('archivePage.names')) as string[];
      expect(names.length).toBeGreaterThan(3);
      for (const name of names)
        await page.evaluate(
          (one) => (globalThis as unknown as { archivePage: ArchivePage }).archivePage.holds(one),
          name,
        );
      expect(await page.evaluate('archivePage.brokenOff()')).toEqual([1, 2, 3]);
    } finally {
      await chromium.close();
      await served.close();
    }
  });
});
