import { expose } from 'comlink';
import { describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import { encodeHour, MAX_BLOCK_ROWS } from '../../../src/hour/container.ts';
import { outlinesOf } from '../../../src/hour/outline.ts';
import type { HourContent, HourStream } from '../../../src/hour/types.ts';
import { createCodecApi } from '../../../src/pipeline/codec-api.ts';
import { codecWorker } from '../../../src/pipeline/codec-worker.browser.ts';
import { descriptor, START_MS, STATION } from '../hour/hour-samples.ts';
import { sourceOf } from '../pipeline/whole-hour.ts';

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

/** A worker that does what the real one does, on the other end of a channel, until it dies at a message. */
class WorkingWorker extends EventTarget {
  messages = 0;
  ended = false;
  readonly #channel = new MessageChannel();
  readonly #diesAt: number;

  constructor(diesAt = Number.POSITIVE_INFINITY) {
    super();
    this.#diesAt = diesAt;
    expose(createCodecApi(), this.#channel.port2);
    this.#channel.port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(message: unknown, transferred: Transferable[]): void {
    if (++this.messages < this.#diesAt) this.#channel.port1.postMessage(message, transferred);
    else this.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
  }

  terminate(): void {
    this.ended = true;
    this.#channel.port1.close();
  }
}

function started<Kind extends SilentWorker | WorkingWorker>(make: () => Kind) {
  const workers: Kind[] = [];
  const encode = codecWorker(() => {
    const worker = make();
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { workers, encode };
}

const NOW = new AbortController().signal;
const EMPTY: HourContent = {
  station: STATION,
  stationName: 'Ridge',
  startMs: START_MS,
  lengthMs: 3_600_000,
  streams: [],
  gaps: [],
};

function stream(name: string, rows: number): HourStream {
  return {
    descriptor: descriptor(name, ['x', 'y']),
    rows: {
      baseMs: START_MS,
      offsetsNs: Float64Array.from({ length: rows }, (_, i) => i * 10_000_000),
      columns: [1, 2].map((n) => Float64Array.from({ length: rows }, (_, i) => ((i * n) % 97) / 10)),
    },
  };
}

describe('the worker that encodes hours', () => {
  it('makes of pieces what is made of the whole, and leaves the giver what it gave', async () => {
    const content = { ...EMPTY, streams: [stream('a', 2 * MAX_BLOCK_ROWS + 5), stream('b', 3)] };
    const { workers, encode } = started(() => new WorkingWorker());
    const { bytes, outlines } = await encode(sourceOf(content), NOW);
    expect([...bytes]).toEqual([...encodeHour(content)]);
    expect(outlines).toEqual(outlinesOf(content));
    expect(content.streams[0]?.rows.offsetsNs).toHaveLength(2 * MAX_BLOCK_ROWS + 5);
    workers[0]?.terminate();
  });

  it('that dies at any message of an hour costs that attempt, and the next one starts another', async () => {
    const content = { ...EMPTY, streams: [stream('a', MAX_BLOCK_ROWS + 5), stream('b', 3)] };
    const probe = started(() => new WorkingWorker());
    const { bytes } = await probe.encode(sourceOf(content), NOW);
    const messages = probe.workers[0]?.messages ?? 0;
    expect(messages).toBe(5);
    probe.workers[0]?.terminate();
    for (let at = 1; at <= messages; at++) {
      let isFirst = true;
      const { workers, encode } = started(() => {
        const worker = new WorkingWorker(isFirst ? at : undefined);
        isFirst = false;
        return worker;
      });
      await expect(encode(sourceOf(content), NOW)).rejects.toThrow('died: out of memory');
      expect(workers[0]?.ended).toBe(true);
      expect((await encode(sourceOf(content), NOW)).bytes).toEqual(bytes);
      expect(workers).toHaveLength(2);
      workers[1]?.terminate();
    }
  });

  it('gets the next piece when it is through with the one before, and forgets an hour that cannot be read on', async () => {
    const { workers, encode } = started(() => new WorkingWorker());
    const { descriptor: known, rows } = stream('a', 3);
    let pieces = 0;
    const broken = encode(
      {
        startMs: START_MS,
        cells: 9,
        read: async (take) => {
          for (; pieces < 3; pieces++) {
            expect(workers[0]?.messages).toBe(1 + pieces);
            await take(0, known, rows);
          }
          throw new WaystationError('unavailable', 'the disk was pulled out');
        },
      },
      NOW,
    );
    await expect(broken).rejects.toThrow('the disk was pulled out');
    expect(workers[0]?.messages).toBe(5);
    // The same worker goes on.
    await encode(sourceOf(EMPTY), NOW);
    expect(workers).toHaveLength(1);
    workers[0]?.terminate();
  });

  it('rejects what is pending when it dies, and is started anew for the next hour', async () => {
    const { workers, encode } = started(() => new SilentWorker());
    expect(workers).toHaveLength(1);
    const pending = encode(sourceOf(EMPTY), NOW);
    workers[0]?.die();
    await expect(pending).rejects.toThrow('died: out of memory');
    expect(workers[0]?.ended).toBe(true);
    const next = encode(sourceOf(EMPTY), NOW);
    expect(workers).toHaveLength(2);
    workers[1]?.die();
    await expect(next).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is ended when it hangs, and started anew for the next hour', async () => {
    const { workers, encode } = started(() => new SilentWorker());
    const late = new AbortController();
    const pending = encode(sourceOf(EMPTY), late.signal);
    late.abort(new WaystationError('unavailable', 'it took too long'));
    await expect(pending).rejects.toThrow('it took too long');
    expect(workers[0]?.ended).toBe(true);
    void encode(sourceOf(EMPTY), NOW).catch(() => undefined);
    expect(workers).toHaveLength(2);
    // What is over ends nobody else's worker.
    expect(workers[1]?.ended).toBe(false);
  });
});
