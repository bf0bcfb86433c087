/** A page holds the files of its build. */
import { expect, it } from 'vitest';
import { pageLockName } from '../../../../src/ui/platform/app-worker-protocol.ts';
import { holdBuild } from '../../../../src/ui/platform/page-lock.browser.ts';

const scope = 'https://relay.test/';

it('asks for its lock at once, shared, and keeps it', async () => {
  const asked: unknown[] = [];
  let isOver = false;
  const locks = {
    request: (name: string, options: LockOptions, held: (lock: Lock | null) => Promise<unknown>) => {
      asked.push([name, options]);
      return held(null).finally(() => {
        isOver = true;
      });
    },
  } as unknown as LockManager;
  holdBuild({ locks, scope, build: 'one' });
  await Promise.resolve();
  expect([asked, isOver]).toEqual([[[pageLockName(scope, 'one'), { mode: 'shared' }]], false]);
  holdBuild({ locks, scope, build: null });
  holdBuild({ locks: undefined, scope, build: 'one' });
  expect(asked).toHaveLength(1);
});
