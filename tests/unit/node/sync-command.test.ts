import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { untilServed } from '../../../src/node/commands/running.ts';
import { sync } from '../../../src/node/commands/sync-command.ts';
import { openNode, SYSTEM_CLOCK } from '../../../src/node/open-node.ts';
import type { WaystationNode } from '../../../src/station/node.ts';

describe('sync', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waystation-sync-'));
    const made = await openNode(folder, {}, () => undefined);
    await made.createSpace({ name: 'Valley', isPublic: false });
    await made.close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('that is stopped says so, and not that its time was over', async () => {
    const around = {
      words: [],
      cwd: folder,
      stdout: () => undefined,
      stderr: () => undefined,
      readerGone: AbortSignal.abort(),
    };
    const options = { data: folder, host: ['ws://127.0.0.1:9'], untilComplete: true, timeout: '60s' };
    await expect(sync(options, undefined, around)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('stopped before everything arrived'),
    });
  });
});

describe('leaving', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A node with one linked peer, and when that asked for something. */
  function linked() {
    const session = { lastAskedMs: 0 };
    const node = {
      ports: { clock: SYSTEM_CLOCK },
      engine: { sessions: new Map([[1, session]]) },
    } as unknown as WaystationNode;
    return { node, session };
  }
  const isOver = async (leaving: Promise<void>, afterMs: number) => {
    let over = false;
    leaving.then(
      () => {
        over = true;
      },
      () => undefined,
    );
    await vi.advanceTimersByTimeAsync(afterMs);
    return over;
  };

  it('waits until linked nodes had the time to ask for the news, and for as long as they ask', async () => {
    const { node, session } = linked();
    const leaving = untilServed(node, new AbortController().signal, SYSTEM_CLOCK.monotonicMs());
    expect(await isOver(leaving, 900)).toBe(false);
    session.lastAskedMs = SYSTEM_CLOCK.monotonicMs();
    expect(await isOver(leaving, 900)).toBe(false);
    expect(await isOver(leaving, 200)).toBe(true);
  });

  it('does not wait for ever for one that goes on asking', async () => {
    const { node, session } = linked();
    const leaving = untilServed(node, new AbortController().signal, SYSTEM_CLOCK.monotonicMs());
    let over = false;
    for (let i = 0; i < 40 && !over; i++) {
      session.lastAskedMs = SYSTEM_CLOCK.monotonicMs();
      over = await isOver(leaving, 500);
    }
    expect(over).toBe(true);
  });

  it('does not wait when it is told to stop', async () => {
    const { node } = linked();
    expect(await isOver(untilServed(node, AbortSignal.abort(), SYSTEM_CLOCK.monotonicMs()), 0)).toBe(true);
  });
});
