/** A device moves from one origin to another: two ports of loopback are two origins. In real Chromium, against real relays. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CDPSession, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes, toUtf8 } from '../../src/core/bytes.ts';
import { KIND } from '../../src/feed/kinds.ts';
import { createNodeCrypto } from '../../src/identity/crypto.node.ts';
import { placeNodeKeys } from '../../src/identity/keys.node.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../../src/node/open-node.ts';
import { deriveMovingKey } from '../../src/station/moving-words.ts';
import { WaystationNode } from '../../src/station/node.ts';
import { openFileStore } from '../../src/store/file-system.node.ts';
import { createMemoryStore, MemoryDisk } from '../../src/store/memory.ts';
import { pattern } from '../contract/store-contract.ts';
import { contentsOf, makeSeeds, pack, unpack, WORDS } from '../unit/station/moving-world.ts';
import { AppWorld, hourDigests, openApp, playSensors, stationWhen } from './app-world.ts';
import { axeViolations } from './axe.ts';

/** What these tests ask of the page's model. */
interface Model {
  readonly state: {
    readonly phase: string;
    readonly deviceName: string;
    readonly space: string | null;
    readonly role: string | null;
    readonly admitted: boolean;
    readonly notice: string | null;
    readonly recordingPhase: string;
  };
  readonly moving: {
    readonly state: { readonly work: { readonly doneBytes: number } | null };
    look(): Promise<void>;
    showArriving(): void;
    rest(): Promise<void>;
  };
  readonly recovery: { confirm(): Promise<void> };
  join(link: string, name: string): Promise<void>;
  create(space: string, name: string): Promise<void>;
  record(): Promise<void>;
  stop(): Promise<void>;
}

let world: AppWorld;
beforeEach(() => {
  world = new AppWorld();
});
afterEach(async () => {
  await world.end();
});

/** Calls the page's model. */
async function ask<T>(
  page: Page,
  question: (model: Model, argument: string) => T,
  argument = '',
): Promise<Awaited<T>> {
  const model = await page.evaluateHandle(
    () => (document.querySelector('waystation-app') as Element & { model: Model }).model,
  );
  return (await model.evaluate(question as never, argument as never)) as Awaited<T>;
}

async function phaseIs(page: Page, phase: string): Promise<void> {
  await page.waitForFunction((wanted) => {
    const app = document.querySelector('waystation-app') as (Element & { model?: Model }) | null;
    return app?.model?.state.phase === wanted;
  }, phase);
}

/** Every rule of axe holds in the view. */
async function accessible(page: Page): Promise<void> {
  expect(await axeViolations(page, { all: true, within: 'moving-view' })).toEqual([]);
}

/** The browser has no dialog to save with: the file is downloaded. */
async function withoutPicker(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.assign(globalThis, { showSaveFilePicker: undefined });
  });
}

async function saveFile(page: Page, path: string): Promise<{ words: string; name: string }> {
  await page.getByRole('heading', { name: /is ready to move/ }).waitFor();
  const items = page.locator('ol.words li');
  await items.nth(5).waitFor();
  const words = (await items.allTextContents()).map((word) => word.trim()).join(' ');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the file' }).click();
  const file = await download;
  await page.getByText('The file is made:').waitFor();
  writeFileSync(path, readFileSync(await file.path()));
  return { words, name: file.suggestedFilename() };
}

/** Chooses a file as the browser itself would, so that it is read from the disk and not sent through the debugger. */
async function choose(page: Page, path: string): Promise<void> {
  await page.locator('input[type=file]').evaluate((input) => Object.assign(globalThis, { chooser: input }));
  const session = await page.context().newCDPSession(page);
  const { result } = await session.send('Runtime.evaluate', { expression: 'chooser' });
  await session.send('DOM.setFileInputFiles', { files: [path], objectId: result.objectId as string });
  await session.detach();
}

async function bringHere(page: Page, path: string, words: string): Promise<void> {
  await choose(page, path);
  await page.getByLabel('The six words, in their order').fill(words);
  await page.getByRole('button', { name: 'Bring it here' }).click();
}

/** Something to be moved: a device in a group of its own, with so many clips of a megabyte. */
async function largeFile(path: string, clips: number): Promise<{ nodeId: string; bytes: number }> {
  const { seeds, publicKey } = makeSeeds();
  const disk = new MemoryDisk();
  const node = await WaystationNode.open({
    store: createMemoryStore(disk),
    keys: await placeNodeKeys(world.path('large-keys'), seeds),
    crypto: createNodeCrypto(),
    clock: SYSTEM_CLOCK,
    random: SYSTEM_RANDOM,
  });
  const { space } = await node.createSpace({ name: 'Valley', isPublic: false, ownName: 'Van' });
  for (let i = 0; i < clips; i++) {
    await space.writeWithBlob(KIND.clip, () => toUtf8('x'), pattern(1_000_000, i + 1));
  }
  await node.close();
  const store = createMemoryStore(disk);
  await store.state.put('name', toUtf8('Van'), 'strict');
  const file = concatBytes(
    ...(await pack({ store, seeds, publicKey, name: 'Van', derive: deriveMovingKey })),
  );
  writeFileSync(path, file);
  return { nodeId: node.id, bytes: file.length };
}

describe('a device that moves to another address', { timeout: 180_000 }, () => {
  it('is the same member there, with the same hours, records on, and is said to have moved at the old address', async () => {
    const first = await world.must('space', 'create', '--data', world.path('relay'), '--name', 'Valley');
    expect(first).not.toBe('');
    const old = await world.relay('relay');
    const fresh = await world.relay('other');
    const invite = await world.must(
      ...['invite', '--data', world.path('relay'), '--role', 'member', '--host', old.host],
    );
    const link = invite.split('\n').at(-1) ?? '';
    const status = async () =>
      JSON.parse(await world.must('status', '--data', world.path('relay'), '--json'));
    const browser = await world.chromium('phone');

    const page = await openApp(browser.context, `${old.url}/?hour=3s`);
    await withoutPicker(page);
    await phaseIs(page, 'no-space');
    await ask(page, (model, text) => model.join(text, 'Kitchen'), link);
    const sensors = await playSensors(page);
    await page.waitForFunction(() => {
      const { model } = document.querySelector('waystation-app') as Element & { model: Model };
      return model.state.admitted;
    });
    await ask(page, (model) => model.record());
    await stationWhen(page, { name: 'Kitchen', minSealed: 2, complete: false });
    // Getting ready ends the recording; what was recorded is kept.
    await page.goto(`${page.url().split('#')[0]}#/people`);
    await page.getByRole('button', { name: 'Move this device …' }).click();
    await accessible(page);
    await page.getByRole('button', { name: /get ready/i }).click();
    await phaseIs(page, 'moving');
    await sensors.stop();
    await accessible(page);
    const path = world.path('kitchen.wsmove');
    const { words, name } = await saveFile(page, path);
    expect(name).toMatch(/^waystation-Kitchen-\d{4}-\d\d-\d\d\.wsmove$/);
    expect(readFileSync(path).includes('Kitchen')).toBe(false);

    const there = await openApp(browser.context, `${fresh.url}/?hour=3s`);
    await phaseIs(there, 'no-space');
    await there.getByRole('button', { name: 'Bring a device here' }).click();
    await accessible(there);
    await bringHere(there, path, ` ${words.toUpperCase()} `);
    await there.getByText('Kitchen lives here now').waitFor();
    await phaseIs(there, 'ready');
    expect(
      await ask(there, ({ state }) => [state.deviceName, state.role, state.admitted, state.recordingPhase]),
    ).toEqual(['Kitchen', 'member', true, 'idle']);
    const moved = await stationWhen(there, { name: 'Kitchen', minSealed: 2, complete: true });
    const digests = await hourDigests(there, moved.id);
    expect(digests).toHaveLength(moved.sealed);

    // It goes on recording when it is told to, as the same station of the same member.
    const more = await playSensors(there);
    await ask(there, (model) => model.record());
    await stationWhen(there, { name: 'Kitchen', minSealed: moved.sealed + 1, complete: true });
    await ask(there, (model) => model.stop());
    await more.stop();
    const { sealed } = await stationWhen(there, {
      name: 'Kitchen',
      minSealed: moved.sealed + 1,
      complete: true,
    });
    let space = (await status()).spaces[0];
    while (space.stations[0]?.held !== sealed) space = (await status()).spaces[0];
    expect(space.stations).toHaveLength(1);
    expect(space.forks).toBe(0);
    const kitchens = space.roster.filter((one: { name: string }) => one.name === 'Kitchen');
    expect(kitchens).toMatchObject([{ role: 'member', standing: 'active' }]);

    // The old address says where it went, also after a reload, and does not come back by itself.
    await page.bringToFront();
    await page.getByLabel('New address').fill(fresh.url);
    await page.locator('leaving-view wa-checkbox').click();
    await page.getByRole('button', { name: 'It has moved' }).click();
    await page.getByRole('heading', { name: 'Kitchen has moved' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Kitchen has moved' }).waitFor();
    expect(await page.getByRole('link', { name: fresh.url }).getAttribute('href')).toBe(`${fresh.url}/`);
    await accessible(page);

    // The way back warns first; what it still holds is what it left with.
    await page.getByRole('button', { name: 'Undo: stay here after all' }).click();
    await page.getByText('Has it been opened at the new address?').waitFor();
    await accessible(page);
    await there.close();
    await page.getByRole('button', { name: 'It was never opened there: stay here' }).click();
    await phaseIs(page, 'ready');
    await stationWhen(page, { name: 'Kitchen', minSealed: sealed, complete: true });
    expect((await hourDigests(page, moved.id)).slice(0, digests.length)).toEqual(digests);
  });

  it('whose browser is killed while it arrives is not there at all afterwards, and arrives the next time', async () => {
    const path = world.path('van.wsmove');
    const { bytes } = await largeFile(path, 40);
    const { url } = await world.relay('relay');
    const before = await world.chromium('phone');
    const page = await openApp(before.context, url);
    await phaseIs(page, 'no-space');
    await ask(page, (model) => model.moving.showArriving());
    // So slow that the kill comes in the middle on any machine.
    const throttle = await before.context.newCDPSession(page);
    await throttle.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await bringHere(page, path, WORDS);
    await page.waitForFunction((half) => {
      const { model } = document.querySelector('waystation-app') as Element & { model: Model };
      return (model.moving.state.work?.doneBytes ?? 0) > half;
    }, bytes / 3);
    await before.kill();

    const after = await world.chromium('phone');
    const again = await openApp(after.context, url);
    await phaseIs(again, 'no-space');
    const left = await again.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = (await root.getDirectoryHandle('waystation-blobs')) as FileSystemDirectoryHandle & {
        keys(): AsyncIterable<string>;
      };
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    });
    expect(left).toEqual([]);
    await ask(again, (model) => model.moving.showArriving());
    await bringHere(again, path, WORDS);
    await phaseIs(again, 'ready');
    await again.getByText('Van lives here now').waitFor();
    expect(await ask(again, ({ state }) => [state.role, state.admitted])).toEqual(['admin', true]);
  });

  it('is not taken in with wrong words, from a cut or another file, or without room; a sentence says why, and the doors are there again', async () => {
    const path = world.path('van.wsmove');
    const { bytes } = await largeFile(path, 3);
    const cut = world.path('cut.wsmove');
    writeFileSync(cut, readFileSync(path).subarray(0, bytes - 1_000));
    const other = world.path('other.wsmove');
    writeFileSync(other, 'time,x,y\n');
    const { url } = await world.relay('relay');
    const { context } = await world.chromium('phone');
    const page = await openApp(context, url);
    await phaseIs(page, 'no-space');
    await page.getByRole('button', { name: 'Bring a device here' }).click();
    const refused = async (file: string, words: string, sentence: string) => {
      await bringHere(page, file, words);
      await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    };
    await refused(path, 'valley ridge rivr stone winter summer', 'Word 3, “rivr”');
    await refused(path, 'summer winter stone river ridge valley', 'These are not the words of this file');
    await refused(cut, WORDS, 'This file ends too early');
    await refused(other, WORDS, 'This is not a file that a device moves with');
    const session: CDPSession = await context.newCDPSession(page);
    const { origin } = new URL(url);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 });
    await refused(path, WORDS, 'There is no room here for about 4 MB, and nothing was kept');
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await accessible(page);
    await page.getByRole('button', { name: 'Back' }).click();
    await phaseIs(page, 'no-space');
    // The browser’s own Back does the same, and does not leave the app.
    await page.getByRole('button', { name: 'Bring a device here' }).click();
    await phaseIs(page, 'moving');
    await page.goBack();
    await phaseIs(page, 'no-space');
  });

  it('set up by an earlier version takes its recordings along, and is shown the doors to join anew', async () => {
    const old = await world.relay('relay');
    const fresh = await world.relay('other');
    const { context } = await world.chromium('phone');
    const page = await openApp(context, old.url);
    await withoutPicker(page);
    await phaseIs(page, 'no-space');
    // What those versions kept: keys that cannot be exported, and nothing beside them.
    await page.evaluate(async () => {
      const keys = {
        sign: await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']),
        seal: await crypto.subtle.generateKey('X25519', false, ['deriveBits']),
      };
      await new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('waystation-keys');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('keys', 'readwrite');
          transaction.objectStore('keys').put(keys, 'node');
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      });
    });
    await page.reload();
    await phaseIs(page, 'no-space');
    await ask(page, (model) => model.create('Valley', 'Ridge'));
    await ask(page, (model) => model.recovery.confirm());
    await phaseIs(page, 'ready');
    await ask(page, (model) => void model.moving.rest());
    await page.getByText('locked its identity to this address').waitFor();
    await accessible(page);
    const path = world.path('ridge.wsmove');
    const { words } = await saveFile(page, path);
    const there = await openApp(context, fresh.url);
    await phaseIs(there, 'no-space');
    await ask(there, (model) => model.moving.showArriving());
    await bringHere(there, path, words);
    await there.getByText('The recordings of Ridge are here. Join the group with a link').waitFor();
    await phaseIs(there, 'no-space');
    expect(await ask(there, ({ state }) => state.space)).toBeNull();
  });

  it('can be written to a place that the person chooses, by keyboard alone, and be read by a Node in its library', async () => {
    const { url } = await world.relay('relay');
    const { context } = await world.chromium('phone');
    const page = await openApp(context, url);
    // Headless Chromium has no dialog; what it would give is a handle, and this is one.
    await page.addInitScript(() => {
      const showSaveFilePicker = async () =>
        (await navigator.storage.getDirectory()).getFileHandle('chosen', { create: true });
      Object.assign(globalThis, { showSaveFilePicker });
    });
    await phaseIs(page, 'no-space');
    await ask(page, (model) => model.create('Valley', 'Ridge'));
    await phaseIs(page, 'ready');
    await ask(page, (model) => model.recovery.confirm());
    await ask(page, (model) => void model.moving.rest());
    await page.getByRole('heading', { name: 'Ridge is ready to move' }).waitFor();
    const items = page.locator('ol.words li');
    await items.nth(5).waitFor();
    const words = (await items.allTextContents()).map((word) => word.trim()).join(' ');
    const press = async (name: string, key: string) => {
      // Tab until it has the focus: what cannot be reached so never ends.
      const isThere = () =>
        page.evaluate((wanted) => {
          let focused = document.activeElement;
          let text = '';
          while (focused !== null) {
            if (focused.matches('button, wa-button, wa-radio')) text += focused.textContent ?? '';
            focused = focused.shadowRoot?.activeElement ?? null;
          }
          return text.includes(wanted);
        }, name);
      for (let steps = 0; !(await isThere()); steps++) {
        if (steps > 40) throw new Error(`“${name}” cannot be reached by keyboard`);
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press(key);
    };
    await press('Everything', 'ArrowDown');
    await press('Save the file', 'Enter');
    await page.getByText('The file is made:').waitFor();
    const file = await page.evaluate(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle('chosen');
      return [...new Uint8Array(await (await handle.getFile()).arrayBuffer())];
    });
    const store = await openFileStore(world.path('archive'));
    const arrival = await unpack(store, Uint8Array.from(file), { words, derive: deriveMovingKey });
    expect(arrival).toMatchObject({ name: 'Ridge', identity: true, everything: false });
    expect(Object.keys(await contentsOf(store)).some((key) => key.startsWith('value space/'))).toBe(true);
    await store.close();
    await press('Stay here after all', 'Enter');
    // A file of it exists: it may live elsewhere by now.
    await page.getByText('Has it been opened at the new address?').waitFor();
    await press('It was never opened there: stay here', 'Enter');
    await phaseIs(page, 'ready');
  });
});
