import { describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { HourContent } from '../../../src/hour/types.ts';
import { codecWorker } from '../../../src/pipeline/codec-worker.browser.ts';

/** A worker that takes calls and never answers. */
class SilentWorker extends EventTarget {
  ended = false;

  postMessage(): void {}

  terminate(): void {
    this.ended = true;
  }

  die(): void {
    this.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
  }
}

describe('the worker that encodes hours', () => {
  it('rejects what is pending when it dies, and is started anew for the next hour', async () => {
    const workers: SilentWorker[] = [];
    const encode = codecWorker(() => {
      const worker = new SilentWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    });
    expect(workers).toHaveLength(1);
    const pending = encode({} as HourContent);
    workers[0]?.die();
    await expect(pending).rejects.toThrow('died: out of memory');
    expect(workers[0]?.ended).toBe(true);
    const next = encode({} as HourContent);
    expect(workers).toHaveLength(2);
    workers[1]?.die();
    await expect(next).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is ended when it hangs, and started anew for the next hour', async () => {
    const workers: SilentWorker[] = [];
    const encode = codecWorker(() => {
      const worker = new SilentWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    });
    const late = new AbortController();
    const pending = encode({} as HourContent, late.signal);
    late.abort(new WaystationError('unavailable', 'it took too long'));
    await expect(pending).rejects.toThrow('it took too long');
    expect(workers[0]?.ended).toBe(true);
    void encode({} as HourContent).catch(() => undefined);
    expect(workers).toHaveLength(2);
    // What is over ends nobody else's worker.
    expect(workers[1]?.ended).toBe(false);
  });
});
