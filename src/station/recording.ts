/** Recording on this node: runs drivers, feeds the recorder, writes ahead every second, seals hours and pictures into the space. */
import { type Bytes, toHex } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import type { StationId } from '../core/ids.ts';
import { KIND } from '../feed/kinds.ts';
import type { EncodedHour } from '../hour/hour-encoder.ts';
import type { GapCause, ReadingBatch, StreamDescriptor } from '../hour/types.ts';
import type { EncodeHour, HourSource } from '../pipeline/hour-encoding.ts';
import { type EndCause, HourWriter } from '../pipeline/hour-writer.ts';
import { PictureQueue } from '../pipeline/picture-queue.ts';
import type { Driver, DriverSink } from '../sensors/port.ts';
import type { HourRecord } from './catalog.ts';
import { encodePicture } from './entry-bodies.ts';
import { encodeHourBody, hourBodyFrom } from './hour-body-writing.ts';
import { hasLeftovers, rememberedName, rememberName, stationIdOf } from './own-station.ts';
import type { Space } from './space.ts';

/** A crash loses at most this much. */
const WRITE_AHEAD_MS = 1_000;
/** What one stream is doing now. */
export interface StreamState {
  readonly descriptor: StreamDescriptor;
  readonly rows: number;
  readonly last: readonly number[];
  /** Readings per second over the last few seconds, null before there are two. */
  readonly rateHz: number | null;
  /** The gap it is in, null while it delivers. */
  readonly gap: GapCause | null;
}

export interface RecordingOptions {
  readonly space: Space;
  readonly name: string;
  readonly hourMs: number;
  /** Encodes an hour, in a worker where there is one, which the signal ends when it takes too long. */
  readonly encode: EncodeHour;
  readonly onTrouble: (message: string, error?: unknown) => void;
}

interface MutableStream {
  readonly descriptor: StreamDescriptor;
  rows: number;
  last: readonly number[];
  gap: GapCause | null;
  recent: { atMs: number; rows: number }[];
}

const RATE_WINDOW_MS = 5_000;

export class Recording {
  readonly station: StationId;
  readonly sinceMs: number;
  readonly hourMs: number;
  readonly writer: HourWriter;
  readonly #options: RecordingOptions;
  readonly #pictures: PictureQueue;
  readonly #streams = new Map<number, MutableStream>();
  readonly #stopping = new AbortController();
  readonly #drivers: Promise<void>[] = [];
  #cancelTimer: (() => void) | undefined;
  /** Something was recorded: a device that was asked to, and may not use its sensors, is no station. */
  #isStation = false;
  pictures = 0;

  private constructor(
    options: RecordingOptions,
    station: StationId,
    writer: HourWriter,
    pictures: PictureQueue,
  ) {
    this.#options = options;
    this.station = station;
    this.writer = writer;
    this.#pictures = pictures;
    this.sinceMs = options.space.context.clock.nowMs();
    this.hourMs = options.hourMs;
  }

  /**
   * Prepares recording: takes up what an earlier run left. The station's name is said with its first reading.
   * @throws WaystationError `conflict` when this node records in the space already, and what the store throws.
   */
  static async open(options: RecordingOptions): Promise<Recording> {
    const { space } = options;
    await space.sealing;
    if (space.isRecording) {
      throw new WaystationError('conflict', 'this device is recording here already: stop that first');
    }
    space.isRecording = true;
    try {
      return await Recording.#open(options);
    } catch (error) {
      space.isRecording = false;
      throw error;
    }
  }

  static async #open(options: RecordingOptions): Promise<Recording> {
    const { space, name } = options;
    const { store } = space.context;
    await space.settled();
    if ((await rememberedName(store)) !== name) await rememberName(store, name);
    const station = await stationIdOf(space);
    const writer = await openWriter(options, station);
    const pictures = openPictures(space, station);
    const recording = new Recording(options, station, writer, pictures);
    recording.#tick();
    return recording;
  }

  #records(): void {
    if (this.#isStation) return;
    this.#isStation = true;
    this.#sayName().catch((error: unknown) => this.#options.onTrouble(errorMessage(error), error));
  }

  async #sayName(): Promise<void> {
    if (!this.#isStation) return;
    const { space, name } = this.#options;
    try {
      await space.writeProfile({ name, station: this.station, spaceName: null });
    } catch (error) {
      // Before admission there is no key to say it under; `admitted` says it then.
      if (!isWaystationError(error, 'no-key')) throw error;
    }
  }

  /** This node was let in, or got a key: what waited is sealed now. */
  async admitted(): Promise<void> {
    await this.#sayName();
    await this.writer.flush();
    await this.#pictures.flush();
  }

  /** Rows of a stream that are recorded already, in sealed hours and in the open one: where a replay goes on. */
  recordedRows(streamName: string, device: string): { rows: number; firstMs: number | null } {
    let rows = 0;
    let firstMs: number | null = null;
    for (const { body } of ownHours(this.#options.space, this.station)) {
      for (const stream of body.streams) {
        if (stream.name !== streamName || stream.device !== device) continue;
        firstMs ??= stream.firstMs;
        rows += stream.rows;
      }
    }
    const unsealed = this.writer.unsealedRows(streamName, device);
    return { rows: rows + unsealed.rows, firstMs: firstMs ?? unsealed.firstMs };
  }

  /** Starts a driver; its readings are recorded until it ends or recording stops. Rejects when it fails: nobody else is told. */
  run(driver: Driver): Promise<void> {
    const running = driver.run(this.#sinkFor(driver), this.#stopping.signal);
    this.#drivers.push(running.catch(() => undefined));
    return running;
  }

  #sinkFor(driver: Driver): DriverSink {
    const { recorder } = this.writer;
    return {
      addStream: (descriptor) => {
        const stream = recorder.addStream(descriptor);
        this.#streams.set(stream, { descriptor, rows: 0, last: [], gap: null, recent: [] });
        return stream;
      },
      batch: (stream, batch) => {
        if (this.writer.batch(stream, batch)) this.#note(stream, batch);
        else this.#noteLost(stream);
        if (recorder.hasFinished) void this.writer.flush();
      },
      gap: (stream, fromMs, cause, detail) => {
        recorder.gap(stream, fromMs, cause, detail);
        const state = this.#streams.get(stream);
        if (state !== undefined) state.gap = cause;
      },
      picture: (atMs, mediaType, bytes) => {
        this.pictures++;
        this.#records();
        this.#pictures
          .add({ atMs: Math.round(atMs), mediaType, replay: driver.replay, bytes })
          .catch((error: unknown) => this.#options.onTrouble(errorMessage(error), error));
      },
    };
  }

  #note(stream: number, batch: ReadingBatch): void {
    const state = this.#streams.get(stream);
    const count = batch.offsetsNs.length;
    if (state === undefined || count === 0) return;
    const now = this.#options.space.context.clock.monotonicMs();
    this.#records();
    state.rows += count;
    state.gap = null;
    state.last = batch.columns.map((column) => column[count - 1] ?? Number.NaN);
    state.recent.push({ atMs: now, rows: state.rows });
    while (state.recent.length > 2 && now - (state.recent[0]?.atMs ?? now) > RATE_WINDOW_MS)
      state.recent.shift();
  }

  #noteLost(stream: number): void {
    const state = this.#streams.get(stream);
    if (state !== undefined) state.gap = 'store';
  }

  streams(): StreamState[] {
    return [...this.#streams.values()].map(({ descriptor, rows, last, gap, recent }) => {
      const first = recent[0];
      const latest = recent.at(-1);
      const spanMs = (latest?.atMs ?? 0) - (first?.atMs ?? 0);
      const rateHz = spanMs > 0 ? ((latest?.rows ?? 0) - (first?.rows ?? 0)) / (spanMs / 1000) : null;
      return { descriptor, rows, last, rateHz, gap };
    });
  }

  #tick(): void {
    const { clock } = this.#options.space.context;
    this.writer.recorder.tick(clock.nowMs());
    void this.writer.flush();
    this.#cancelTimer = clock.schedule(WRITE_AHEAD_MS, () => this.#tick());
  }

  /** A replay has played to its end: its last hour is sealed now, for no reading will come to end it. */
  async endReplay(): Promise<void> {
    this.writer.recorder.stop('stop');
    await this.writer.flush();
  }

  /** Ends recording: drivers stop, the open hour is sealed, everything is durable when this resolves. */
  async stop(cause: EndCause = 'stop'): Promise<void> {
    this.#stopping.abort();
    try {
      await Promise.all(this.#drivers);
      this.#cancelTimer?.();
      await this.writer.stop(cause);
      await this.#pictures.flush();
    } finally {
      this.#options.space.isRecording = false;
    }
  }
}

/**
 * Seals what this device recorded before it had a key, unless it is recording now and does so itself. Nothing new is recorded.
 * @param encode as in {@link RecordingOptions}.
 */
export function sealWhatWaits(
  space: Space,
  options: Pick<RecordingOptions, 'encode' | 'onTrouble'>,
): Promise<void> {
  const seal = async () => {
    if (space.isRecording || !(await hasLeftovers(space))) return;
    const station = await stationIdOf(space);
    const name = (await rememberedName(space.context.store)) ?? '';
    const writer = await openWriter({ ...options, space, name, hourMs: 3_600_000 }, station);
    // Nobody stopped it: whoever looks for what has fallen silent must not take it for that.
    await writer.stop('crash');
    await openPictures(space, station).flush();
  };
  const sealed = space.sealing.then(seal);
  space.sealing = sealed.catch(() => undefined);
  return sealed;
}

function openWriter(options: RecordingOptions, station: StationId): Promise<HourWriter> {
  const { space, name, hourMs } = options;
  const { store, random } = space.context;
  return HourWriter.open({
    store,
    recorder: { station, stationName: name, hourMs },
    newOpenId: () => random.bytes(16),
    seal: (source, openId) => sealHour(options, station, source, openId),
    sealedIds: () => sealedIdsOf(space, station),
    onTrouble: (error) => options.onTrouble(errorMessage(error), error),
  });
}

function openPictures(space: Space, station: StationId): PictureQueue {
  return new PictureQueue(space.context.store, station, async (picture) => {
    const { atMs, mediaType, replay, bytes } = picture;
    const body = encodePicture({ station, atMs, mediaType, replay });
    await space.writeWithBlob(KIND.picture, () => body, bytes, 'padme');
  });
}

function ownHours(space: Space, station: StationId): readonly HourRecord[] {
  return space.catalog.station(space.self, station)?.hours ?? [];
}

function sealedIdsOf(space: Space, station: StationId): Set<string> {
  return new Set(ownHours(space, station).map(({ body }) => toHex(body.openId)));
}

async function sealHour(
  { space, encode }: RecordingOptions,
  station: StationId,
  source: HourSource,
  openId: Bytes,
): Promise<void> {
  const release = await new Promise<() => void>((resolve) => space.sealings.next(resolve));
  try {
    await sealOnce({ space, encode }, station, source, openId);
  } finally {
    release();
  }
}

async function sealOnce(
  { space, encode }: Pick<RecordingOptions, 'space' | 'encode'>,
  station: StationId,
  source: HourSource,
  openId: Bytes,
): Promise<void> {
  if (sealedIdsOf(space, station).has(toHex(openId))) return;
  space.sealUnder(); // before the work of encoding: without a key the hour waits in its segments
  const { bytes, ledger, outlines } = await encodeInTime(space, encode, source);
  const body = encodeHourBody(hourBodyFrom(ledger, outlines, openId));
  await space.writeWithBlob(KIND.hour, () => body, bytes);
  await space.settled();
}

/**
 * Longest that reading an hour back and encoding it may take: a slow phone takes two seconds for a million values, and a page in the
 * background some more.
 */
function encodeLimitMs({ cells }: HourSource): number {
  return 30_000 + cells / 100;
}

/** @throws WaystationError `unavailable` when it takes too long: the hour waits in its segments, and nothing else waits for it. */
async function encodeInTime(
  { context: { clock } }: Space,
  encode: RecordingOptions['encode'],
  source: HourSource,
): Promise<EncodedHour> {
  const late = new AbortController();
  let cancel = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    const limitMs = encodeLimitMs(source);
    cancel = clock.schedule(limitMs, () => {
      const error = new WaystationError(
        'unavailable',
        `an hour could not be made ready within ${Math.round(limitMs / 1000)} s: what was recorded is kept, and it is tried again`,
      );
      late.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([encode(source, late.signal), tooLate]);
  } finally {
    cancel();
  }
}
