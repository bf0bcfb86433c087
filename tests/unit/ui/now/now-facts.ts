/** Stations and a page's state for tests of what the page says, and for the page that shows them (tests/browser/now-page.ts). */
import { type CollectingView, NO_ARCHIVE } from '../../../../src/ui/model/collecting-view.ts';
import type { StationFacts } from '../../../../src/ui/model/station-facts.ts';
import type { NowState } from '../../../../src/ui/now/now-sentence.ts';

export const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

export type StationChange = Partial<Omit<StationFacts, 'status'>> & {
  readonly status?: Partial<StationFacts['status']>;
};

/** A station that is well: heard a minute ago, everything here. @param nowMs when that is. */
export function stationFacts(
  name: string,
  { status, ...facts }: StationChange = {},
  nowMs = NOW_MS,
): StationFacts {
  return {
    isOwn: false,
    isRemoved: false,
    mark: null,
    hourMs: HOUR_MS,
    lastEndMs: nowMs - 30 * MINUTE_MS,
    stoppedMs: null,
    isWholeToEnd: true,
    gaps: [],
    recordedMs: null,
    through: [],
    ...facts,
    status: {
      id: name,
      key: `key of ${name}`,
      name,
      seq: 9,
      sealed: 10,
      held: 10,
      inFolder: 0,
      missing: 0,
      bytes: 1e6,
      unseen: 0,
      completeTo: null,
      lastHeard: new Date(nowMs - MINUTE_MS).toISOString(),
      replay: false,
      ...status,
    },
  };
}

export function heard(agoMs: number, nowMs = NOW_MS): StationChange {
  return { status: { lastHeard: new Date(nowMs - agoMs).toISOString() } };
}

/** Connected to one device, with everything here. */
export function collectingView(change: Partial<CollectingView> = {}): CollectingView {
  return {
    limits: { paused: false, bytesPerSecond: null, amountBytes: null },
    isSpent: false,
    isFull: false,
    bytes: { known: 1e9, held: 1e9, missing: 0, fetched: 0 },
    things: { held: 100, missing: 0 },
    inFolder: 0,
    bytesPerSecond: 0,
    leftMs: 0,
    connected: 1,
    aloneSinceMs: null,
    unmetSinceMs: null,
    pickup: {
      reached: [],
      complete: true,
      blobs: { held: 100, missing: 0, bytes: 1e9 },
      entriesMissing: 0,
      missingFrom: [],
    },
    mayLeave: true,
    visit: null,
    history: [],
    met: ['Barn'],
    bytesPerDay: 1e8,
    archive: { ...NO_ARCHIVE, isPossible: true },
    ...change,
  };
}

export function nowState(stations: readonly StationFacts[], change: Partial<NowState> = {}): NowState {
  return {
    stationFacts: stations,
    collecting: collectingView(),
    recording: null,
    sensorFailure: null,
    refusal: null,
    admitted: true,
    storage: { usedBytes: 1e9, freeBytes: 1e10, persistent: true },
    hosts: [],
    ...change,
  };
}
