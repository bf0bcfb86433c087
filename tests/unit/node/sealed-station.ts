/** A station in a group of its own, whose hours a test seals as it likes, and its exports. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { asBytes } from '../../../src/core/bytes.ts';
import type { Entry } from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeHour } from '../../../src/hour/container.ts';
import type { HourContent, HourStream, StreamDescriptor } from '../../../src/hour/types.ts';
import { type ExportOptions, exportStation } from '../../../src/node/commands/export-command.ts';
import { createOutput } from '../../../src/node/output.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { descriptor, STATION } from '../hour/hour-samples.ts';
import { type Member, NodeWorld } from '../station/node-world.ts';

export const HOUR_MS = 3_600_000;

/** A time of January 2026, as `01T23:00`. */
export const at = (text: string): number => Date.parse(`2026-01-${text}Z`);

/** A stream with one value in every column at each time. */
export function stream(
  name: string,
  times: readonly number[],
  values: readonly number[] = times.map((_, i) => i),
  over: Partial<StreamDescriptor> = {},
): HourStream {
  const told = descriptor(name, ['p'], over);
  const baseMs = times[0] ?? 0;
  const offsetsNs = Float64Array.from(times, (ms) => Math.round((ms - baseMs) * 1e6));
  return {
    descriptor: told,
    rows: { baseMs, offsetsNs, columns: told.columns.map(() => Float64Array.from(values)) },
  };
}

export interface Sample extends Partial<HourContent> {
  /** What is stored instead of the hour's own file. */
  readonly bytes?: Uint8Array;
}

export class SealedStation {
  readonly folder = mkdtempSync(join(tmpdir(), 'waystation-formats-'));
  readonly disk: MemoryDisk;
  readonly member: Member;
  readonly #world: NodeWorld;
  #written = 0;

  private constructor(world: NodeWorld, disk: MemoryDisk, member: Member) {
    this.#world = world;
    this.disk = disk;
    this.member = member;
  }

  static async open(): Promise<SealedStation> {
    const [world, disk] = [new NodeWorld(), new MemoryDisk()];
    return new SealedStation(world, disk, await world.founded({ store: createMemoryStore(disk) }));
  }

  async close(): Promise<void> {
    await this.#world.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Seals an hour that begins at `start` of January 2026. */
  async seal(
    start: string | number,
    streams: readonly HourStream[],
    { bytes, ...over }: Sample = {},
  ): Promise<Entry> {
    const content: HourContent = {
      station: STATION,
      stationName: 'Ridge',
      startMs: typeof start === 'number' ? start : at(start),
      lengthMs: HOUR_MS,
      streams,
      gaps: [],
      ...over,
    };
    const openId = asBytes(new Uint8Array(16).fill(++this.#written));
    const body = encodeHourBody(hourBodyOf(content, openId));
    return this.member.space.writeWithBlob(KIND.hour, () => body, asBytes(bytes ?? encodeHour(content)));
  }

  /** Exports into the folder: Parquet to `lake`, unless told otherwise. */
  async exported(options: Partial<ExportOptions> = {}) {
    let said = '';
    const documents: Record<string, unknown>[] = [];
    const output = createOutput(
      true,
      (text) => documents.push(JSON.parse(text)),
      (text) => {
        said += text;
      },
    );
    const error = await exportStation(
      this.member.node,
      { station: 'Ridge', format: 'parquet', out: 'lake', cwd: this.folder, ...options },
      output,
    ).then(
      () => undefined,
      (refused: Error) => refused,
    );
    return { error, said, document: documents.at(-1) };
  }

  /** Every file below the folder, as paths with slashes. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) =>
        join(one.parentPath, one.name)
          .slice(this.folder.length + 1)
          .split(sep)
          .join('/'),
      )
      .sort();
  }

  bytesOf(path: string): Uint8Array {
    return readFileSync(join(this.folder, path));
  }

  text(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }
}
