/** Replaying goes on where an earlier run ended, when it is the same recording; another of the same file name begins anew. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { createReplayDriver, parseRecording } from '../../../src/sensors/replay.ts';
import { type Member, NodeWorld } from '../station/node-world.ts';
import { readingsOf, startRecording } from '../station/station-recording.ts';

const FILE = 'latest.csv';
const NOON_MS = Date.UTC(2026, 0, 1, 12);

/** Readings `from` to `to`, one a second, each of which is its own number. */
function csv(from: number, to: number): string {
  const rows = Array.from({ length: to - from }, (_, i) => `${NOON_MS + (from + i) * 1_000},${from + i}`);
  return `t_ms,x\n${rows.join('\n')}\n`;
}

async function deviceOf(source: string, fileName = FILE): Promise<string> {
  return (await parseRecording(source, fileName)).descriptor.device;
}

describe('the device of a replay', () => {
  it('names the file and tells how the recording begins', async () => {
    const device = await deviceOf(csv(0, 20));
    expect(device).toMatch(/^latest\.csv \([0-9a-f]{8}\)$/);
    expect(await deviceOf(csv(0, 500))).toBe(device);
    expect(await deviceOf(csv(100, 120))).not.toBe(device);
    expect(await deviceOf(csv(0, 20).replace('t_ms,x', 't_ms,y'))).not.toBe(device);
    expect(await deviceOf(csv(0, 20).replace(',7\n', ',70\n'))).not.toBe(device);
    expect(await deviceOf(csv(0, 20), 'yesterday.csv')).not.toBe(device);
  });
});

describe('a station that replays a file', () => {
  let world: NodeWorld;
  let station: Member;

  beforeEach(async () => {
    world = new NodeWorld();
    station = await world.founded();
  });

  afterEach(async () => {
    await world.close();
  });

  /** Replays the file to its end in a run of its own; the result is how many rows were recorded before. */
  async function replay(source: string): Promise<number> {
    const { recording } = await startRecording(station.space, { hourMs: 3_600_000 });
    let before = -1;
    const recorded = (stream: StreamDescriptor) => {
      const found = recording.recordedRows(stream.name, stream.device);
      before = found.rows;
      return found;
    };
    const options = { read: async () => source, fileName: FILE, speed: 1e9, clock: world.clock, recorded };
    let hasEnded = false;
    const played = recording.run(createReplayDriver(options)).then(() => {
      hasEnded = true;
    });
    await world.until(() => hasEnded);
    await played;
    await recording.endReplay();
    await recording.stop();
    return before;
  }

  function numbers(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, i) => from + i);
  }

  it('records every row of another recording of the same name', async () => {
    expect(await replay(csv(0, 20))).toBe(0);
    expect(await replay(csv(100, 130))).toBe(0);
    const all = [...numbers(0, 20), ...numbers(100, 130)];
    expect(await readingsOf(station.space, station.node.id)).toEqual(all);
  });

  it('records only what is new when the recording has grown', async () => {
    expect(await replay(csv(0, 20))).toBe(0);
    expect(await replay(csv(0, 30))).toBe(20);
    expect(await replay(csv(0, 30))).toBe(30);
    expect(await readingsOf(station.space, station.node.id)).toEqual(numbers(0, 30));
  });
});
