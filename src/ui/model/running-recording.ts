/**
 * A recording that runs in the page: what it consists of, and what is shown of it. `page-recorder.ts` starts, watches and ends it.
 */
import { msg } from '@lit/localize';
import { errorMessage } from '../../core/errors.ts';
import type { GapCause } from '../../hour/types.ts';
import type { Driver } from '../../sensors/port.ts';
import type { Recording, RecordingOptions } from '../../station/recording.ts';
import type { AwakeState } from '../platform/wake-lock.ts';
import type { RecordingView, StreamView } from './app-state.ts';
import type { GapLedger } from './gap-ledger.ts';
import { bytesPerDay, earlierGaps, recordedMsSince } from './recording-story.ts';

/** A sensor that has said nothing for so long after it was started is told of: cameras and cables take a few seconds, people longer. */
const FIRST_READING_MS = 10_000;

/** A driver that was started. */
export interface Part {
  readonly driver: Driver;
  readonly stop: AbortController;
  readonly streams: Set<string>;
  /** What it failed with; undefined while it runs. */
  failed: unknown;
  isOver: boolean;
  /** When it was started, by the clock that nobody sets. */
  readonly startedMs: number;
}

export interface Running {
  readonly recording: Recording;
  readonly options: RecordingOptions;
  readonly parts: Map<string, Part>;
  readonly ledger: GapLedger;
  readonly letSleep: () => void;
  /** When a person started it; a reload does not start it anew. */
  readonly sinceMs: number;
  /** The newest reading from before a reload or crash; null when a person started it. */
  readonly interruptedMs: number | null;
  /** Hours of it that were finished before the page was opened anew. */
  readonly earlierHours: number;
  /** How long the finished hours are together, and of how many that was told. */
  told: { readonly hours: number; readonly ms: number };
  /** When the first reading after that came. */
  resumedMs: number | null;
  /** Since when the device is full and readings are kept in memory alone; null while they are stored. */
  fullSinceMs: number | null;
  readonly wakefulness: { state: AwakeState };
  /** Wall clock less monotonic clock: it changes when somebody sets the clock, or the device slept. */
  originMs: number;
  /** By how much the clock was set since the recording began. */
  clockSetMs: number;
  cancelWatch: () => void;
}

/** Interruptions of it, newest first. */
export function gapsOf({
  ledger,
  recording,
  options,
  sinceMs,
  interruptedMs,
}: Running): RecordingView['gaps'] {
  return [...ledger.list(), ...earlierGaps(options.space, recording, sinceMs, interruptedMs)];
}

/** What is shown of it; asked for each second. */
export function viewOf(running: Running): RecordingView {
  const { recording, options, sinceMs, interruptedMs, resumedMs } = running;
  const sealedHours = running.earlierHours + recording.writer.sealed;
  return {
    // How long it has been going on is not changed by a clock that is set.
    sinceMs: sinceMs + running.clockSetMs,
    hourMs: recording.hourMs,
    streams: streamsOf(running),
    sealedHours,
    sealedMs: sealedMsOf(running, sealedHours),
    pictures: recording.pictures,
    waitingHours: recording.writer.waitingHours,
    gaps: gapsOf(running),
    fullSinceMs: running.fullSinceMs,
    awake: running.wakefulness.state,
    resumed:
      interruptedMs === null || resumedMs === null
        ? null
        : { atMs: resumedMs, missedMs: Math.max(0, resumedMs - interruptedMs) },
    bytesPerDay: bytesPerDay(options.space, recording.station, sinceMs),
  };
}

/** Worked out when an hour was finished, not each second. */
function sealedMsOf(running: Running, hours: number): number {
  const { options, recording, sinceMs, told } = running;
  if (told.hours !== hours)
    running.told = { hours, ms: recordedMsSince(options.space, recording.station, sinceMs) };
  return running.told.ms;
}

function streamsOf({ recording, parts, ledger, options }: Running): StreamView[] {
  const { clock } = options.space.context;
  const nowMs = clock.nowMs();
  /** For how long a driver runs; null while it may yet begin. */
  const muteMs = ({ startedMs, isOver }: Part) => {
    const ms = clock.monotonicMs() - startedMs;
    return !isOver && ms > FIRST_READING_MS ? ms : null;
  };
  const partOf = (stream: string) => [...parts.values()].find((part) => part.streams.has(stream));
  const told = new Set<Part>();
  const streams: StreamView[] = [];
  for (const { descriptor, rows, last, rateHz, gap } of recording.streams()) {
    const part = partOf(descriptor.name);
    if (part === undefined) continue; // switched off
    told.add(part);
    const silentSinceMs = ledger.silentSinceMs(descriptor.name);
    const silentMs =
      silentSinceMs === null ? (rows === 0 ? muteMs(part) : null) : Math.max(0, nowMs - silentSinceMs);
    const cause: GapCause | null = gap ?? (silentMs === null ? null : 'unknown');
    streams.push({
      name: descriptor.name,
      driver: part.driver.name,
      trouble: part.failed !== undefined ? errorMessage(part.failed) : cause === null ? null : gapText(cause),
      isOver: part.isOver,
      silentMs,
      replay: descriptor.replay,
      rateHz: silentMs === null ? rateHz : null,
      rows,
      columns: descriptor.columns.map((column, i) => {
        const value = last[i] ?? Number.NaN;
        return { name: column.name, unit: column.unit, last: Number.isNaN(value) ? null : value };
      }),
    });
  }
  for (const part of parts.values()) {
    const silentMs = muteMs(part);
    if (told.has(part) || (part.failed === undefined && silentMs === null)) continue;
    streams.push({
      name: part.driver.name,
      driver: part.driver.name,
      trouble: part.failed === undefined ? gapText('unknown') : errorMessage(part.failed),
      isOver: part.isOver,
      silentMs: part.failed === undefined ? silentMs : null,
      replay: false,
      rateHz: null,
      rows: 0,
      columns: [],
    });
  }
  return streams;
}

/** Why a sensor delivers nothing just now, in plain words. */
export function gapText(cause: GapCause): string {
  switch (cause) {
    case 'hidden':
      return msg('paused: the page was hidden or the screen went off');
    case 'frozen':
      return msg('paused: the system froze the page');
    case 'permission':
      return msg('the permission was taken back');
    case 'sensor':
      return msg('the sensor stopped');
    case 'clock':
      return msg('the clock was changed');
    case 'store':
      return msg('the device is full');
    default:
      return msg('no readings');
  }
}
