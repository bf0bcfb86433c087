/** What the page tells can be read, dismissed, and is gone then. */
import { expect, it, vi } from 'vitest';
import { TestPage } from './page.ts';

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

it('what fails each second is told once, and again when it failed anew', async () => {
  const page = new TestPage();
  const { model } = await page.founded();
  const usage = vi.spyOn(page.faulty.store, 'usage').mockRejectedValue(new Error('the disk is gone'));
  page.clock.advance(1_000);
  await settled();
  expect(model.state.notice).toBe('the disk is gone');
  model.dismissNotice();
  for (let second = 0; second < 5; second++) {
    page.clock.advance(1_000);
    await settled();
  }
  expect(model.state.notice).toBeNull();
  usage.mockRestore();
  page.clock.advance(1_000);
  await settled();
  vi.spyOn(page.faulty.store, 'usage').mockRejectedValue(new Error('the disk is gone'));
  page.clock.advance(1_000);
  await settled();
  expect(model.state.notice).toBe('the disk is gone');
});

it('a clock that was wrong is not called wrong any more once it was set right', async () => {
  const page = new TestPage();
  const { model } = await page.founded();
  let aheadMs = 3_600_000;
  page.serverTimeMs = async () => page.clock.nowMs() + aheadMs;
  model.sensing.look(true, {});
  await settled();
  expect(model.sensing.view.clock).toMatchObject({ behindMs: 3_600_000 });
  aheadMs = 0;
  for (let second = 0; second < 40; second++) {
    page.clock.advance(1_000);
    await settled();
  }
  expect(model.sensing.view.clock).toBeNull();
});
