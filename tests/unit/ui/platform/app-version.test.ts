import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AppVersion,
  type AppVersionPorts,
  CHECK_INTERVAL_MS,
  IDLE_CHECK_INTERVAL_MS,
  RETRY_MS,
} from '../../../../src/ui/platform/service-worker.browser.ts';
import { VirtualClock } from '../../mesh/virtual-clock.ts';
import { FakeContainer, type FakeRegistration } from './fake-workers.ts';

let clock: VirtualClock;
let container: FakeContainer;
let registration: FakeRegistration;
let reloads: number;
let becomeVisible: () => void;
let comeOnline: () => void;

beforeEach(() => {
  clock = new VirtualClock();
  container = new FakeContainer();
  registration = container.registration;
  reloads = 0;
});

function page(ports: Partial<AppVersionPorts> = {}): AppVersion {
  return new AppVersion({
    container: container as unknown as ServiceWorkerContainer,
    isSecure: true,
    scope: 'https://relay.test/',
    build: 'one',
    clock,
    onVisible: (listener) => {
      becomeVisible = listener;
    },
    onOnline: (listener) => {
      comeOnline = listener;
    },
    reload: () => {
      reloads++;
    },
    ...ports,
  });
}

/** A page whose first version runs and serves it. */
async function running(): Promise<AppVersion> {
  const version = page();
  await version.start();
  registration.finish();
  await vi.waitFor(() => expect(version.state.offline).toBe('ready'));
  container.control(registration.active!);
  registration.update.mockClear();
  return version;
}

describe('whether the app works without a network', () => {
  test('is out of the question on an address that is not secure, and no worker is asked for', async () => {
    const version = page({ isSecure: false, container: undefined });
    await version.start();
    expect(version.state.offline).toBe('insecure');
    expect(container.registered).toBe(0);
  });

  test('is out of the question without service workers, or for a page that was not built', async () => {
    expect(page({ container: undefined }).state.offline).toBe('unsupported');
    const version = page({ build: null });
    await version.start();
    expect(version.state.offline).toBe('unsupported');
    expect(container.registered).toBe(0);
  });

  test('is said only when every file is there', async () => {
    const version = page();
    await version.start();
    expect(version.state.offline).toBe('preparing');
    registration.installing!.status = { build: 'one', files: 3, missing: 1 };
    const worker = registration.finish();
    await vi.waitFor(() => expect(worker.heard).toContain('tidy'));
    expect(version.state.offline).toBe('preparing');
  });

  test('a page that no worker serves yet asks to be served, so that parts loaded later come from the device', async () => {
    const version = page();
    await version.start();
    const worker = registration.finish();
    await vi.waitFor(() => expect(version.state.offline).toBe('ready'));
    expect(worker.heard).toEqual(['status', 'claim', 'tidy']);
  });

  test('a browser that refuses the worker is tried again after growing pauses, at most an hour apart', async () => {
    container.refusal = new Error('an SSL certificate error occurred');
    const version = page();
    await version.start();
    expect(version.state).toMatchObject({
      offline: 'failed',
      problem: 'an SSL certificate error occurred',
    });
    const pauses: number[] = [];
    for (let failures = 1; failures <= 9; failures++) {
      const pauseMs = Math.min(RETRY_MS * 2 ** (failures - 1), CHECK_INTERVAL_MS);
      clock.advance(pauseMs - 1);
      expect(container.registered).toBe(failures);
      clock.advance(1);
      await vi.waitFor(() => expect(container.registered).toBe(failures + 1));
      await vi.waitFor(() => expect(version.state.offline).toBe('failed'));
      pauses.push(pauseMs);
      // The next pause is planned when the refusal has arrived.
      await Promise.resolve();
    }
    expect(pauses.at(-1)).toBe(CHECK_INTERVAL_MS);
    container.refusal = null;
    await version.check();
    registration.finish();
    await vi.waitFor(() => expect(version.state).toMatchObject({ offline: 'ready', problem: null }));
  });
});

describe('a new version', () => {
  test('is looked for when the page becomes visible, at most once an hour', async () => {
    await running();
    becomeVisible();
    clock.advance(CHECK_INTERVAL_MS - 1);
    becomeVisible();
    expect(registration.update).toHaveBeenCalledTimes(0);
    clock.advance(1);
    becomeVisible();
    becomeVisible();
    expect(registration.update).toHaveBeenCalledTimes(1);
  });

  test('is looked for when the network is back, and once a day on a page that nobody touches', async () => {
    await running();
    clock.advance(RETRY_MS);
    comeOnline();
    expect(registration.update).toHaveBeenCalledTimes(1);
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(IDLE_CHECK_INTERVAL_MS);
    expect(registration.update).toHaveBeenCalledTimes(2);
  });

  test('that was not found for want of a network is not worth a word', async () => {
    const version = await running();
    registration.update.mockRejectedValue(new TypeError('Failed to fetch'));
    await version.check();
    expect(version.state).toEqual({ offline: 'ready', update: 'none', build: 'one', problem: null });
  });

  test('waits, and takes over only when somebody asks', async () => {
    const version = await running();
    const next = registration.find();
    expect(version.state.update).toBe('downloading');
    registration.finish();
    expect(version.state.update).toBe('waiting');
    expect(next.heard).toEqual([]);
    version.applyUpdate();
    expect(next.heard).toEqual(['take-over']);
    expect(version.state.update).toBe('applying');
    expect(reloads).toBe(0);
    registration.activate();
    container.control(next);
    expect(reloads).toBe(1);
  });

  test('that fails to download leaves the running one, and comes by itself later', async () => {
    const version = await running();
    registration.find();
    registration.fail();
    expect(version.state).toMatchObject({ offline: 'ready', update: 'failed' });
    clock.advance(RETRY_MS);
    expect(registration.update).toHaveBeenCalledTimes(1);
    registration.find();
    registration.finish();
    expect(version.state.update).toBe('waiting');
  });

  test('that another one overtakes while it takes over makes room for it', async () => {
    const version = await running();
    registration.find();
    registration.finish();
    version.applyUpdate();
    registration.find();
    const third = registration.finish();
    expect(third.heard).toContain('take-over');
    registration.activate();
    expect(reloads).toBe(1);
  });

  test('that another tab let in does not reload this page, but is offered', async () => {
    const version = await running();
    const next = registration.find();
    registration.finish();
    registration.activate();
    container.control(next);
    expect(reloads).toBe(0);
    expect(version.state).toMatchObject({ offline: 'ready', update: 'waiting' });
    version.applyUpdate();
    expect(reloads).toBe(1);
  });

  test('that is asked for when none waits changes nothing', async () => {
    const version = await running();
    version.applyUpdate();
    expect(version.state.update).toBe('none');
    expect(reloads).toBe(0);
  });
});
