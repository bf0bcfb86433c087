import { describe, expect, it } from 'vitest';
import { loadPart } from '../../../src/core/load-part.browser.ts';

describe('a part of the page', () => {
  it('that fails to come is asked for again, a little later each time', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const load = async () => {
      tries++;
      if (tries < 4) throw new TypeError('Failed to fetch dynamically imported module');
      return 'part';
    };
    expect(await loadPart(load, async (ms) => void pauses.push(ms))).toBe('part');
    expect(pauses).toEqual([250, 1_000, 3_000]);
  });

  it('that comes at once is asked for once, and nothing is waited for', async () => {
    let tries = 0;
    const wait = () => Promise.reject(new Error('waited'));
    await loadPart(async () => {
      tries++;
    }, wait);
    expect(tries).toBe(1);
  });

  it('that never comes fails with what the last try said', async () => {
    let tries = 0;
    const load = () => Promise.reject(new Error(`try ${++tries}`));
    await expect(loadPart(load, async () => undefined)).rejects.toThrow('try 4');
  });
});
