/** What the page says of its own device: storage, network and version. */
import { describe, expect, it } from 'vitest';
import type { AppState } from '../../../../src/ui/model/app-state.ts';
import { Device, type DevicePorts } from '../../../../src/ui/model/device.ts';
import type { ModelCore } from '../../../../src/ui/model/model-core.ts';
import { networkText, offlineText, updateText } from '../../../../src/ui/people/policy-words.ts';
import type { AppVersionState } from '../../../../src/ui/platform/service-worker.browser.ts';

function device(ports: Partial<DevicePorts> = {}) {
  let state = { storage: { usedBytes: 5, freeBytes: null, persistent: null } } as unknown as AppState;
  let changes = 0;
  const core = {
    get state() {
      return state;
    },
    set: (change: Partial<AppState>) => {
      changes++;
      state = { ...state, ...change };
    },
  } as ModelCore;
  const model = new Device(core, { persist: async () => true, ...ports });
  return { model, state: () => state, changes: () => changes };
}

const VERSION: AppVersionState = { offline: 'ready', update: 'none', build: 'b', problem: null };

describe('this device', () => {
  it.each([true, false, null])(
    'tells what the browser answered when it was asked to keep the storage: %s',
    async (answer) => {
      const { model, state } = device({ persist: async () => answer });
      await model.askToKeep();
      expect(state().storage).toEqual({ usedBytes: 5, freeBytes: null, persistent: answer });
    },
  );

  it('is shown anew when its version or its being installed changes', () => {
    const listeners: (() => void)[] = [];
    const subscribe = (listener: () => void) => {
      listeners.push(listener);
      return () => undefined;
    };
    let applied = 0;
    const { model, changes } = device({
      version: { state: VERSION, subscribe, applyUpdate: () => applied++ },
      install: {
        state: { canInstall: true, isInstalled: false },
        subscribe,
        install: async () => 'accepted',
      },
    });
    for (const listener of listeners) listener();
    expect(changes()).toBe(2);
    expect(model.version).toBe(VERSION);
    expect(model.install).toEqual({ canInstall: true, isInstalled: false });
    model.applyUpdate();
    expect(applied).toBe(1);
  });

  it('says that nothing is known where the page has nobody to ask', () => {
    const { model } = device();
    expect(model.version).toBeNull();
    expect(model.install).toBeNull();
    expect(offlineText(model.version)).toContain('cannot store the app');
  });
});

describe('the sentences', () => {
  const host = (state: 'open' | 'unreachable') => ({ url: 'wss://hut.example', state });

  it('on the network have numbers in them, and say that nothing waits for it', () => {
    const connections = [{ name: 'Home', via: 'hut', sinceMs: 0 }];
    const inside = { admitted: true, refusal: null };
    const hosts = [host('open'), host('unreachable')];
    const text = networkText({ hosts, connections, ...inside } as never);
    expect(text).toContain('2 meeting points, of which 1 can be reached now');
    expect(text).toContain('connected with 1 device.');
    expect(networkText({ hosts: [], connections: [], ...inside })).toContain('finds no others');
    for (const out of [
      { admitted: false, refusal: 'surplus' },
      { admitted: true, refusal: 'revoked' },
    ])
      expect(networkText({ hosts, connections, ...out } as never)).not.toContain('connected');
  });

  it('on the version never ask to change to it while something is recorded', () => {
    const waiting: AppVersionState = { ...VERSION, update: 'waiting' };
    expect(updateText(waiting, true)).toContain('Stop recording before');
    expect(updateText(waiting, false)).not.toContain('Stop recording');
  });

  it.each(['unsupported', 'insecure', 'preparing', 'ready', 'failed'] as const)(
    'on working without a network differ: %s',
    (offline) => {
      const others = (['insecure', 'preparing', 'ready', 'failed'] as const).filter((one) => one !== offline);
      const text = offlineText({ ...VERSION, offline });
      for (const other of others) expect(offlineText({ ...VERSION, offline: other })).not.toBe(text);
    },
  );
});
