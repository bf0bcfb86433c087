import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { decodeHour, encodeHour } from '../../../src/hour/container.ts';
import { summarize } from '../../../src/hour/summary.ts';
import type { HourContent, StreamDescriptor, StreamSummary } from '../../../src/hour/types.ts';
import { spelled } from './hour-samples.ts';

/** As in the file: null is missing; what JSON cannot say is a string. */
type Spelt = number | string | null;

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly content: Omit<HourContent, 'streams'> & {
    readonly streams: readonly {
      readonly descriptor: StreamDescriptor;
      readonly rows: {
        readonly baseMs: number;
        readonly offsetsNs: readonly number[];
        readonly columns: readonly Spelt[][];
      };
    }[];
  };
  readonly summaries?: readonly StreamSummary[];
}

function read(file: string): Vector[] {
  const text = readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { vectors: Vector[] }).vectors;
}

const vectors = [...read('hour.json'), ...read('hour-fast.json')];

function contentOf({ content }: Vector): HourContent {
  return {
    ...content,
    streams: content.streams.map(({ descriptor, rows }) => ({
      descriptor,
      rows: {
        baseMs: rows.baseMs,
        offsetsNs: Float64Array.from(rows.offsetsNs),
        columns: rows.columns.map((column) =>
          Float64Array.from(column, (value) => (value === null ? Number.NaN : Number(value))),
        ),
      },
    })),
  };
}

describe.each(vectors.map((vector) => [vector.name, vector] as const))(
  'the hour file of the vector “%s”',
  (_, vector) => {
    it('decodes to its content', () => {
      expect(spelled(decodeHour(fromHex(vector.hex)))).toEqual(spelled(contentOf(vector)));
    });

    it.skipIf(vector.summaries === undefined)('has the summaries that its entry tells', () => {
      expect(summarize(contentOf(vector))).toEqual(vector.summaries);
    });

    it('is written again to the same bytes', () => {
      expect(toHex(encodeHour(contentOf(vector)))).toBe(vector.hex);
    });
  },
);
