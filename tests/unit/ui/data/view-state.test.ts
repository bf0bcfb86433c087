import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { routeHash } from '../../../../src/ui/app/router.ts';
import {
  kept,
  MIN_SPAN_MS,
  moved,
  type PlaceView,
  parseView,
  viewParams,
  zoomed,
} from '../../../../src/ui/data/view-state.ts';

const ALL = { fromMs: 0, toMs: 1_000_000 };

function throughAddress(view: PlaceView): PlaceView {
  const hash = routeHash('data', viewParams(view));
  return parseView(new URLSearchParams(hash.split('?')[1] ?? ''));
}

describe('what of the Data place stands in the address', () => {
  it('comes back as it went in, whatever streams and stations are called', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
    const view = fc.record({
      stations: fc.uniqueArray(name, { maxLength: 6 }),
      span: fc.option(
        fc.tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: MIN_SPAN_MS, max: 1e10 })),
      ),
      columns: fc.option(
        fc.array(fc.record({ stream: name, index: fc.integer({ min: 0, max: 999 }) }), {
          minLength: 1,
          maxLength: 12,
        }),
      ),
    });
    fc.assert(
      fc.property(view, ({ stations, span, columns }) => {
        const own: PlaceView = {
          stations,
          span: span === null ? null : { fromMs: span[0], toMs: span[0] + span[1] },
          columns,
        };
        expect(throughAddress(own)).toEqual(own);
      }),
    );
  });

  it('leaves out what cannot be read, and never fails', () => {
    const wrong = new URLSearchParams('station=%E0%A4%A,b&from=now&to=2026&col=x,y:z,stream:1');
    expect(parseView(wrong)).toMatchObject({ span: null, columns: [{ stream: 'stream', index: 1 }] });
    expect(parseView(new URLSearchParams('from=2026-03-03&to=2026-03-02')).span).toBeNull();
    fc.assert(
      fc.property(fc.string(), (query) => {
        parseView(new URLSearchParams(query));
      }),
    );
  });
});

describe('zooming and moving', () => {
  it('keeps the moment under the finger where it is', () => {
    const span = zoomed({ fromMs: 400_000, toMs: 500_000 }, 0.5, 425_000, ALL);
    expect(span).toEqual({ fromMs: 412_500, toMs: 462_500 });
  });

  it('never leaves what there is, and never gets shorter than can be told apart', () => {
    const factor = fc.double({ min: 0.001, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            factor,
            fc.double({ min: -3, max: 3, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
        ),
        (steps) => {
          let span = ALL;
          for (const [by, shift, at] of steps) {
            span = zoomed(span, by, span.fromMs + at * (span.toMs - span.fromMs), ALL);
            span = moved(span, shift, ALL);
            expect(span.fromMs).toBeGreaterThanOrEqual(-1e-6);
            expect(span.toMs).toBeLessThanOrEqual(ALL.toMs + 1e-6);
            expect(span.toMs - span.fromMs).toBeGreaterThanOrEqual(MIN_SPAN_MS - 1e-6);
          }
        },
      ),
    );
    expect(kept({ fromMs: -10, toMs: 2_000_000 }, ALL)).toEqual(ALL);
  });
});
