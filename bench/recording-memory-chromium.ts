/**
 * Memory of a page that records, in Chromium over an hour of virtual time: JavaScript heap and array buffers of the page after a full
 * collection, the most that both took in between with what was not collected yet, and the longest that the page was busy at a stretch. The workers of store and codec have heaps of their own.
 */
import { resolve } from 'node:path';
import type { CDPSession } from 'playwright-core';
import { openPage, servePage, withChromium } from '../tests/browser/chromium.ts';
import type { MinuteReport } from './recording-memory-page.ts';
import { printTable } from './table.ts';

const MINUTES = [1, 15, 30, 45, 59, 61, 75] as const;
const MIB = 2 ** 20;
const WATCH_MS = 20;

interface BenchWindow {
  readonly recordingBench: {
    start(): Promise<void>;
    toMinute(minute: number): Promise<MinuteReport>;
    trouble: string;
  };
}

async function heapUsage(session: CDPSession): Promise<{ usedSize: number; backingStorageSize: number }> {
  const usage: { usedSize: number; backingStorageSize?: number } = await session.send('Runtime.getHeapUsage');
  return { usedSize: usage.usedSize, backingStorageSize: usage.backingStorageSize ?? 0 };
}

/** Looks again and again until it is ended; the most that it saw, in bytes. */
function watchMemory(session: CDPSession): { end(): Promise<number> } {
  let isOver = false;
  let most = 0;
  const watching = (async () => {
    while (!isOver) {
      const { usedSize, backingStorageSize } = await heapUsage(session);
      most = Math.max(most, usedSize + backingStorageSize);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
      return most;
    },
  };
}

export async function benchRecordingMemoryChromium(): Promise<void> {
  const served = await servePage(resolve('bench/recording-memory-page.ts'));
  const rows: string[][] = [
    ['minute', 'heap, MiB', 'array buffers, MiB', 'at most, MiB', 'hours sealed', 'blocked at most, ms'],
  ];
  try {
    await withChromium(async (browser) => {
      const context = await browser.newContext();
      const page = await openPage(context, served.url);
      const session = await context.newCDPSession(page);
      await page.evaluate(() => (globalThis as unknown as BenchWindow).recordingBench.start());
      for (const minute of MINUTES) {
        const watch = watchMemory(session);
        const { sealed, blockedMs } = await page.evaluate(
          (to) => (globalThis as unknown as BenchWindow).recordingBench.toMinute(to),
          minute,
        );
        const mostBytes = await watch.end();
        // Array buffers are freed by the collection after the one that finds them.
        for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage');
        const { usedSize, backingStorageSize } = await heapUsage(session);
        rows.push([
          String(minute),
          (usedSize / MIB).toFixed(1),
          (backingStorageSize / MIB).toFixed(1),
          (mostBytes / MIB).toFixed(1),
          String(sealed),
          blockedMs.toFixed(0),
        ]);
      }
      const trouble = await page.evaluate(
        () => (globalThis as unknown as BenchWindow).recordingBench.trouble,
      );
      if (trouble !== '') throw new Error(trouble);
    });
  } finally {
    await served.close();
  }
  printTable('memory of a page that records in Chromium, nine channels at 60 Hz on a virtual clock', rows);
}
