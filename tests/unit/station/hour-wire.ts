/**
 * What hours cost on a link: two real nodes, a real session over a link in memory, and every byte of every message counted from the sealing
 * to the receipt. The hours are a weather station's, six columns and a row a minute (examples/recordings/surfrad.csv.gz).
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { KIND } from '../../../src/feed/kinds.ts';
import { encodeHour } from '../../../src/hour/container.ts';
import type { ColumnDescriptor, HourContent } from '../../../src/hour/types.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import type { Link } from '../../../src/mesh/port.ts';
import { parseRecording } from '../../../src/sensors/replay.ts';
import { encodeHourBody, hourBodyOf } from '../../../src/station/hour-body-writing.ts';
import { stationIdOf } from '../../../src/station/own-station.ts';
import { decodeMessage, type MessageName } from '../../../src/sync/messages.ts';
import { type Member, NodeWorld } from './node-world.ts';

const HOUR_MS = 3_600_000;
const ROWS = 60;
const EXAMPLE = 'examples/recordings/surfrad.csv.gz';
const UNITS: Readonly<Record<string, string>> = {
  downwelling: 'W/m2',
  net_solar: 'W/m2',
  temperature: 'Cel',
  humidity: '%',
  wind: 'm/s',
  pressure: 'hPa',
};

/** An hour before it has a station. */
export type UnsignedHour = Omit<HourContent, 'station'>;

/** The 24 hours of the example, as a station with a weather sensor on a serial line records them. */
export async function weatherHours(): Promise<UnsignedHour[]> {
  const csv = gunzipSync(readFileSync(EXAMPLE)).toString('utf8');
  const { timesMs, columns, descriptor } = await parseRecording(csv, 'surfrad.csv');
  const named = descriptor.columns.map(
    ({ name }): ColumnDescriptor => ({
      name,
      unit: UNITS[name] ?? '',
      step: { numerator: 1, denominator: 10 },
    }),
  );
  const station = { name: 'weather', columns: named, driver: 'serial', device: '', replay: false };
  const hours: UnsignedHour[] = [];
  for (let from = 0; from + ROWS <= timesMs.length; from += ROWS) {
    const baseMs = timesMs[from] as number;
    const offsetsNs = Float64Array.from(timesMs.slice(from, from + ROWS), (ms) => (ms - baseMs) * 1e6);
    const rows = { baseMs, offsetsNs, columns: columns.map((column) => column.slice(from, from + ROWS)) };
    const streams = [{ descriptor: { ...descriptor, ...station, askedRateHz: null }, rows }];
    hours.push({ stationName: 'Ridge', startMs: baseMs, lengthMs: HOUR_MS, streams, gaps: [] });
  }
  return hours;
}

export interface Said {
  readonly isFromStation: boolean;
  readonly name: MessageName;
  readonly bytes: number;
}

/** One hour as it was sealed. */
export interface SealedHour {
  /** The hour file, and the body of its entry, before sealing. */
  readonly fileBytes: number;
  readonly bodyBytes: number;
  /** What is stored and travels. */
  readonly sealedFileBytes: number;
  readonly entryBytes: number;
}

/** A station that seals hours, and a member that collects them. */
export class HourWire {
  readonly said: Said[] = [];
  readonly #world: NodeWorld;
  readonly #station: Member;
  readonly #reader: Member;

  private constructor(world: NodeWorld, station: Member, reader: Member) {
    this.#world = world;
    this.#station = station;
    this.#reader = reader;
  }

  static async open(): Promise<HourWire> {
    const world = new NodeWorld();
    const station = await world.founded();
    return new HourWire(world, station, await world.joined(station, 'member'));
  }

  /** Links the two and lets them compare; forgets what they said for that. */
  async link(): Promise<void> {
    const [left, right] = memoryPair();
    const attached = { host: 'memory', spaces: [] };
    const { node: station } = this.#station;
    const { node: reader } = this.#reader;
    station.attach(this.#counted(left, true), { ...attached, peerNode: reader.id });
    reader.attach(this.#counted(right, false), { ...attached, peerNode: station.id });
    await this.settle();
  }

  /** The two have said all they had to say. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.said.length; ) {
      before = this.said.length;
      await this.#world.pass(3_000);
    }
  }

  async seal(hour: UnsignedHour): Promise<SealedHour> {
    const { space } = this.#station;
    const content = { ...hour, station: await stationIdOf(space) };
    const file = encodeHour(content);
    const body = encodeHourBody(hourBodyOf(content, space.context.random.bytes(16)));
    const entry = await space.writeWithBlob(KIND.hour, () => body, file);
    return {
      fileBytes: file.length,
      bodyBytes: body.length,
      sealedFileBytes: entry.header.blobs[0]?.size ?? 0,
      entryBytes: entry.bytes.length,
    };
  }

  /** Hours that the reader holds. */
  get held(): number {
    const { catalog, replica } = this.#reader.space;
    return [...catalog.stations.values()].reduce(
      (sum, { hours }) =>
        sum +
        hours.filter(({ entry: { header } }) =>
          replica.holdings(replica.index.keyOf(header.author, header.feed)).has(header.seq),
        ).length,
      0,
    );
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  #counted(link: Link, isFromStation: boolean): Link {
    const send = link.send.bind(link);
    link.send = (channel, bytes) => {
      this.said.push({ isFromStation, name: decodeMessage(bytes).name, bytes: bytes.length });
      send(channel, bytes);
    };
    return link;
  }
}

export function totalOf(said: readonly Said[]): number {
  return said.reduce((sum, { bytes }) => sum + bytes, 0);
}
