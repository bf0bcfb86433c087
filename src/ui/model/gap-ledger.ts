/**
 * Interruptions of the recording that runs, as a person is told of them: which streams, since when, why. It watches what drivers
 * deliver and report; the hours keep their own, exact ledger (`src/hour/silence.ts`). Pure: times are handed in, in ms of the
 * station's clock.
 */
import type { GapCause } from '../../hour/types.ts';

export interface GapView {
  /** Names of the streams; none means all of them. */
  readonly streams: readonly string[];
  readonly fromMs: number;
  /** Null while it goes on. */
  readonly toMs: number | null;
  readonly cause: GapCause;
  readonly detail: string;
}

/** A stream is silent after this, and after three of its intervals: as in the hours' ledger, and one batch on top. */
const SILENT_MS = 2_500;
const SILENT_INTERVALS = 3;
/** A stream that was asked for no rate (events) is silent when it has paused this many times as long as it usually does. */
const SILENT_USUAL_PAUSES = 10;
/** Interruptions listed one by one: two screens' worth. Older ones leave the list, not the hours. */
export const MAX_LISTED_GAPS = 100;
/** What one event does to several sensors reaches them within this. */
const TOGETHER_MS = 1_500;

/** An interruption of one stream, or (null) of all. */
export interface OneGap {
  readonly stream: string | null;
  fromMs: number;
  toMs: number | null;
  readonly cause: GapCause;
  readonly detail: string;
}

interface StreamWatch {
  readonly askedRateHz: number | null;
  heardMs: number | null;
  /** Typical pause between two deliveries, ms; null before there are two. */
  usualMs: number | null;
  open: OneGap | null;
}

export class GapLedger {
  readonly #streams = new Map<string, StreamWatch>();
  #gaps: OneGap[] = [];

  /** A stream exists from now on; one that is known goes on. */
  opened(stream: string, askedRateHz: number | null): void {
    if (this.#streams.has(stream)) return;
    this.#streams.set(stream, { askedRateHz, heardMs: null, usualMs: null, open: null });
  }

  /** Readings came. */
  heard(stream: string, atMs: number): void {
    const watch = this.#streams.get(stream);
    if (watch === undefined) return;
    this.check(atMs);
    if (watch.open !== null) {
      watch.open.toMs = Math.max(atMs, watch.open.fromMs);
      watch.open = null;
    } else if (watch.heardMs !== null && atMs > watch.heardMs) {
      const pauseMs = atMs - watch.heardMs;
      watch.usualMs = watch.usualMs === null ? pauseMs : watch.usualMs + (pauseMs - watch.usualMs) / 8;
    }
    watch.heardMs = atMs;
  }

  /** A driver says that nothing comes from `fromMs` on. The first word stands, but for a silence that nobody had explained. */
  gap(stream: string, fromMs: number, cause: GapCause, detail = ''): void {
    const watch = this.#streams.get(stream);
    if (watch === undefined || (watch.open !== null && watch.open.cause !== 'unknown')) return;
    const sinceMs = watch.open?.fromMs ?? Math.max(fromMs, watch.heardMs ?? fromMs);
    this.#forget(watch.open);
    watch.open = this.#add({ stream, fromMs: sinceMs, toMs: null, cause, detail });
  }

  /** Something kept every stream from delivering, and is over. */
  all(fromMs: number, toMs: number, cause: GapCause, detail = ''): void {
    this.#add({ stream: null, fromMs, toMs, cause, detail });
  }

  /** The person has switched the stream off: it is not expected any more. */
  closed(stream: string): void {
    const watch = this.#streams.get(stream);
    this.#forget(watch?.open ?? null);
    this.#streams.delete(stream);
  }

  /** Time has passed: who is silent for too long is interrupted, for a cause that nobody told. */
  check(nowMs: number): void {
    for (const [stream, watch] of this.#streams) {
      if (watch.open !== null || watch.heardMs === null) continue;
      if (nowMs - watch.heardMs > allowedMs(watch))
        watch.open = this.#add({ stream, fromMs: watch.heardMs, toMs: null, cause: 'unknown', detail: '' });
    }
  }

  /** Since when a stream is silent; null while it delivers. */
  silentSinceMs(stream: string): number | null {
    return this.#streams.get(stream)?.open?.fromMs ?? null;
  }

  /** The clock was set by so much: how long ago a stream was heard is as it was. */
  clockSet(byMs: number): void {
    for (const watch of this.#streams.values()) {
      if (watch.heardMs !== null) watch.heardMs += byMs;
      if (watch.open !== null) watch.open.fromMs += byMs;
    }
  }

  /** An old one may have left the list by itself. */
  #forget(gap: OneGap | null): void {
    this.#gaps = this.#gaps.filter((one) => one !== gap);
  }

  #add(gap: OneGap): OneGap {
    this.#gaps.push(gap);
    if (this.#gaps.length > MAX_LISTED_GAPS) this.#gaps = this.#gaps.slice(-MAX_LISTED_GAPS);
    return gap;
  }

  /** Newest first; what befell several streams at once is one. */
  list(): GapView[] {
    return mergedGaps(this.#gaps);
  }
}

/** What befell several streams at about the same time, for the same cause, as one; newest first. */
export function mergedGaps(gaps: readonly OneGap[]): GapView[] {
  const listed: (GapView & { readonly streams: string[] })[] = [];
  for (const { stream, fromMs, toMs, cause, detail } of gaps) {
    const same = listed.find(
      (one) =>
        one.cause === cause &&
        one.detail === detail &&
        near(one.fromMs, fromMs) &&
        (one.toMs === null ? toMs === null : toMs !== null && near(one.toMs, toMs)),
    );
    if (same === undefined) {
      listed.push({ streams: stream === null ? [] : [stream], fromMs, toMs, cause, detail });
    } else if (stream !== null && same.streams.length > 0 && !same.streams.includes(stream)) {
      same.streams.push(stream);
    }
  }
  return listed.sort((a, b) => b.fromMs - a.fromMs);
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOGETHER_MS;
}

function allowedMs({ askedRateHz, usualMs }: StreamWatch): number {
  if (askedRateHz !== null && askedRateHz > 0)
    return Math.max(SILENT_MS, (SILENT_INTERVALS * 1_000) / askedRateHz);
  return usualMs === null ? Number.POSITIVE_INFINITY : Math.max(2 * SILENT_MS, SILENT_USUAL_PAUSES * usualMs);
}
