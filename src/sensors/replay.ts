/**
 * Replay: a recording in CSV played through the same path as live readings, at its own pace or faster, labelled as a replay
 * everywhere. Recordings whose times are no epoch are moved so that they begin now; an epoch is kept. The whole recording is
 * looked through before the first reading is handed over, so that a mistake in its last line is told before anything is recorded.
 */
import { WaystationError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Profile, ReadingBatch, StreamDescriptor } from '../hour/types.ts';
import type { Driver } from './port.ts';
import { type OnCells, type Recording, RecordingParser } from './recording-csv.ts';

/** Rows handed over at once, so that a fast replay leaves the event loop time for the mesh. */
const MAX_BATCH_ROWS = 4_096;
/** How often batches are handed over when the recording is played at a pace that can be kept. */
const BATCH_MS = 200;
/** A timer of a browser or of Node holds at most 2^31 − 1 ms: longer pauses are waited for in parts. */
const MAX_PAUSE_MS = 2 ** 30;
/** Text is parsed in pieces of this many characters. */
const PIECE_CHARS = 2 ** 18;

/** The recording's text, or its bytes, plain or gzipped. */
export type RecordingSource = string | AsyncIterable<Uint8Array>;

export interface Recorded {
  readonly rows: number;
  /** When the first row was recorded, for recordings that are moved to now; null when none was. */
  readonly firstMs: number | null;
}

export interface ReplayOptions {
  /** Opens the whole recording. */
  readonly read: () => Promise<RecordingSource>;
  /** Shown as the device, with a mark of how the recording begins; its base name is the stream's. */
  readonly fileName: string;
  /** 1 plays at the recording's own pace; very large numbers play as fast as readings are taken. */
  readonly speed: number;
  readonly clock: Clock;
  /** How the hours' blocks are coded; `small` unless it is said. */
  readonly profile?: Profile;
  /** What earlier runs have recorded of this stream: playing goes on after it. */
  readonly recorded?: (stream: StreamDescriptor) => Recorded;
}

async function* gunzipped(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  const feed = async () => {
    for await (const chunk of bytes) await writer.write(chunk as Uint8Array<ArrayBuffer>);
    await writer.close();
  };
  // What goes wrong in the source or in the stream comes out at the reader.
  feed().catch((error: unknown) => writer.abort(error).catch(() => undefined));
  const reader = readable.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Puts what was looked at back in front. */
async function* rejoined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield head;
  for (let part = await rest.next(); part.done !== true; part = await rest.next()) yield part.value;
}

async function* textOf(source: RecordingSource, fileName: string): AsyncIterable<string> {
  if (typeof source === 'string') {
    for (let at = 0; at < source.length; at += PIECE_CHARS) yield source.slice(at, at + PIECE_CHARS);
    return;
  }
  const parts = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  for (let part = await parts.next(); head.length < 2 && part.done !== true; part = await parts.next()) {
    head = Uint8Array.from([...head, ...part.value]);
    if (head.length >= 2) break;
  }
  const whole = rejoined(head, parts);
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const bytes of isGzip ? gunzipped(whole) : whole)
      yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    // What the page's decompression says with a TypeError, Node says with an error of zlib when the file is cut off.
    const isZlib = isGzip && String((cause as { code?: unknown }).code).startsWith('Z_');
    if (cause instanceof WaystationError || !(cause instanceof TypeError || isZlib)) throw cause;
    const what = isGzip ? 'does not unpack, or is no UTF-8 text inside' : 'is no UTF-8 text';
    throw new WaystationError('malformed', `${fileName} ${what}: save it again as CSV in UTF-8`, { cause });
  }
}

/** Reads a whole recording. @throws WaystationError `malformed` that names line and column, `limit`. */
export async function parseRecording(
  source: RecordingSource,
  fileName: string,
  onCells?: OnCells,
): Promise<Recording> {
  const parser = new RecordingParser(fileName, onCells);
  for await (const text of textOf(source, fileName)) parser.push(text);
  return parser.finish();
}

/** Milliseconds by which all times are moved, a whole number of the recording's ticks. */
function shiftOf({ isEpoch, timesMs, descriptor }: Recording, firstMs: number | null, nowMs: number): number {
  if (isEpoch) return 0;
  const tickMs = Math.max(1, descriptor.tickNs / 1e6);
  return (
    Math.floor((firstMs ?? nowMs) / tickMs) * tickMs - Math.floor((timesMs[0] as number) / tickMs) * tickMs
  );
}

function batchOf(recording: Recording, shiftMs: number, from: number, to: number): ReadingBatch {
  const { timesMs, timesNs, columns } = recording;
  const firstMs = timesMs[from] as number;
  const offsetsNs = new Float64Array(to - from);
  for (let row = from; row < to; row++) {
    offsetsNs[row - from] = ((timesMs[row] as number) - firstMs) * 1e6 + (timesNs[row] as number);
  }
  return { baseMs: firstMs + shiftMs, offsetsNs, columns: columns.map((column) => column.slice(from, to)) };
}

/** A driver that plays a recording. @throws RangeError when the speed is not above zero. */
export function createReplayDriver(options: ReplayOptions): Driver {
  const { clock, speed, fileName, profile = 'small' } = options;
  if (!(speed > 0)) throw new RangeError(`expected a speed above zero, got ${speed}`);
  return {
    name: 'replay',
    replay: true,
    probe: async () => ({ state: 'available' }),
    run: async (sink, signal) => {
      const recording = await parseRecording(await options.read(), fileName);
      const { timesMs, timesNs, rows } = recording;
      const descriptor = profile === 'small' ? recording.descriptor : { ...recording.descriptor, profile };
      if (signal.aborted) return;
      const { rows: skipRows, firstMs } = options.recorded?.(descriptor) ?? { rows: 0, firstMs: null };
      const stream = sink.addStream(descriptor);
      if (skipRows >= rows) return;
      const shiftMs = shiftOf(recording, firstMs, clock.nowMs());
      const timeMs = (row: number) => (timesMs[row] as number) + (timesNs[row] as number) / 1e6;
      const startedMs = clock.monotonicMs();
      const dueMs = (row: number) => startedMs + (timeMs(row) - timeMs(skipRows)) / speed;
      // Offsets within a batch must stay exact nanoseconds.
      const isNear = (from: number, to: number) =>
        Math.abs((timesMs[to] as number) - (timesMs[from] as number)) < 2 ** 32;
      for (let from = skipRows; from < rows && !signal.aborted; ) {
        const now = clock.monotonicMs();
        let to = from;
        while (to < rows && to - from < MAX_BATCH_ROWS && dueMs(to) <= now && isNear(from, to)) to++;
        if (to > from) sink.batch(stream, batchOf(recording, shiftMs, from, to));
        from = to;
        if (from === rows) break;
        const isBehind = dueMs(from) <= now;
        await pause(clock, isBehind ? 0 : Math.max(BATCH_MS, dueMs(from) - now), signal);
      }
    },
  };
}

/** Resolves after `delayMs`, at most {@link MAX_PAUSE_MS}, or when `signal` aborts. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(Math.min(delayMs, MAX_PAUSE_MS), done);
    signal.addEventListener('abort', done, { once: true });
  });
}
