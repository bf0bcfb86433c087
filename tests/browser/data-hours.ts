/** Makes up hours for data-page.ts, off its thread: what is measured there is the place, not the making. */
import { expose, transfer } from 'comlink';
import { encodeHour } from '../../src/hour/container.ts';
import type { HourContent } from '../../src/hour/types.ts';
import type { HourBody } from '../../src/station/entry-bodies.ts';
import { COLUMN_NAMES, NOISE, ROWS, valueAt } from './data-values.ts';

function contentOf(body: HourBody, station: number): HourContent {
  const { startMs, lengthMs, gaps } = body;
  const isGap = (ms: number) => gaps.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
  const times = Array.from({ length: ROWS }, (_, i) => i * 1000).filter((ms) => !isGap(startMs + ms));
  const noise = (ms: number) => ((ms * 2_654_435_761) % 1_000) / 1_000 - 0.5;
  return {
    station: '000102030405060708090a0b0c0d0e0f' as HourContent['station'],
    stationName: body.stationName,
    startMs,
    lengthMs,
    gaps,
    streams: [
      {
        descriptor: {
          name: 'air',
          columns: [0, 1].map((i) => ({
            name: COLUMN_NAMES[i]?.[0] ?? '',
            unit: COLUMN_NAMES[i]?.[1] ?? '',
            step: null,
          })),
          askedRateHz: 1,
          tickNs: 1_000_000,
          driver: 'test',
          device: '',
          replay: false,
        },
        rows: {
          baseMs: startMs,
          offsetsNs: Float64Array.from(times, (ms) => ms * 1e6),
          columns: [0, 1].map((column) =>
            Float64Array.from(
              times,
              (ms) => valueAt(startMs + ms, station, column) + 2 * NOISE * noise(startMs / 1000 + ms / 1000),
            ),
          ),
        },
      },
    ],
  };
}

export interface HourMaker {
  make(body: HourBody, station: number): Uint8Array;
}

const api: HourMaker = {
  make(body, station) {
    const bytes = encodeHour(contentOf(body, station));
    return transfer(bytes, [bytes.buffer]);
  },
};

expose(api);
