/**
 * The Data place with as many stations and hours as the address asks for (`?stations=200&hours=500&state=mixed`), for what is hard to
 * reach with real ones: very many, only known, gaps and pictures everywhere, damaged. The worker, the plot and the views are the real
 * ones; hours are made up when they are opened.
 */
import '../../src/ui/data/data-place.ts';
import { wrap } from 'comlink';
import { columnBands, MAX_PARTS } from '../../src/hour/pyramid.ts';
import { columnExtent } from '../../src/hour/summary.ts';
import type { Gap } from '../../src/hour/types.ts';
import type { HourRecord, PictureRecord } from '../../src/station/catalog.ts';
import type { HourBody } from '../../src/station/entry-bodies.ts';
import { timelineOf } from '../../src/station/timeline.ts';
import { Router } from '../../src/ui/app/router.ts';
import { planExport } from '../../src/ui/model/data-export-plan.ts';
import { PlotSource } from '../../src/ui/model/data-plot.ts';
import type { AnyHour, ColumnView, DataModel, DataStation } from '../../src/ui/model/data-port.ts';
import { dataWorker } from '../../src/ui/model/data-worker.browser.ts';
import tokens from '../../src/ui/tokens.css?inline';
import type { HourMaker } from './data-hours.ts';
import { COLUMN_NAMES, NOISE, ROWS, valueAt } from './data-values.ts';

const maker = wrap<HourMaker>(new Worker(new URL('./data-hours.ts', import.meta.url), { type: 'module' }));
const HOUR_MS = 3_600_000;
const LAST_MS = Date.UTC(2026, 9, 28, 12);
const params = new URLSearchParams(location.search);
const STATIONS = Number(params.get('stations') ?? 3);
const HOURS = Number(params.get('hours') ?? 500);
/** `held`, `known` (nothing is here), `mixed`, `part` (of hours), `locked`, `damaged` or `empty`. */
const STATE = params.get('state') ?? 'mixed';
const PICTURES = Number(params.get('pictures') ?? 0);
/** Of more hours no overviews are made up: it would take seconds. */
const MAX_TOLD_HOURS = 2_000;
/** What an export asks of an hour's entry. */
const ENTRY = { header: { blobs: [{ root: '', size: 20_000 }] } };
const COLUMNS: readonly ColumnView[] = [
  { ref: { stream: 'air', index: 0 }, name: 'pressure', unit: 'hPa' },
  { ref: { stream: 'air', index: 1 }, name: 'temperature', unit: 'Cel' },
];

/** Twelve minutes of an hour, and an hour in two pieces. */
const PART_MS = [
  [3, 15],
  [0, 22],
  [31, 60],
].map(([from = 0, to = 0]) => ({ from: from * 60_000, to: to * 60_000 }));

function partOf(startMs: number, index: number): readonly Gap[] {
  const { from, to } = PART_MS[index % PART_MS.length] ?? { from: 0, to: HOUR_MS };
  const all = { stream: null, detail: '' };
  return [
    { ...all, fromMs: startMs, toMs: startMs + from, cause: 'start' as const },
    { ...all, fromMs: startMs + to, toMs: startMs + HOUR_MS, cause: 'stop' as const },
  ].filter(({ fromMs, toMs }) => toMs > fromMs);
}

function gapsOf(startMs: number, index: number): readonly Gap[] {
  if (STATE === 'part') return partOf(startMs, index);
  if (index % 37 !== 5) return [];
  return [
    { stream: null, fromMs: startMs + 20 * 60_000, toMs: startMs + 27 * 60_000, cause: 'hidden', detail: '' },
  ];
}

/** What an entry tells of a column: extremes, mean, and where there are few hours its overview, none of it in gaps. */
function overviewOf(startMs: number, station: number, column: number, gaps: readonly Gap[]) {
  const [name, unit] = COLUMN_NAMES[column] as (typeof COLUMN_NAMES)[number];
  const parts = STATIONS * HOURS <= MAX_TOLD_HOURS ? MAX_PARTS : 1;
  const times = Array.from({ length: 4 * parts }, (_, i) => startMs + ((i + 0.5) * HOUR_MS) / (4 * parts));
  const isGap = (ms: number) => gaps.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
  const middle = times.map((ms) => (isGap(ms) ? Number.NaN : valueAt(ms, station, column)));
  const values = Float64Array.from(middle.flatMap((value) => [value - NOISE, value + NOISE]));
  const partOf = Uint8Array.from(values, (_, i) => Math.floor(i / 8));
  const { min, max } = columnExtent(values);
  const mean = valueAt(startMs + HOUR_MS / 2, station, column);
  const extent = min === null || max === null ? null : { min, max };
  return {
    column: { name, unit, step: null, count: ROWS, min, max, mean: extent === null ? null : mean },
    bands: parts === 1 ? new Uint8Array(0) : columnBands(values, partOf, parts, extent),
  };
}

function bodyOf(station: number, index: number): HourBody {
  // Of three parts the second and third are of one hour.
  const slot = STATE === 'part' ? index - Math.floor((index + 1) / 3) : index;
  const startMs = LAST_MS - (HOURS - slot) * HOUR_MS;
  const gaps = gapsOf(startMs, index);
  const [firstMs, lastMs] = [startMs, startMs + HOUR_MS - 1000];
  const told = [0, 1].map((column) => overviewOf(startMs, station, column, gaps));
  return {
    station: '00' as HourBody['station'],
    stationName: `Station ${station + 1}`,
    startMs,
    lengthMs: HOUR_MS,
    openId: new Uint8Array(0),
    streams: [
      {
        name: 'air',
        driver: 'test',
        device: '',
        replay: false,
        rows: ROWS,
        firstMs,
        lastMs,
        achievedRateHz: 1,
        width: told.length,
        columns: told.map(({ column }) => column),
        bands: Uint8Array.from(told.flatMap(({ bands }) => [...bands])),
      },
    ],
    gaps,
  };
}

function isHeld(station: number, index: number): boolean {
  if (STATE === 'known') return false;
  return STATE !== 'mixed' || index % 11 !== station % 11;
}

function stationAt(station: number): DataStation {
  const indices = Array.from(
    { length: STATE === 'locked' || STATE === 'empty' ? 0 : HOURS },
    (_, i) => i,
  ).filter(
    // Some days nothing is known of.
    (i) => STATE !== 'mixed' || Math.floor(i / 24) % 9 !== (station + 4) % 9,
  );
  const records = indices.map(
    (index) =>
      ({ body: bodyOf(station, index), index, place: station, entry: ENTRY }) as unknown as HourRecord,
  );
  const index = (record: HourRecord) => (record as unknown as { index: number }).index;
  const pictures = Array.from(
    { length: PICTURES },
    (_, i) =>
      ({
        entry: { id: `${station}-${i}` },
        body: {
          station: '00',
          atMs: LAST_MS - (i * HOURS * HOUR_MS) / PICTURES - 1,
          mediaType: 'image/png',
          replay: i % 2 === 0,
        },
      }) as unknown as PictureRecord,
  ).reverse();
  return {
    key: `station-${station}`,
    id: `s${station}`,
    name:
      params.get('name') ??
      `${['Ridge', 'Barn', 'Lake', 'Upper pass'][station % 4]}${station < 4 ? '' : ` ${Math.floor(station / 4)}`}`,
    timeline: timelineOf(records, (record) => isHeld(station, index(record))),
    pictures,
    lockedHours: STATE === 'locked' ? HOURS : 0,
    replay: false,
  };
}

const placeOf = (hour: AnyHour) => (hour as unknown as { place: number }).place;

class FixtureData implements DataModel {
  readonly #stations = Array.from({ length: STATIONS }, (_, i) => stationAt(i));
  readonly plot = new PlotSource<AnyHour>({
    worker: dataWorker(
      () => new Worker(new URL('../../workers/data.ts', import.meta.url), { type: 'module' }),
    ),
    keyOf: (hour) => `${placeOf(hour)}/${(hour as unknown as { index: number }).index}`,
    load: async (hour) => {
      const stored = await maker.make(hour.body, placeOf(hour));
      if (STATE === 'damaged' && (hour.body.startMs / HOUR_MS) % 5 === 0)
        stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 1;
      return { stored, seal: null };
    },
    onFacts: () => undefined,
  });

  stations = () => this.#stations;
  columns = () => COLUMNS;
  learnColumns = async () => false;
  isHeld = () => true;
  isInFolder = () => false;

  async picture({ body }: PictureRecord): Promise<Blob> {
    const canvas = new OffscreenCanvas(640, 480);
    const context = canvas.getContext('2d');
    if (context !== null) {
      context.fillStyle = `hsl(${(body.atMs / 3_600_000) % 360} 60% 45%)`;
      context.fillRect(0, 0, 640, 480);
      context.fillStyle = '#fff';
      context.font = '60px sans-serif';
      context.fillText(new Date(body.atMs).toISOString().slice(5, 16), 40, 250);
    }
    return canvas.convertToBlob({ type: 'image/png' });
  }

  planExport = planExport;
  tableBytes = async () => 5_000_000;
  save = async () => [];
  openHourFile = async (): Promise<never> => {
    throw new Error('not in this page');
  };
  saveFileCsv = async () => undefined;
}

const style = document.createElement('style');
style.textContent = tokens;
document.head.append(style);
const router = new Router(window);
const place = document.createElement('data-place') as HTMLElement & {
  model: unknown;
  state: unknown;
  router: Router;
};
/** As of a device without sensors, unless the address says otherwise. */
const senses = params.has('senses')
  ? [{ name: 'accelerometer', isChosen: true, isMute: false, availability: { state: 'available' } }]
  : [];
place.model = {
  data: new FixtureData(),
  sensing: { view: { isKnown: true, senses }, look: () => undefined },
};
place.state = { recording: null, recordingPhase: 'idle' };
place.router = router;
const main = document.createElement('main');
main.style.padding = '16px';
main.append(place);
document.body.append(main);
