import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { decodeHour, encodeHour } from '../../../src/hour/container.ts';
import { type FinishedHour, Recorder, type RecorderOptions } from '../../../src/hour/recorder.ts';
import type { HourContent, ReadingBatch } from '../../../src/hour/types.ts';
import { batchAt, descriptor, START_MS, STATION } from './hour-samples.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

function optionsOf(hourMs = HOUR): RecorderOptions {
  let next = 0;
  const newOpenId = (): Bytes => {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(12, next++);
    return id;
  };
  return { station: STATION, stationName: 'Ridge', hourMs, newOpenId };
}

const LIVE = { askedRateHz: 1 } as const;

/** Times of one stream over all hours, ms, as sealed. */
function sealedTimes(hours: readonly { readonly content: HourContent }[], name: string): number[] {
  return hours.flatMap(({ content }) =>
    content.streams
      .filter((stream) => stream.descriptor.name === name)
      .flatMap(({ rows }) => [...rows.offsetsNs].map((ns) => rows.baseMs + ns / 1e6)),
  );
}

function sealedValues(hours: readonly { readonly content: HourContent }[], name: string): number[] {
  return hours.flatMap(({ content }) =>
    content.streams
      .filter((stream) => stream.descriptor.name === name)
      .flatMap(({ rows }) => [...(rows.columns[0] ?? [])]),
  );
}

function seconds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i * 1000);
}

describe('slots', () => {
  it('splits a batch that crosses the hour, by the readings’ own times', () => {
    const recorder = new Recorder(optionsOf());
    const stream = recorder.addStream(descriptor('a', ['x']));
    recorder.batch(stream, {
      baseMs: START_MS + HOUR - 1,
      offsetsNs: Float64Array.of(0, 999_999, 1_000_000),
      columns: [Float64Array.of(1, 2, 3)],
    });
    recorder.stop('stop');
    const hours = recorder.takeFinished();
    expect(hours.map(({ content }) => content.startMs)).toEqual([START_MS, START_MS + HOUR]);
    expect(hours.map((hour) => sealedValues([hour], 'a'))).toEqual([[1, 2], [3]]);
  });

  it('seals every hour of a batch that spans several, and none for hours without readings', () => {
    const recorder = new Recorder(optionsOf());
    const stream = recorder.addStream(descriptor('a', ['x']));
    recorder.batch(stream, batchAt([START_MS, START_MS + HOUR, START_MS + 5 * HOUR]));
    recorder.stop('stop');
    expect(recorder.takeFinished().map(({ content }) => (content.startMs - START_MS) / HOUR)).toEqual([
      0, 1, 5,
    ]);
  });

  it('keeps readings that come a little late in the open hour, outside its slot', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    const b = recorder.addStream(descriptor('b', ['x']));
    const end = START_MS + HOUR;
    recorder.batch(a, batchAt([end - 4000, end + 100]));
    for (let ms = -3000; ms < 3000; ms += 500) recorder.batch(b, batchAt([end + ms]));
    recorder.stop('stop');
    const hours = recorder.takeFinished();
    expect(hours.map(({ content }) => content.startMs)).toEqual([START_MS, end]);
    expect(sealedTimes(hours.slice(1), 'b')[0]).toBe(end - 3000);
  });

  it('does not seal at every batch when two streams’ clocks differ by ten minutes', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    const b = recorder.addStream(descriptor('b', ['x']));
    for (let s = 0; s < 2 * 3600; s += 10) {
      recorder.batch(a, batchAt([START_MS + s * 1000]));
      recorder.batch(b, batchAt([START_MS + s * 1000 - 10 * MINUTE]));
    }
    recorder.stop('stop');
    const hours = recorder.takeFinished();
    expect(hours.length).toBeLessThanOrEqual(4);
    expect(sealedTimes(hours, 'b')).toEqual(
      Array.from({ length: 720 }, (_, i) => START_MS + i * 10_000 - 10 * MINUTE),
    );
  });

  it.each([
    ['into an earlier slot', START_MS + HOUR + MINUTE, START_MS + HOUR - 30 * MINUTE],
    ['within the slot', START_MS + 50 * MINUTE, START_MS + 10 * MINUTE],
  ])('seals what is open when the clock is set back %s', (_, before, after) => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    const b = recorder.addStream(descriptor('b', ['x']));
    recorder.batch(a, batchAt(seconds(before, 3)));
    recorder.batch(b, batchAt(seconds(before, 3)));
    recorder.batch(a, batchAt(seconds(after, 3)));
    recorder.batch(b, batchAt(seconds(after, 3)));
    recorder.stop('stop');
    const hours = recorder.takeFinished();
    expect(hours).toHaveLength(2);
    expect(hours[1]?.content.startMs).toBe(Math.floor(after / HOUR) * HOUR);
    expect(hours[1]?.content.gaps[0]?.cause).toBe('clock');
    expect(sealedTimes(hours, 'b')).toEqual([...seconds(before, 3), ...seconds(after, 3)]);
  });

  it('seals a live hour two seconds after its end though nothing comes, and a replayed one never by the clock', () => {
    const live = new Recorder(optionsOf());
    live.batch(live.addStream(descriptor('a', ['x'], LIVE)), batchAt([START_MS]));
    live.tick(START_MS + HOUR + 1_999);
    expect(live.hasFinished).toBe(false);
    live.tick(START_MS + HOUR + 2_000);
    expect(live.hasFinished).toBe(true);

    const replay = new Recorder(optionsOf());
    replay.batch(replay.addStream(descriptor('a', ['x'], { replay: true })), batchAt([START_MS]));
    replay.tick(START_MS + 10 * HOUR);
    expect(replay.hasFinished).toBe(false);
  });

  it('puts what comes late after that into the next hour instead of opening the sealed one again', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    const end = START_MS + HOUR;
    recorder.batch(a, batchAt([end - 3000]));
    recorder.tick(end + 2000);
    recorder.batch(a, batchAt([end - 2000, end - 1000, end, end + 1000]));
    recorder.stop('stop');
    expect(recorder.takeFinished().map(({ content }) => content.startMs)).toEqual([START_MS, end]);
  });

  it('takes a new name for the hours that follow', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    recorder.batch(a, batchAt([START_MS]));
    recorder.setStationName('Summit');
    recorder.stop('stop');
    expect(recorder.takeFinished()[0]?.content.stationName).toBe('Summit');
  });
});

describe('the ledger of gaps', () => {
  it('says that recording began and was ended inside the hour', () => {
    const recorder = new Recorder(optionsOf());
    recorder.batch(recorder.addStream(descriptor('a', ['x'])), batchAt(seconds(START_MS + 5 * MINUTE, 3)));
    recorder.stop('stop');
    expect(recorder.takeFinished()[0]?.content.gaps).toEqual([
      { stream: null, fromMs: START_MS, toMs: START_MS + 5 * MINUTE, cause: 'start', detail: '' },
      {
        stream: null,
        fromMs: START_MS + 5 * MINUTE + 2000,
        toMs: START_MS + HOUR,
        cause: 'stop',
        detail: '',
      },
    ]);
  });

  it('finds a pause inside a batch and between batches, longer than 2 s and than three intervals', () => {
    const recorder = new Recorder(optionsOf());
    const fast = recorder.addStream(descriptor('fast', ['x'], { askedRateHz: 50 }));
    const slow = recorder.addStream(descriptor('slow', ['x'], { askedRateHz: 0.1 }));
    recorder.batch(fast, batchAt([START_MS, START_MS + 2000, START_MS + 4001]));
    recorder.batch(fast, batchAt([START_MS + 10_000]));
    recorder.batch(slow, batchAt([START_MS, START_MS + 30_000, START_MS + 60_001]));
    const gaps = recorder
      .snapshot()
      ?.gaps.map(({ stream, fromMs, toMs, cause }) => [stream, fromMs - START_MS, toMs - START_MS, cause]);
    expect(gaps).toEqual([
      [0, 2000, 4001, 'unknown'],
      [0, 4001, 10_000, 'unknown'],
      [1, 30_000, 60_001, 'unknown'],
    ]);
  });

  it('learns a recording’s interval, and leaves event sources alone', () => {
    const recorder = new Recorder(optionsOf());
    const weather = recorder.addStream(descriptor('weather', ['x'], { replay: true }));
    const door = recorder.addStream(descriptor('door', ['x']));
    const minutes = [0, 1, 2, 3, 4, 5, 6, 12, 13].map((m) => START_MS + m * MINUTE);
    recorder.batch(weather, batchAt(minutes));
    recorder.batch(door, batchAt(minutes));
    expect(recorder.snapshot()?.gaps).toEqual([
      {
        stream: 0,
        fromMs: START_MS + 6 * MINUTE,
        toMs: START_MS + 12 * MINUTE,
        cause: 'unknown',
        detail: '',
      },
    ]);
  });

  it('keeps the cause that the driver gave until a reading from after it', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    recorder.batch(a, batchAt(seconds(START_MS, 3)));
    recorder.gap(a, START_MS + 2500, 'hidden', 'the screen was locked');
    recorder.gap(a, START_MS + 9000, 'frozen');
    recorder.batch(a, batchAt([START_MS + 2400]));
    recorder.batch(a, batchAt([START_MS + 20_000]));
    expect(recorder.snapshot()?.gaps).toEqual([
      {
        stream: 0,
        fromMs: START_MS + 2500,
        toMs: START_MS + 20_000,
        cause: 'hidden',
        detail: 'the screen was locked',
      },
    ]);
  });

  it('divides a gap at the end of the hour, and lets it reach back over hours without readings', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    recorder.batch(a, batchAt([START_MS]));
    recorder.gap(a, START_MS + MINUTE, 'hidden');
    recorder.tick(START_MS + HOUR + 5000);
    recorder.batch(a, batchAt([START_MS + 3 * HOUR + MINUTE]));
    recorder.stop('crash');
    const [first, second] = recorder.takeFinished().map(({ content }) => content.gaps);
    expect(first?.map((gap) => [gap.fromMs - START_MS, gap.toMs - START_MS, gap.cause])).toEqual([
      [MINUTE, HOUR, 'hidden'],
    ]);
    expect(second?.[0]).toMatchObject({
      fromMs: START_MS + HOUR,
      toMs: START_MS + 3 * HOUR + MINUTE,
      cause: 'hidden',
    });
  });

  it('says which stream fell silent at the end of an hour, and of one that gave no reading at all why', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    const b = recorder.addStream(descriptor('b', ['x'], LIVE));
    const c = recorder.addStream(descriptor('c', ['x'], LIVE));
    recorder.gap(c, START_MS, 'permission', 'refused');
    recorder.batch(b, batchAt([START_MS]));
    recorder.batch(a, batchAt(seconds(START_MS, 3600)));
    recorder.batch(a, batchAt([START_MS + HOUR]));
    const content = recorder.takeFinished()[0]?.content as HourContent;
    const { streams, gaps } = content;
    expect(streams.map(({ descriptor: d, rows }) => [d.name, rows.offsetsNs.length])).toEqual([
      ['a', 3600],
      ['b', 1],
      ['c', 0],
    ]);
    expect(gaps.map((gap) => [gap.stream, gap.fromMs - START_MS, gap.toMs - START_MS, gap.cause])).toEqual([
      [1, 0, HOUR, 'unknown'],
      [2, 0, HOUR, 'permission'],
    ]);
  });

  it('says that a stream joined late', () => {
    const recorder = new Recorder(optionsOf());
    recorder.batch(recorder.addStream(descriptor('a', ['x'])), batchAt([START_MS + 1000]));
    recorder.batch(recorder.addStream(descriptor('b', ['x'])), batchAt([START_MS + MINUTE]));
    expect(recorder.snapshot()?.gaps.at(-1)).toMatchObject({
      stream: 1,
      fromMs: START_MS + 1000,
      toMs: START_MS + MINUTE,
      cause: 'start',
    });
  });

  it('stays within what an hour file can list', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], { askedRateHz: 1000 }));
    for (let i = 0; i < 9000; i++) {
      recorder.gap(a, START_MS + i * 10, 'sensor', 'x'.repeat(1000));
      recorder.batch(a, batchAt([START_MS + i * 10 + 5]));
    }
    recorder.stop('stop');
    const content = recorder.takeFinished()[0]?.content as HourContent;
    expect(content.gaps).toHaveLength(8192);
    expect(content.gaps.at(-1)?.toMs).toBe(START_MS + HOUR);
    expect(decodeHour(encodeHour(content)).gaps).toEqual(content.gaps);
  });
});

describe('streams', () => {
  it('are found again by their descriptor, and kept apart when two have one name', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    expect(recorder.addStream(descriptor('a', ['x']))).toBe(a);
    recorder.addStream(descriptor('a', ['y']));
    expect(recorder.addStream(descriptor('a', ['y']))).toBe(1);
    expect(recorder.streams.map((stream) => stream.name)).toEqual(['a', 'a-2']);
  });

  it('refuse batches that do not fit them, and are bounded', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    expect(() => recorder.batch(a, { ...batchAt([START_MS]), columns: [] })).toThrow(RangeError);
    expect(() => recorder.batch(a, { ...batchAt([START_MS]), offsetsNs: Float64Array.of(0.5) })).toThrow(
      RangeError,
    );
    expect(() => recorder.batch(a, { ...batchAt([START_MS]), baseMs: 1.5 })).toThrow(RangeError);
    expect(() => recorder.batch(7, batchAt([START_MS]))).toThrow(RangeError);
    expect(() => recorder.addStream(descriptor('x'.repeat(501), []))).toThrow(/at most 500/);
    expect(() => {
      for (let i = 0; i < 100; i++) recorder.addStream(descriptor(`s${i}`, []));
    }).toThrow(/at most 64 streams/);
  });
});

describe('after a crash', () => {
  interface Crashed {
    readonly openId: Bytes;
    readonly segments: Bytes[];
  }

  function crashedAfter(feed: (recorder: Recorder) => void): Crashed {
    const recorder = new Recorder(optionsOf());
    feed(recorder);
    const segment = recorder.takeSegment();
    if (segment === undefined) throw new Error('nothing was written ahead');
    return { openId: segment.openId, segments: [segment.bytes] };
  }

  it('goes on in the same hour, and the time without readings is a gap', () => {
    const a = descriptor('a', ['x'], LIVE);
    const { openId, segments } = crashedAfter((r) => r.batch(r.addStream(a), batchAt(seconds(START_MS, 10))));
    const { recorder, damaged } = Recorder.resume(optionsOf(), openId, segments);
    expect([damaged, recorder.openRows(0), recorder.openFirstMs(0)]).toEqual([0, 10, START_MS]);
    recorder.batch(recorder.addStream(a), batchAt(seconds(START_MS + 30_000, 2)));
    recorder.stop('stop');
    const [hour] = recorder.takeFinished();
    expect(hour?.openId).toEqual(openId);
    expect(sealedTimes([hour as FinishedHour], 'a')).toEqual([
      ...seconds(START_MS, 10),
      ...seconds(START_MS + 30_000, 2),
    ]);
    expect(hour?.content.gaps[0]).toEqual({
      stream: 0,
      fromMs: START_MS + 9000,
      toMs: START_MS + 30_000,
      cause: 'crash',
      detail: '',
    });
  });

  it('keeps the cause of a gap that was open already', () => {
    const a = descriptor('a', ['x'], LIVE);
    const { openId, segments } = crashedAfter((r) => {
      r.batch(r.addStream(a), batchAt([START_MS]));
      r.gap(0, START_MS + 1000, 'hidden');
    });
    const { recorder } = Recorder.resume(optionsOf(), openId, segments);
    recorder.batch(recorder.addStream(a), batchAt([START_MS + MINUTE]));
    expect(recorder.snapshot()?.gaps[0]).toMatchObject({ fromMs: START_MS + 1000, cause: 'hidden' });
  });

  it('seals an hour that was complete as it was, without a gap of the crash', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x'], LIVE));
    recorder.batch(a, batchAt(seconds(START_MS, 3600)));
    recorder.batch(a, batchAt([START_MS + HOUR]));
    const [hour] = recorder.takeFinished();
    const { recorder: resumed } = Recorder.resume(optionsOf(), hour?.openId as Bytes, [
      hour?.lastSegment as Bytes,
    ]);
    expect(resumed.openId).toBeUndefined();
    expect(resumed.takeFinished().map(({ content }) => content)).toEqual([hour?.content]);
  });

  it('begins a new part when a stream comes back changed, and drops one that does not come back after its hour', () => {
    const { openId, segments } = crashedAfter((r) => {
      r.batch(r.addStream(descriptor('a', ['x'], LIVE)), batchAt([START_MS]));
      r.batch(r.addStream(descriptor('gone', ['x'], LIVE)), batchAt([START_MS]));
    });
    const { recorder } = Recorder.resume(optionsOf(), openId, segments);
    const a = recorder.addStream(descriptor('a', ['x', 'y'], LIVE));
    const wide = (ms: number): ReadingBatch => ({
      ...batchAt([ms]),
      columns: [Float64Array.of(1), Float64Array.of(2)],
    });
    recorder.batch(a, wide(START_MS + 5000));
    recorder.batch(a, wide(START_MS + HOUR));
    recorder.batch(a, wide(START_MS + 2 * HOUR));
    const hours = recorder.takeFinished().map(({ content }) => content);
    expect(hours.map(({ startMs }) => startMs - START_MS)).toEqual([0, 0, HOUR]);
    expect(
      hours.map(({ streams }) => streams.map(({ descriptor: d }) => `${d.name}/${d.columns.length}`)),
    ).toEqual([['a/1', 'gone/1'], ['gone/1', 'a/2'], ['a/2']]);
  });

  it('drops a damaged last segment and says so', () => {
    const recorder = new Recorder(optionsOf());
    const a = recorder.addStream(descriptor('a', ['x']));
    const segments: Bytes[] = [];
    for (let i = 0; i < 3; i++) {
      recorder.batch(a, batchAt(seconds(START_MS + i * 2000, 2)));
      segments.push(recorder.takeSegment()?.bytes as Bytes);
    }
    expect(recorder.takeSegment()).toBeUndefined();
    const last = segments[2] as Bytes;
    for (let length = 0; length < last.length; length++) {
      const torn = [...segments.slice(0, 2), last.subarray(0, length)];
      const resumed = Recorder.resume(optionsOf(), new Uint8Array(16), torn);
      expect([resumed.damaged, resumed.recorder.openRows(0)]).toEqual([1, 4]);
    }
  });

  it('takes any bytes for segments without throwing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }), (segments) => {
        expect(Recorder.resume(optionsOf(), new Uint8Array(16), segments).damaged).toBe(segments.length);
      }),
    );
  });

  /** What a writer does: logs by open id; a crash may come before a finished hour is sealed. */
  class Writer {
    recorder: Recorder;
    readonly logs = new Map<string, { openId: Bytes; segments: Bytes[] }>();
    readonly sealed: FinishedHour[] = [];
    readonly options = optionsOf();

    constructor() {
      this.recorder = new Recorder(this.options);
    }

    #append(openId: Bytes, bytes: Bytes): void {
      const log = this.logs.get(openId.join()) ?? { openId, segments: [] };
      log.segments.push(bytes);
      this.logs.set(openId.join(), log);
    }

    writeAhead(seal: boolean): void {
      const finished = this.recorder.takeFinished();
      for (const { openId, lastSegment } of finished)
        if (lastSegment !== undefined) this.#append(openId, lastSegment);
      const segment = this.recorder.takeSegment();
      if (segment !== undefined) this.#append(segment.openId, segment.bytes);
      if (seal) this.seal(finished);
    }

    /** As {@link HourWriter} does: what is not in memory any more is read back from its segments. */
    seal(finished: readonly FinishedHour[]): void {
      for (const hour of finished) {
        const { openId, isWhole, content, lastSegment } = hour;
        const written = this.logs.get(openId.join())?.segments ?? [];
        if (!isWhole || written.length > 0) {
          const isLastWritten = lastSegment === undefined || written.includes(lastSegment);
          const segments = isLastWritten ? written : [...written, lastSegment];
          const { recorder, damaged } = Recorder.resume(this.options, openId, segments);
          // It says what memory would have said.
          const [read] = recorder.takeFinished();
          expect([damaged, read?.tally.streams]).toEqual([0, hour.tally.streams]);
          expect(read?.content.gaps).toEqual(content.gaps);
          if (isWhole) expect(read?.content).toEqual(content);
          this.sealed.push(read as FinishedHour);
        } else this.sealed.push(hour);
        this.logs.delete(openId.join());
      }
    }

    crash(): void {
      const left = [...this.logs.values()];
      const last = left.pop();
      for (const { openId, segments } of left) {
        const { recorder } = Recorder.resume(this.options, openId, segments);
        recorder.stop('crash');
        this.seal(recorder.takeFinished());
      }
      this.recorder =
        last === undefined
          ? new Recorder(this.options)
          : Recorder.resume(this.options, last.openId, last.segments).recorder;
    }
  }

  it('has every row up to the last segment, once and in order, whatever came and whenever it crashed', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('batch' as const),
          stream: fc.nat(1),
          // Minutes forward, sometimes hours, sometimes back.
          jumpMs: fc.oneof(
            fc.integer({ min: 0, max: 20 * MINUTE }),
            fc.integer({ min: -3 * HOUR, max: 5 * HOUR }),
          ),
          stepsMs: fc.array(fc.integer({ min: -5000, max: 30 * MINUTE }), { minLength: 1, maxLength: 8 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), seal: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('gap' as const), stream: fc.nat(1) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('tick' as const),
          aheadMs: fc.integer({ min: 0, max: 2 * HOUR }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('let go' as const), least: fc.integer({ min: 1, max: 6 }) }),
      },
    );
    const descriptors = [descriptor('a', ['x'], LIVE), descriptor('b', ['x'], { replay: true })];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const writer = new Writer();
        const written: [number, number][][] = [[], []];
        let since: [number, number][][] = [[], []];
        let numbers = descriptors.map((d) => writer.recorder.addStream(d));
        let nowMs = START_MS;
        let value = 0;
        for (const one of steps) {
          if (one.do === 'batch') {
            nowMs += one.jumpMs;
            const times = one.stepsMs.map((ms) => {
              nowMs += ms;
              return nowMs;
            });
            const values = times.map(() => value++);
            writer.recorder.batch(numbers[one.stream] as number, batchAt(times, values));
            since[one.stream]?.push(...times.map((ms, i): [number, number] => [ms, values[i] as number]));
          } else if (one.do === 'write') {
            writer.writeAhead(one.seal);
            since.forEach((rows, s) => written[s]?.push(...rows));
            since = [[], []];
          } else if (one.do === 'crash') {
            writer.crash();
            since = [[], []];
            numbers = descriptors.map((d) => writer.recorder.addStream(d));
          } else if (one.do === 'let go') {
            // Every segment that was taken is in a log.
            const before = numbers.map((stream) => writer.recorder.openTally(stream));
            writer.recorder.letGoWritten(one.least);
            expect(numbers.map((stream) => writer.recorder.openTally(stream))).toEqual(before);
          } else if (one.do === 'gap') writer.recorder.gap(numbers[one.stream] as number, nowMs, 'hidden');
          else writer.recorder.tick(nowMs + one.aheadMs);
        }
        writer.writeAhead(true);
        since.forEach((rows, s) => written[s]?.push(...rows));
        writer.crash();
        writer.recorder.stop('crash');
        writer.seal(writer.recorder.takeFinished());
        descriptors.forEach(({ name }, s) => {
          const times = sealedTimes(writer.sealed, name);
          const values = sealedValues(writer.sealed, name);
          const rows = times.map((ms, i) => [ms, values[i]]);
          // Hours left unsealed at a crash are sealed after it: hours may come in another order, rows within one may not.
          const byValue = [...rows].sort((x, y) => (x[1] as number) - (y[1] as number));
          expect(byValue).toEqual(written[s]);
          for (const hour of writer.sealed) {
            const inHour = sealedValues([hour], name);
            expect(inHour).toEqual([...inHour].sort((x, y) => x - y));
          }
        });
        for (const { content } of writer.sealed) {
          decodeHour(encodeHour(content));
          for (const gap of content.gaps) expect(gap.toMs).toBeGreaterThanOrEqual(gap.fromMs);
        }
        const ids = writer.sealed.map(({ openId }) => openId.join());
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 300 },
    );
  });
});
