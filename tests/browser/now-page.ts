/** The place “Now” in a page of its own, in states that would take two hundred phones to reach: what they hold is made up here. */
import tokens from '../../src/ui/tokens.css?inline';
import '../../src/ui/now/now-place.ts';
import { Router } from '../../src/ui/app/router.ts';
import type { AppModel } from '../../src/ui/model/app-model.ts';
import type { AppState, RecordingView } from '../../src/ui/model/app-state.ts';
import type { CollectingView } from '../../src/ui/model/collecting-view.ts';
import type { Spark, StationFacts } from '../../src/ui/model/station-facts.ts';
import type { NowPlace } from '../../src/ui/now/now-place.ts';
import {
  collectingView,
  HOUR_MS,
  heard,
  nowState,
  type StationChange,
  stationFacts,
} from '../unit/ui/now/now-facts.ts';

/** What other members may call themselves: as long as names may be, turned around, markup, pictures. */
const HOSTILE_NAMES = ['W'.repeat(200), '\u202eegdiR\u202d', '<img src=x onerror=alert(1)>', '🏔️'.repeat(60)];
const nowMs = Date.now();
const NAMES = [
  'Ridge',
  'Barn',
  'Upper meadow',
  'Spring',
  'Quarry',
  'Old mill',
  'Chapel',
  'North wall',
  'Bridge',
  'Weir',
];

const station = (i: number, { status, ...facts }: StationChange = {}): StationFacts =>
  stationFacts(
    NAMES[i] ?? `Station ${i + 1}`,
    {
      ...facts,
      status: {
        id: `${i}`,
        key: `key-${i}`,
        seq: 500,
        sealed: 500,
        held: 500,
        bytes: 5e8,
        completeTo: new Date(nowMs - HOUR_MS).toISOString(),
        lastHeard: new Date(nowMs - (i % 7) * 60_000).toISOString(),
        ...status,
      },
    },
    nowMs,
  );
const silent = (i: number, agoMs: number) => station(i, heard(agoMs, nowMs));

const COLLECTING = collectingView({
  bytes: { known: 6e9, held: 6e9, missing: 0, fetched: 6e9 },
  things: { held: 6000, missing: 0 },
  history: [{ atMs: nowMs - 7 * 86_400_000, things: 1_204, bytes: 1.3e9 }],
  bytesPerDay: 2.4e8,
});

function stateOf(
  facts: readonly StationFacts[],
  collecting: Partial<CollectingView> = {},
  change: Partial<AppState> = {},
): AppState {
  return {
    ...nowState(facts),
    collecting: { ...COLLECTING, ...collecting },
    spaceName: 'Our valley',
    stations: facts.map(({ status }) => status),
    storage: { usedBytes: 6e9, freeBytes: 9e9, persistent: true },
    ...change,
  } as AppState;
}

const RECORDING = { streams: [] } as unknown as RecordingView;
const visit = { sinceMs: nowMs - 60_000, things: 420, bytes: 4.1e8, completeMs: null, newThings: 0 };
const behind = (i: number, missing: number) =>
  station(i, { through: ['Barn'], status: { held: 500 - missing, missing } });
const STATES: Readonly<Record<string, () => AppState>> = {
  empty: () =>
    stateOf([], {
      things: { held: 0, missing: 0 },
      met: [],
      history: [],
      bytesPerDay: null,
      connected: 0,
      mayLeave: false,
    }),
  one: () => stateOf([station(0)]),
  fine: () => stateOf(Array.from({ length: 10 }, (_, i) => station(i))),
  trouble: () =>
    stateOf([
      silent(0, 3.2 * HOUR_MS),
      station(1, { gaps: [{ cause: 'hidden', ms: 240_000 }] }),
      station(2, { stoppedMs: nowMs - 30 * HOUR_MS }),
      station(3, { status: { replay: true } }),
      station(4),
    ]),
  hostile: () =>
    stateOf(
      HOSTILE_NAMES.map((name, i) =>
        station(i, {
          gaps: [{ cause: 'hidden', ms: 240_000 }],
          through: HOSTILE_NAMES,
          status: { name, missing: 3, held: 497, replay: i === 0 },
        }),
      ),
      { met: HOSTILE_NAMES, things: { held: 1_997, missing: 12 } },
    ),
  alone: () => stateOf([station(0), station(1)], { connected: 0, aloneSinceMs: nowMs - 2 * HOUR_MS }),
  'relay-down': () =>
    stateOf(
      [station(0, { isOwn: true, lastEndMs: null, status: { sealed: 0, held: 0 } }), station(1)],
      { connected: 0, aloneSinceMs: nowMs - 2 * HOUR_MS, unmetSinceMs: nowMs - 2 * HOUR_MS },
      { hosts: [{ url: 'wss://raspberrypi.local:8443', state: 'unreachable' }], recording: RECORDING },
    ),
  resting: () => stateOf([station(0), station(1), station(2, { stoppedMs: nowMs - 5 * HOUR_MS })]),
  'first-hour': () =>
    stateOf(
      [station(0, { isOwn: true, lastEndMs: null, status: { sealed: 0, held: 0, lastHeard: null } })],
      { connected: 0, things: { held: 0, missing: 0 }, history: [], bytesPerDay: null },
      { recording: RECORDING },
    ),
  removed: () => stateOf([station(0), station(1)], {}, { refusal: 'revoked', admitted: false }),
  van: () =>
    stateOf(
      [behind(0, 9), behind(1, 4), behind(2, 1), ...Array.from({ length: 7 }, (_, i) => station(i + 3))],
      {
        visit,
        mayLeave: false,
        bytes: { known: 6e9, held: 3.8e9, missing: 2.2e9, fetched: 4.1e8 },
        things: { held: 5_000, missing: 14 },
        bytesPerSecond: 8.4e6,
        leftMs: 262_000,
      },
    ),
  paused: () =>
    stateOf([behind(0, 9), station(1)], {
      visit,
      mayLeave: false,
      limits: { paused: true, bytesPerSecond: 200_000, amountBytes: null },
      bytes: { known: 6e9, held: 3.8e9, missing: 2.2e9, fetched: 4.1e8 },
      things: { held: 5_000, missing: 9 },
    }),
  leave: () =>
    stateOf([behind(0, 1), ...Array.from({ length: 9 }, (_, i) => station(i + 1))], {
      visit: { ...visit, completeMs: nowMs - 120_000, newThings: 1 },
      things: { held: 6_000, missing: 1 },
    }),
  full: () =>
    stateOf(
      [behind(0, 9), station(1)],
      {
        visit,
        mayLeave: false,
        isFull: true,
        bytes: { known: 6e9, held: 3.8e9, missing: 2.2e9, fetched: 4.1e8 },
        things: { held: 5_000, missing: 9 },
        archive: {
          ...COLLECTING.archive,
          phase: 'running',
          folder: 'SSD',
          files: 1_203,
          totalFiles: 5_000,
          bytes: 9.2e8,
          totalBytes: 3.8e9,
          leftMs: 400_000,
        },
      },
      { storage: { usedBytes: 6e9, freeBytes: 1.1e6, persistent: true } },
    ),
  many: () =>
    stateOf(Array.from({ length: 200 }, (_, i) => (i === 150 ? silent(i, 26 * HOUR_MS) : station(i)))),
};

/** A day of hours that goes up and down, with a hole in it. */
function spark(key: string): Spark {
  const seed = Number(key.split('-')[1]);
  const points = Array.from({ length: 24 }, (_, h) => {
    const mean = 980 + 6 * Math.sin((h + seed * 3) / 4) + Math.cos(h * (1 + seed));
    return { atMs: nowMs - (24 - h) * HOUR_MS, mean, min: mean - 1.4, max: mean + 1.1 };
  }).filter((_, h) => seed % 3 !== 1 || h < 9 || h > 12);
  return { label: 'pressure', unit: '', points, stepMs: 1.5 * HOUR_MS, isLive: false };
}

const asked: string[] = [];
const action = (name: string) => async () => {
  asked.push(name);
};
const model = {
  stations: { spark },
  collecting: {
    setPaused: async (paused: boolean) => {
      asked.push(paused ? 'pause' : 'go on');
    },
    setRate: action('rate'),
    setAmount: action('amount'),
    dismissVisit: action('dismiss'),
    chooseFolder: action('folder'),
    startArchive: action('archive'),
    stopArchive: action('stop'),
    checkArchive: action('check'),
    fetchFromOtherFolders: action('fetch'),
    forgetFolder: action('forget'),
  },
} as unknown as AppModel;

const style = document.createElement('style');
style.textContent = tokens;
document.head.append(style);
const main = document.createElement('main');
main.style.cssText = 'max-width: 1100px; margin: 0 auto; padding: 16px';
document.body.append(main);
const router = new Router(window);

function show(name: string): void {
  const make = STATES[name];
  if (make === undefined) throw new RangeError(`there is no state ${name}`);
  const place = document.createElement('now-place') as NowPlace;
  Object.assign(place, { model, router, state: make() });
  main.replaceChildren(place);
}

Object.assign(globalThis, { nowPage: { show, names: Object.keys(STATES), asked } });
show(new URLSearchParams(location.search).get('state') ?? 'fine');
