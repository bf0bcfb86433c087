/** The page's model of a device that moves: at rest nothing of it runs, and it comes back as it was. */

import { describe, expect, it } from 'vitest';
import { concatBytes, toUtf8 } from '../../../src/core/bytes.ts';
import type { KeySeeds } from '../../../src/identity/key-seeds.ts';
import { readLeaving } from '../../../src/station/moving-marks.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { SaveTarget } from '../../../src/ui/model/moving.ts';
import type { StationModel } from '../../../src/ui/model/station-model.ts';
import { FaultyStore, FULL } from '../pipeline/crashing-store.ts';
import { makeSeeds, pack, WORDS } from '../station/moving-world.ts';
import { TestPage } from './page.ts';

/** A page on a disk that outlives it. */
class MovingPage extends TestPage {
  readonly disk = new MemoryDisk();
  starts = 0;
  /** How often what the page kept of the file was deleted. */
  forgottenFiles = 0;
  used: KeySeeds | null = null;

  constructor() {
    super();
    this.reopen();
    this.moving = {
      keys: {
        stage: async (seeds) => {
          this.used = seeds;
        },
        settle: async () => undefined,
      },
      seeds: async () => makeSeeds().seeds,
      areMovable: async () => true,
      restart: () => {
        this.starts++;
      },
      forgetFile: async () => {
        this.forgottenFiles++;
      },
    };
  }

  /** What a new start of the page finds. */
  reopen(): void {
    this.disk.crash('process');
    Object.assign(this, { faulty: new FaultyStore(createMemoryStore(this.disk)) });
  }
}

function memoryTarget(): SaveTarget & { readonly chunks: Uint8Array[]; ended: 'closed' | 'aborted' | null } {
  return {
    chunks: [],
    ended: null,
    async write(bytes) {
      this.chunks.push(bytes);
    },
    async close() {
      this.ended = 'closed';
    },
    async abort() {
      this.ended = 'aborted';
    },
  };
}

async function rested(page: MovingPage): Promise<StationModel> {
  const { model } = await page.founded();
  await model.record();
  await model.moving.rest();
  expect(page.starts).toBe(1);
  page.reopen();
  return (await page.open()).model;
}

describe('a device that leaves', () => {
  it('stops recording, and after a new start neither records nor opens its node', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    expect(model.state).toMatchObject({ phase: 'moving', deviceName: 'Ridge', space: null });
    expect(model.moving.state.leaving).toMatchObject({ phase: 'packing', to: null });
    expect(page.running).toBe(0);
    expect(page.sockets).toHaveLength(0);
  });

  it('comes back as it was when it stays after all', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    page.forgottenFiles = 0;
    await model.moving.stay();
    expect([page.starts, page.forgottenFiles]).toEqual([2, 1]);
    page.reopen();
    const { model: again } = await page.open();
    expect(again.state).toMatchObject({ phase: 'ready', spaceName: 'Valley', role: 'admin' });
  });

  it('knows for good that a file of it was made, and not before one is whole', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    const phaseNow = async () => (await readLeaving(page.faulty.store))?.phase;
    const broken = memoryTarget();
    broken.write = async () => Promise.reject(new Error('the stick was pulled out'));
    await expect(model.moving.pack(WORDS, true, broken)).rejects.toThrow('the stick');
    expect(await phaseNow()).toBe('packing');
    const target = memoryTarget();
    const { close } = target;
    target.close = async () => {
      // The person may take it away from this very moment on.
      expect(await phaseNow()).toBe('packed');
      await close.call(target);
    };
    await model.moving.pack(WORDS, true, target);
    expect(target.ended).toBe('closed');
    page.reopen();
    page.forgottenFiles = 0;
    const { model: again } = await page.open();
    expect(again.moving.state.leaving?.phase).toBe('packed');
    // The browser may still be copying it to where the person wants it.
    expect(page.forgottenFiles).toBe(0);
  });

  it('gives its file to the person also when the disk here is too full to note it', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    page.disk.setQuota(0);
    const target = memoryTarget();
    await model.moving.pack(WORDS, true, target);
    expect(target.ended).toBe('closed');
    expect(model.moving.state.leaving?.phase).toBe('packed');
  });

  it('has moved when it is said so, and says where to, also after a new start', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    page.forgottenFiles = 0;
    await model.moving.confirmMoved('https://waystation.local:7443');
    expect(page.forgottenFiles).toBe(1);
    page.reopen();
    const { model: again } = await page.open();
    expect(again.state.phase).toBe('moving');
    expect(again.moving.state.leaving).toMatchObject({ phase: 'moved', to: 'https://waystation.local:7443' });
  });

  it('that cannot say that it rests, because the disk is full, stays', async () => {
    const page = new MovingPage();
    const { model } = await page.founded();
    page.disk.setQuota(page.disk.usedBytes);
    await expect(model.moving.rest()).rejects.toMatchObject({ code: 'store-full' });
    expect(page.starts).toBe(0);
    expect(model.state.phase).toBe('ready');
    expect(await readLeaving(page.faulty.store)).toBeNull();
  });

  it('stays while its recovery words are nowhere but on the page', async () => {
    const page = new MovingPage();
    const { model } = await page.open();
    await model.create('Valley', 'Ridge');
    await expect(model.moving.rest()).rejects.toThrow('write down the recovery words');
    expect(page.starts).toBe(0);
    await model.recovery.confirm();
    await model.moving.rest();
    expect(page.starts).toBe(1);
  });

  it('leaves no half file behind when it is stopped, and can be packed again', async () => {
    const page = new MovingPage();
    const model = await rested(page);
    const words = await model.moving.makeWords();
    const target = memoryTarget();
    const stopping = {
      ...target,
      write: async () => model.moving.stop(),
      abort: async () => {
        target.ended = 'aborted';
      },
    };
    await expect(model.moving.pack(words, true, stopping)).rejects.toMatchObject({ code: 'closed' });
    expect(target.ended).toBe('aborted');
    expect(model.moving.state).toMatchObject({ work: null, packedBytes: null });
    const second = memoryTarget();
    await model.moving.pack(words, true, second);
    expect(second.ended).toBe('closed');
    expect(model.moving.state.packedBytes).toBe(concatBytes(...second.chunks).length);
  });
});

describe('a device that arrives', () => {
  async function arriving(): Promise<{ page: MovingPage; model: StationModel; file: Blob }> {
    const store = createMemoryStore();
    await store.state.put('name', toUtf8('Ridge'), 'strict');
    const { deriveMovingKey } = await import('../../../src/station/moving-words.ts');
    const file = new Blob(await pack({ store, derive: deriveMovingKey }));
    const page = new MovingPage();
    const { model } = await page.open();
    model.moving.showArriving();
    expect(model.state.phase).toBe('moving');
    return { page, model, file };
  }

  it('starts the page anew, which says once what came', async () => {
    const { page, model, file } = await arriving();
    await model.moving.unpack(file, WORDS);
    expect(page.starts).toBe(1);
    expect(page.used).not.toBeNull();
    page.reopen();
    const { model: again } = await page.open();
    expect(again.state.deviceName).toBe('Ridge');
    expect(again.state.notice).toContain('Ridge lives here now');
    page.reopen();
    expect((await page.open()).model.state.notice).toBeNull();
  });

  it('that could not be cleared away starts the page anew, which clears it', async () => {
    const { page, model, file } = await arriving();
    const stage = async () => {
      page.faulty.failure = FULL;
      throw new Error('the keys could not be kept');
    };
    Object.assign(page.moving.keys, { stage });
    await expect(model.moving.unpack(file, WORDS)).rejects.toThrow('the keys could not be kept');
    expect(page.starts).toBe(1);
  });

  it('with the wrong words leaves the page as it is', async () => {
    const { page, model, file } = await arriving();
    await expect(model.moving.unpack(file, WORDS.replace('river', 'ridge'))).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(page.starts).toBe(0);
    expect(model.state.phase).toBe('moving');
  });

  it('shows the doors again when it is not wanted', async () => {
    const { model } = await arriving();
    model.moving.hideArriving();
    expect(model.state.phase).toBe('no-space');
  });
});
