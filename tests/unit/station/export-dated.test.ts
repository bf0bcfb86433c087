import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { findStation, HoursInRange } from '../../../src/station/export.ts';
import { type DatedFile, type DatedFiles, exportDated } from '../../../src/station/export-dated.ts';
import { factsOf, metadataOf, readInRust } from '../hour/parquet-readers.ts';
import { at, SealedStation, stream } from '../node/sealed-station.ts';

let ridge: SealedStation;
beforeEach(async () => {
  ridge = await SealedStation.open();
});
afterEach(() => ridge.close());

describe('the memory of an export to Parquet', () => {
  /** Keeps files in memory, and notes what happens to them. */
  class NotedFiles implements DatedFiles {
    readonly events: string[] = [];
    readonly parts = new Map<string, Uint8Array[]>();

    async check(): Promise<void> {}

    async create(date: string, name: string): Promise<DatedFile> {
      const path = `${date}/${name}`;
      const parts: Uint8Array[] = [];
      this.parts.set(path, parts);
      this.events.push(`begin ${path}`);
      return {
        write: async (piece) => {
          parts.push(piece);
        },
        finish: async () => {
          this.events.push(`finish ${path}`);
        },
        discard: async () => {},
      };
    }
  }

  const hoursOfRidge = () =>
    new HoursInRange(ridge.member.space, findStation(ridge.member.space, 'Ridge'), {}, (error) => {
      throw error;
    });

  it('holds no day any more when the next one begins', async () => {
    for (const day of ['02', '01', '03'])
      await ridge.seal(`${day}T05:00`, [
        stream('s', [at(`${day}T05:30`)]),
        stream('t', [at(`${day}T05:30`)]),
      ]);
    await ridge.member.space.settled();
    const files = new NotedFiles();
    expect(await exportDated(hoursOfRidge(), {}, files)).toEqual({ rows: 6, files: 6 });
    const day = (number: number) =>
      ['begin', 'finish'].flatMap((what) => ['s', 't'].map((name) => `${what} 2026-01-0${number}/${name}`));
    expect(files.events).toEqual([...day(1), ...day(2), ...day(3)]);
  });

  it('has row groups written early when too much waits, with the same rows', async () => {
    for (const hour of ['05', '06', '07', '08']) {
      const times = Array.from({ length: 50 }, (_, i) => at(`01T${hour}:00`) + i * 1000);
      await ridge.seal(`01T${hour}:00`, [stream('s', times), stream('t', times.slice(0, 5))]);
    }
    await ridge.member.space.settled();
    const [roomy, tight] = [new NotedFiles(), new NotedFiles()];
    await exportDated(hoursOfRidge(), {}, roomy);
    await exportDated(hoursOfRidge(), {}, tight, 120);
    const [one, other] = [roomy, tight].map(({ parts }) =>
      ['s', 't'].map((name) => concatBytes(...(parts.get(`2026-01-01/${name}`) ?? []))),
    );
    const groups = (files: Uint8Array[] = []) => files.map((file) => metadataOf(file).row_groups.length);
    expect(groups(one)).toEqual([1, 1]);
    expect(groups(other)).toEqual([3, 1]);
    expect(other?.map(readInRust)).toEqual(one?.map(readInRust));
    expect(other?.map(factsOf)).toEqual(one?.map(factsOf));
  });
});
