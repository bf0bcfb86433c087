/**
 * What of an hour was really recorded, told from its entry alone: an hour is a slot of the clock, and a station that ran for twelve
 * minutes of it has recorded twelve minutes. Pure.
 *
 * Invariants: pieces lie in the slot, in order, apart from each other; where several streams record, a moment counts when one of them
 * was heard; an hour with a reading has a piece. What was ended by a person (`start`, `stop`) shortens the pieces and is no interruption; everything else that was told
 * is one.
 */
import type { Gap } from '../hour/types.ts';
import type { HourBody } from './entry-bodies.ts';

/** What an entry tells of an hour; `streams` are left out where only the slot is known. */
export type SlotBody = Pick<HourBody, 'startMs' | 'lengthMs' | 'gaps'> & {
  readonly streams?: HourBody['streams'];
};

/** A stretch of time, [fromMs, toMs). */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Nearer to the slot's edge than this, or than some of its intervals, a stream's first and last reading say nothing: no gap is told. */
const EDGE_MS = 60_000;
const EDGE_INTERVALS = 20;

const known = new WeakMap<SlotBody, readonly Stretch[]>();

/** True where it is plain that all of the slot was recorded, as of nearly every hour; told without making anything. */
export function isWhole({ startMs, lengthMs, gaps, streams }: SlotBody): boolean {
  if (gaps.length > 0) return false;
  if (streams === undefined || streams.length === 0) return true;
  return streams.some(
    ({ rows, firstMs, lastMs }) =>
      rows > 0 &&
      firstMs !== null &&
      lastMs !== null &&
      firstMs - startMs <= EDGE_MS &&
      startMs + lengthMs - lastMs <= EDGE_MS,
  );
}

/** When something was recorded in this hour; worked out once an entry. Empty when no stream has a reading. */
export function piecesOf(body: SlotBody): readonly Stretch[] {
  if (isWhole(body)) return [slotOf(body)];
  let pieces = known.get(body);
  if (pieces === undefined) {
    pieces = without(slotOf(body), silenceOf(body));
    if (pieces.length === 0) pieces = readingsOf(body);
    known.set(body, pieces);
  }
  return pieces;
}

/** For how long something was recorded in this hour, ms. */
export function recordedMsOf(body: SlotBody): number {
  return lengthOf(piecesOf(body));
}

/** Gaps that nobody wanted, as far as they lie in the hour. */
export function interruptionsOf(body: SlotBody): Gap[] {
  const { fromMs, toMs } = slotOf(body);
  return body.gaps.flatMap((gap) => {
    const own = { ...gap, fromMs: Math.max(gap.fromMs, fromMs), toMs: Math.min(gap.toMs, toMs) };
    return gap.cause === 'start' || gap.cause === 'stop' || !(own.toMs > own.fromMs) ? [] : [own];
  });
}

/** How long an hour was interrupted for some stream, ms; gaps that overlap count once. */
export function gapMsOf(body: SlotBody): number {
  return body.gaps.length === 0 ? 0 : lengthOf(merged(interruptionsOf(body)));
}

/** A person ended the recording in this hour: that nothing follows is no loss. */
export function isStopped({ startMs, lengthMs, gaps }: SlotBody): boolean {
  if (gaps.length === 0) return false;
  return gaps.some(
    ({ stream, toMs, cause }) => stream === null && cause === 'stop' && toMs >= startMs + lengthMs,
  );
}

function slotOf({ startMs, lengthMs }: SlotBody): Stretch {
  return { fromMs: startMs, toMs: startMs + lengthMs };
}

/** A single reading between a start and a stop is a moment, and there. */
function readingsOf(body: SlotBody): Stretch[] {
  const { fromMs, toMs } = slotOf(body);
  const moments = (body.streams ?? []).flatMap(({ firstMs, lastMs }) =>
    firstMs === null || lastMs === null ? [] : [{ fromMs: firstMs, toMs: lastMs + 1 }],
  );
  return merged(
    moments
      .map((one) => ({ fromMs: Math.max(one.fromMs, fromMs), toMs: Math.min(one.toMs, toMs) }))
      .filter((one) => one.toMs > one.fromMs),
  );
}

/** When no stream was heard. */
function silenceOf(body: SlotBody): readonly Stretch[] {
  const { gaps, streams = [] } = body;
  const ofAll = gaps.filter(({ stream }) => stream === null);
  if (streams.length === 0) return merged(ofAll);
  let common: readonly Stretch[] | undefined;
  streams.forEach((stream, i) => {
    if (stream.rows === 0) return;
    const told = gaps.filter((gap) => gap.stream === null || gap.stream === i);
    const silent = merged([...told, ...edgesOf(body, stream, told)]);
    common = common === undefined ? silent : both(common, silent);
  });
  return common ?? [slotOf(body)];
}

/** Before the first reading and after the last, where no gap tells of it: an entry lists some dozens at most. */
function edgesOf(
  body: SlotBody,
  { firstMs, lastMs, achievedRateHz }: HourBody['streams'][number],
  told: readonly Stretch[],
): Stretch[] {
  if (firstMs === null || lastMs === null || achievedRateHz === null || achievedRateHz <= 0) return [];
  const { fromMs, toMs } = slotOf(body);
  const allowedMs = Math.max(EDGE_MS, (EDGE_INTERVALS * 1_000) / achievedRateHz);
  const edges: Stretch[] = [];
  if (firstMs - fromMs > allowedMs && told.every((gap) => gap.fromMs >= firstMs))
    edges.push({ fromMs, toMs: firstMs });
  if (toMs - lastMs > allowedMs && told.every((gap) => gap.toMs <= lastMs))
    edges.push({ fromMs: lastMs, toMs });
  return edges;
}

/** Stretches that overlap or touch as one, in order; what ends before it begins, as an entry may tell, is none. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of [...stretches].sort((a, b) => a.fromMs - b.fromMs)) {
    if (!(toMs > fromMs)) continue;
    const last = joined.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else joined.push({ fromMs, toMs });
  }
  return joined;
}

/** What is in both; each in order and without overlap. */
function both(a: readonly Stretch[], b: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [one, other] = [a[i] as Stretch, b[j] as Stretch];
    const fromMs = Math.max(one.fromMs, other.fromMs);
    const toMs = Math.min(one.toMs, other.toMs);
    if (toMs > fromMs) found.push({ fromMs, toMs });
    if (one.toMs < other.toMs) i++;
    else j++;
  }
  return found;
}

/** A stretch less others, which are in order and do not overlap. */
export function without({ fromMs, toMs }: Stretch, others: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let at = fromMs;
  for (const other of others) {
    if (other.toMs <= at) continue;
    if (other.fromMs >= toMs) break;
    if (other.fromMs > at) left.push({ fromMs: at, toMs: other.fromMs });
    at = other.toMs;
  }
  if (toMs > at) left.push({ fromMs: at, toMs });
  return left;
}

/** Stretches less others; each in order and without overlap. Costs as much as there are of both, however many. */
export function less(stretches: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let next = 0;
  for (const { fromMs, toMs } of stretches) {
    while (next < others.length && (others[next] as Stretch).toMs <= fromMs) next++;
    let at = fromMs;
    for (let i = next; i < others.length && (others[i] as Stretch).fromMs < toMs; i++) {
      const other = others[i] as Stretch;
      if (other.fromMs > at) left.push({ fromMs: at, toMs: other.fromMs });
      at = Math.max(at, other.toMs);
    }
    if (toMs > at) left.push({ fromMs: at, toMs });
  }
  return left;
}

export function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
