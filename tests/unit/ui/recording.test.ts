/** What a person with cold fingers does to the Record button. */
import { describe, expect, it } from 'vitest';
import { WaystationError } from '../../../src/core/errors.ts';
import type { Driver } from '../../../src/sensors/port.ts';
import { TestPage } from './page.ts';

const FULL = new WaystationError('store-full', 'no room left');

function failing(name: string, cause: Error): Driver {
  const error = new WaystationError('unavailable', `${name}: not allowed`, { cause });
  return {
    name,
    replay: false,
    probe: async () => ({ state: 'available' }),
    run: () => Promise.reject(error),
  };
}

/** Holds up encoding until released. */
function heldUp(page: TestPage): { reached: Promise<void>; release: () => void } {
  const { encodeHour } = page;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    page.encodeHour = async (source, signal) => {
      resolve();
      await released;
      return encodeHour(source, signal);
    };
  });
  return { reached, release };
}

describe('recording in the page', () => {
  it('is started once by two taps, and ended by one', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    const first = model.record();
    expect(model.state.recordingPhase).toBe('starting');
    await Promise.all([first, model.record()]);
    expect(page.running).toBe(1);
    expect(model.state.recordingPhase).toBe('running');
    await model.stop();
    expect(page.running).toBe(0);
    expect(model.state.recordingPhase).toBe('idle');
  });

  it('starts anew only when the last recording is finished', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    await model.record();
    const { reached, release } = heldUp(page);
    const stopped = model.stop();
    await reached;
    expect(model.state.recordingPhase).toBe('stopping');
    expect(model.state.recording).not.toBeNull();
    let asked = 0;
    page.drivers = async () => {
      asked++;
      return [page.sensor()];
    };
    const again = model.record();
    await model.refresh();
    expect(asked).toBe(0);
    release();
    await Promise.all([stopped, again]);
    expect(asked).toBe(1);
    expect(page.running).toBe(1);
    expect(model.state.recordingPhase).toBe('running');
  });

  it('ends when asked to, also when that cannot be remembered', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    await model.record();
    page.faulty.failure = FULL;
    await expect(model.stop()).rejects.toThrow(FULL.message);
    expect(page.running).toBe(0);
    expect(model.state.recording).toBeNull();
  });

  it('leaves nothing running when its sensors cannot be loaded or it cannot be remembered', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    const { drivers } = page;
    page.drivers = () => Promise.reject(new Error('Failed to fetch'));
    await expect(model.record()).rejects.toThrow('Failed to fetch');
    expect(model.state).toMatchObject({ recordingPhase: 'idle', recording: null });

    page.drivers = drivers;
    const { state } = page.faulty.store;
    const { put } = state;
    state.put = (key, ...rest) => (key === 'recording' ? Promise.reject(FULL) : put(key, ...rest));
    await expect(model.record()).rejects.toThrow(FULL.message);
    expect(model.state).toMatchObject({ recordingPhase: 'idle', recording: null });
    state.put = put;
    await model.record();
    expect(page.running).toBe(1);
  });

  it('is over, and says so, when no sensor is permitted; it is tried again after a reload', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    const denied = Object.assign(new Error(), { name: 'NotAllowedError' });
    page.drivers = async () => [failing('accelerometer', denied), failing('gyroscope', denied)];
    await model.record();
    await untilIdle(model);
    expect(model.state).toMatchObject({
      recording: null,
      sensorFailure: {
        denied: true,
        troubles: ['accelerometer: not allowed', 'gyroscope: not allowed'],
      },
      notice: null,
    });
    page.drivers = async () => [page.sensor()];
    const { model: reloaded } = await page.open();
    expect(reloaded.state).toMatchObject({ recordingPhase: 'running', sensorFailure: null });
  });

  it('goes on with the sensors that work, and shows what is wrong with the others', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    page.drivers = async () => [failing('gyroscope', new Error()), page.sensor()];
    await model.record();
    expect(model.state.recording?.streams.map(({ name, trouble }) => [name, trouble])).toEqual([
      ['pressure', null],
      ['gyroscope', 'gyroscope: not allowed'],
    ]);
    expect(model.state.notice).toBeNull();
  });
});

async function untilIdle(model: { state: { recordingPhase: string } } & EventTarget): Promise<void> {
  while (model.state.recordingPhase !== 'idle') {
    await new Promise((resolve) => model.addEventListener('change', resolve, { once: true }));
  }
}
