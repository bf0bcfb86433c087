import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { untilStopped } from '../../../src/node/commands/running.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watch(stopped: Promise<void>): () => boolean {
  let over = false;
  stopped.then(
    () => {
      over = true;
    },
    () => undefined,
  );
  return () => over;
}

describe('waiting until it is told to stop', () => {
  it('outlasts the longest timer of Node when no end is given, and leaves no timer behind', async () => {
    const stop = new AbortController();
    const isOver = watch(untilStopped(stop.signal));
    await vi.advanceTimersByTimeAsync(400 * DAY_MS);
    expect(isOver()).toBe(false);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lasts as long as it is told, also beyond the longest timer', async () => {
    const isOver = watch(untilStopped(new AbortController().signal, 60 * DAY_MS));
    await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1);
    expect(isOver()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isOver()).toBe(true);
  });

  it('ends when what it waits for ends', async () => {
    const isOver = watch(untilStopped(new AbortController().signal, undefined, Promise.resolve()));
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
