/** What interrupts a recording in the page, and what the page says of it. */
import { describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { GapCause, StreamDescriptor } from '../../../src/hour/types.ts';
import type { Driver, DriverSink } from '../../../src/sensors/port.ts';
import { TestPage } from './page.ts';

const FULL = new WaystationError('store-full', 'no room left');

function descriptor(name: string): StreamDescriptor {
  return {
    name,
    columns: [{ name: 'x', unit: 'm/s2', step: null }],
    askedRateHz: 10,
    tickNs: 1_000_000,
    driver: 'test',
    device: '',
    replay: false,
  };
}

/** A sensor that the test plays. */
class PlayedSensor {
  readonly name: string;
  readonly page: TestPage;
  /** How often it was started. */
  starts = 0;
  asked = 0;
  /** What it fails with when it is started. */
  failure: Error | null = null;
  #sink: DriverSink | undefined;
  #stream = 0;
  #reject: (error: Error) => void = () => undefined;

  constructor(page: TestPage, name: string) {
    this.page = page;
    this.name = name;
  }

  readonly driver = (): Driver => ({
    name: this.name,
    replay: false,
    probe: async () => ({ state: 'available' }),
    ask: async () => {
      this.asked++;
    },
    run: (sink, signal) => {
      this.starts++;
      if (this.failure !== null) return Promise.reject(this.failure);
      this.#sink = sink;
      this.#stream = sink.addStream(descriptor(this.name));
      return new Promise((resolve, reject) => {
        this.#reject = reject;
        signal.addEventListener(
          'abort',
          () => {
            this.#sink = undefined;
            resolve();
          },
          { once: true },
        );
      });
    },
  });

  get isOn(): boolean {
    return this.#sink !== undefined;
  }

  tell(): void {
    this.#sink?.batch(this.#stream, {
      baseMs: this.page.clock.nowMs(),
      offsetsNs: Float64Array.of(0),
      columns: [Float64Array.of(1)],
    });
  }

  gap(cause: GapCause): void {
    this.#sink?.gap(this.#stream, this.page.clock.nowMs(), cause);
  }

  fail(error: Error): void {
    this.#sink?.gap(this.#stream, this.page.clock.nowMs(), 'sensor');
    this.#sink = undefined;
    this.#reject(error);
  }
}

function playedPage(...names: string[]): { page: TestPage; sensors: PlayedSensor[] } {
  const page = new TestPage();
  const sensors = names.map((name) => new PlayedSensor(page, name));
  page.drivers = async () => sensors.map(({ driver }) => driver());
  return { page, sensors };
}

/** Lets seconds pass in which the sensors tell something ten times a second. */
function pass(page: TestPage, sensors: readonly PlayedSensor[], seconds: number): void {
  for (let tick = 0; tick < 10 * seconds; tick++) {
    page.clock.advance(100);
    for (const sensor of sensors) sensor.tell();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Who looks at what can be sensed. */
const LOOKER = {};

describe('interruptions of a recording in the page', () => {
  it('are listed with when, how long, whom and why', async () => {
    const { page, sensors } = playedPage('accelerometer', 'gyroscope');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 2);
    const fromMs = page.clock.nowMs();
    for (const sensor of sensors) sensor.gap('hidden');
    page.clock.advance(30_000);
    pass(page, sensors, 1);
    await model.refresh();
    const [gap, ...others] = model.state.recording?.gaps ?? [];
    expect(others).toEqual([]);
    expect(gap).toMatchObject({ streams: ['accelerometer', 'gyroscope'], fromMs, cause: 'hidden' });
    expect((gap?.toMs ?? 0) - fromMs).toBe(30_100);
    expect(model.state.recording?.streams.map(({ trouble }) => trouble)).toEqual([null, null]);
  });

  it('tell of a sensor that says nothing though nobody told why, while the other goes on', async () => {
    const { page, sensors } = playedPage('accelerometer', 'gyroscope');
    const [accelerometer] = sensors as [PlayedSensor, PlayedSensor];
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 2);
    pass(page, [accelerometer], 12);
    await model.refresh();
    const streams = model.state.recording?.streams ?? [];
    expect(streams.map(({ name, silentMs }) => [name, silentMs])).toEqual([
      ['accelerometer', null],
      ['gyroscope', 12_000],
    ]);
    expect(streams[1]?.trouble).not.toBeNull();
    expect(streams[1]?.rateHz).toBeNull();
  });

  it('include the clock being set, by how much', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 2);
    const { nowMs } = page.clock;
    page.clock.nowMs = () => nowMs.call(page.clock) - 3_600_000;
    pass(page, sensors, 3);
    await model.refresh();
    const told = model.state.recording?.gaps.filter(({ cause }) => cause === 'clock') ?? [];
    expect(told.map(({ detail }) => Number(detail))).toEqual([-3_600_000]);
  });

  it.each([3_600_000, -3_600_000])(
    'are not silences when the clock is set by %d ms, and silence is noticed afterwards',
    async (byMs) => {
      const { page, sensors } = playedPage('accelerometer');
      const { model } = await page.founded();
      await model.record();
      pass(page, sensors, 2);
      const { nowMs } = page.clock;
      page.clock.nowMs = () => nowMs.call(page.clock) + byMs;
      pass(page, sensors, 3);
      await model.refresh();
      expect(model.state.recording?.gaps.map(({ cause }) => cause)).toEqual(['clock']);
      expect(page.clock.nowMs() - (model.state.recording?.sinceMs ?? 0)).toBe(5_000);
      page.clock.advance(10_000);
      await model.refresh();
      expect(model.state.recording?.streams[0]?.silentMs).toBe(10_000);
    },
  );

  it('include a sensor that was started and never says anything', async () => {
    const { page, sensors } = playedPage('accelerometer', 'gyroscope');
    const [accelerometer, gyroscope] = sensors as [PlayedSensor, PlayedSensor];
    // As a driver that makes its stream with its first reading.
    const mute: Driver = {
      ...gyroscope.driver(),
      run: (_sink, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    };
    page.drivers = async () => [accelerometer.driver(), mute];
    const { model } = await page.founded();
    await model.record();
    pass(page, [accelerometer], 5);
    await model.refresh();
    expect(model.state.recording?.streams.map(({ name }) => name)).toEqual(['accelerometer']);
    pass(page, [accelerometer], 15);
    await model.refresh();
    expect(model.state.recording?.streams).toMatchObject([
      { name: 'accelerometer', trouble: null },
      { name: 'gyroscope', trouble: 'no readings', isOver: false, silentMs: 20_000 },
    ]);
  });

  it('end by a reload: recording goes on by itself since when it was started, and says what is missing', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    const sinceMs = model.state.recording?.sinceMs;
    pass(page, sensors, 5);
    await settled();
    const lastMs = page.clock.nowMs();
    page.clock.advance(60_000);

    const { model: reloaded } = await page.open();
    await settled();
    pass(page, sensors, 2);
    await reloaded.refresh();
    const { recording } = reloaded.state;
    expect(recording?.sinceMs).toBe(sinceMs);
    expect(recording?.resumed?.atMs).toBeGreaterThan(lastMs + 60_000);
    expect(Math.abs((recording?.resumed?.missedMs ?? 0) - 60_100)).toBeLessThanOrEqual(1_000);
    expect(recording?.gaps.map(({ cause }) => cause)).toEqual(['crash']);
  });

  it('do not make the page forget the hours that were finished before a reload', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 2);
    page.clock.advance(2 * 3_600_000);
    pass(page, sensors, 2);
    await settled();
    await model.refresh();
    const finished = model.state.recording?.sealedHours ?? 0;
    expect(finished).toBeGreaterThan(0);
    const { model: reloaded, node } = await page.open();
    await settled();
    pass(page, sensors, 2);
    await reloaded.refresh();
    // The one that was open is finished as well: it ended with the page, and not because somebody stopped it.
    expect(reloaded.state.recording?.sealedHours).toBe(finished + 1);
    const [station] = node.space().catalog.stations.values();
    expect(station?.hours.at(-1)?.body.gaps.at(-1)).toMatchObject({ stream: null, cause: 'crash' });
  });

  it('that keep it from going on after a reload wait for one tap', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const [accelerometer] = sensors as [PlayedSensor];
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 5);
    await settled();
    const cause = Object.assign(new Error(), { name: 'NotAllowedError' });
    accelerometer.failure = new WaystationError('unavailable', 'not without a tap', { cause });
    const { model: reloaded } = await page.open();
    await settled();
    expect(reloaded.state).toMatchObject({
      recording: null,
      sensorFailure: { denied: true, isInterrupted: true, troubles: ['not without a tap'] },
    });
    accelerometer.failure = null;
    await reloaded.record();
    expect(accelerometer.isOn).toBe(true);
    expect(reloaded.state.sensorFailure).toBeNull();
  });

  it('that end it because no sensor is left are no stop by a person, for others neither', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model, node } = await page.founded();
    await model.record();
    pass(page, sensors, 5);
    sensors[0]?.fail(new WaystationError('unavailable', 'unplugged'));
    await settled();
    await model.refresh();
    expect(model.state).toMatchObject({ recording: null, sensorFailure: { troubles: ['unplugged'] } });
    const [station] = node.space().catalog.stations.values();
    expect(station?.hours.at(-1)?.body.gaps.at(-1)).toMatchObject({ stream: null, cause: 'sensor' });
    expect(model.state.stationFacts[0]?.stoppedMs).toBeNull();
  });

  it('of one sensor are ended by starting that one anew', async () => {
    const { page, sensors } = playedPage('accelerometer', 'gyroscope');
    const [accelerometer, gyroscope] = sensors as [PlayedSensor, PlayedSensor];
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 1);
    gyroscope.fail(new WaystationError('unavailable', 'gyroscope: it is gone'));
    await settled();
    await model.refresh();
    const ofGyroscope = () => model.state.recording?.streams.filter(({ name }) => name === 'gyroscope');
    expect(ofGyroscope()).toMatchObject([{ trouble: 'gyroscope: it is gone', isOver: true }]);
    await model.sensing.retry('gyroscope');
    pass(page, sensors, 1);
    await model.refresh();
    expect(ofGyroscope()).toMatchObject([{ trouble: null, isOver: false }]);
    expect([accelerometer.starts, gyroscope.starts]).toEqual([1, 2]);
  });

  it('of the store keep what comes in memory, say so once, and end when there is room', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 2);
    await settled();
    page.faulty.failure = FULL;
    const fullMs = page.clock.nowMs();
    for (let second = 0; second < 5; second++) {
      pass(page, sensors, 1);
      await settled();
    }
    await model.refresh();
    expect(model.state.recording?.fullSinceMs).toBeGreaterThanOrEqual(fullMs);
    expect(model.state.notice).toBeNull();
    page.faulty.failure = null;
    for (let second = 0; second < 3; second++) {
      pass(page, sensors, 1);
      await settled();
    }
    await model.refresh();
    expect(model.state.recording?.fullSinceMs).toBeNull();
    await model.stop();
    expect(model.sensing.view.summary).toMatchObject({ hours: 1, waitingHours: 0, gaps: [] });
  });
});

describe('what is recorded', () => {
  it('is what is switched on, and the choice outlives a reload', async () => {
    const { page, sensors } = playedPage('accelerometer', 'camera');
    const [accelerometer, camera] = sensors as [PlayedSensor, PlayedSensor];
    const { model } = await page.founded();
    await model.record();
    expect([accelerometer.isOn, camera.isOn]).toEqual([true, false]);
    await model.sensing.choose('camera', true);
    expect([accelerometer.isOn, camera.isOn]).toEqual([true, true]);
    await model.sensing.choose('accelerometer', false);
    expect([accelerometer.isOn, camera.isOn]).toEqual([false, true]);
    pass(page, sensors, 5);
    await model.refresh();
    expect(model.state.recording?.streams.map(({ name }) => name)).toEqual(['camera']);
    await settled();
    const { model: reloaded } = await page.open();
    await settled();
    expect(reloaded.state.recording?.streams.map(({ name }) => name)).toEqual(['camera']);
  });

  it('can be taken back to nothing: recording is over then, nothing is wrong, and a reload does not bring it back', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 3);
    await model.sensing.choose('accelerometer', false);
    await settled();
    await model.refresh();
    expect(model.state).toMatchObject({ recordingPhase: 'idle', recording: null, sensorFailure: null });
    const { model: reloaded } = await page.open();
    await settled();
    expect(reloaded.state).toMatchObject({ recordingPhase: 'idle', sensorFailure: null, notice: null });
  });

  it('cannot be nothing: that is said, and nothing runs', async () => {
    const { page } = playedPage('camera');
    const { model } = await page.founded();
    await expect(model.record()).rejects.toThrow('everything is switched off');
    expect(model.state.recordingPhase).toBe('idle');
  });

  it('is asked for in the very task of the tap, where a sensor must be asked for', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    model.sensing.look(true, LOOKER);
    await settled();
    expect(sensors[0]?.asked).toBe(0);
    const started = model.record();
    expect(sensors[0]?.asked).toBe(1);
    await started;
  });

  it('is shown before, where it may be read without asking, and let go of when somebody records', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    expect(model.sensing.view.isKnown).toBe(false);
    model.sensing.look(true, LOOKER);
    await settled();
    pass(page, sensors, 2);
    const [sense] = model.sensing.view.senses;
    expect(sense).toMatchObject({
      name: 'accelerometer',
      isChosen: true,
      availability: { state: 'available' },
    });
    expect(sense?.live?.columns).toEqual([{ name: 'x', unit: 'm/s2', last: 1 }]);
    expect(Math.abs((sense?.live?.rateHz ?? 0) - 10)).toBeLessThan(0.5);
    model.sensing.look(false, LOOKER);
    expect(sensors[0]?.isOn).toBe(false);
  });

  it('is looked at for as long as one place looks, whichever is left first', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    const other = {};
    model.sensing.look(true, LOOKER);
    model.sensing.look(true, other);
    model.sensing.look(false, LOOKER);
    await settled();
    expect(sensors[0]?.isOn).toBe(true);
    model.sensing.look(false, other);
    expect(sensors[0]?.isOn).toBe(false);
  });

  it('that failed is told of until it speaks again, and not called available', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    const { drivers } = page;
    const failure = new WaystationError('unavailable', 'accelerometer: another program holds it');
    page.drivers = async (choice) =>
      (await drivers(choice)).map((driver) => ({ ...driver, run: () => Promise.reject(failure) }));
    await model.record();
    await settled();
    await model.stop();
    page.drivers = drivers;
    model.sensing.look(true, LOOKER);
    await settled();
    expect(model.sensing.view.senses[0]).toMatchObject({ trouble: failure.message });
    pass(page, sensors, 2);
    expect(model.sensing.view.senses[0]?.trouble).toBeNull();
    model.sensing.look(false, LOOKER);
  });

  it('leaves a summary: how long, how much, what interrupted it', async () => {
    const { page, sensors } = playedPage('accelerometer');
    const { model } = await page.founded();
    await model.record();
    pass(page, sensors, 10);
    await model.stop();
    const { summary } = model.sensing.view;
    expect((summary?.toMs ?? 0) - (summary?.fromMs ?? 0)).toBe(10_000);
    expect(summary).toMatchObject({ hours: 1, waitingHours: 0, pictures: 0, gaps: [] });
    expect(Math.abs((summary?.recordedMs ?? 0) - 10_000)).toBeLessThan(1_000);
    expect(summary?.bytes).toBeGreaterThan(0);
    model.sensing.dismissSummary();
    expect(model.sensing.view.summary).toBeNull();
  });
});
