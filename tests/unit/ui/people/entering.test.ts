/** Where one is when a device has just come into a group. */
import { describe, expect, it } from 'vitest';
import type { Place, Router } from '../../../../src/ui/app/router.ts';
import type { AppModel } from '../../../../src/ui/model/app-model.ts';
import { recordsItself } from '../../../../src/ui/people/role-words.ts';
import { enterThen } from '../../../../src/ui/welcome/entering.ts';

class FakeModel extends EventTarget {
  state = { phase: 'no-space' };

  become(phase: string): void {
    this.state = { phase };
    this.dispatchEvent(new Event('change'));
  }
}

function world() {
  const model = new FakeModel();
  const went: [Place, boolean | undefined][] = [];
  const router = { go: (place: Place, _: object, replace?: boolean) => went.push([place, replace]) };
  return { model, went, app: model as unknown as AppModel, router: router as unknown as Router };
}

describe('entering a group', () => {
  it('shows the place at the moment in which the group is there, once, and leaves no way back to the doors', async () => {
    const { model, went, app, router } = world();
    await enterThen(app, router, 'record', async () => {
      model.become('no-space');
      expect(went).toEqual([]);
      model.become('ready');
      expect(went).toEqual([['record', true]]);
      model.become('ready');
    });
    model.become('ready');
    expect(went).toEqual([['record', true]]);
  });

  it('that fails goes nowhere, also when another attempt is made later', async () => {
    const { model, went, app, router } = world();
    const failing = enterThen(app, router, 'now', () => Promise.reject(new Error('no room')));
    await expect(failing).rejects.toThrow('no room');
    model.become('ready');
    expect(went).toEqual([]);
  });

  it('leads to Record for those who record, and to Now for those who look on', () => {
    const roles = ['admin', 'member', 'recorder', 'reader', 'mirror'] as const;
    expect(roles.filter(recordsItself)).toEqual(['admin', 'member', 'recorder']);
  });
});
