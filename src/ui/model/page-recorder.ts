/**
 * Recording in a page: one at a time, started and stopped by a person who may tap twice. It goes on by itself after a reload.
 *
 * Invariants: a second start while one is under way is the first; a start while the last recording is still being finished waits for
 * it; a start that fails leaves nothing running; one whose every sensor has failed is over, and says why.
 */
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { Driver } from '../../sensors/port.ts';
import { Recording, type RecordingOptions } from '../../station/recording.ts';
import type { Store } from '../../store/port.ts';
import type { RecordingPhase, RecordingView, RecordOptions, SensorFailure, StreamView } from './app-model.ts';

const RECORD_KEY = 'recording';

export interface PageRecorderPorts {
  /** Sensors of this device, and the camera when asked for. */
  readonly drivers: (options: RecordOptions) => Promise<readonly Driver[]>;
  readonly keepAwake: () => () => void;
  /** What is shown has changed. */
  readonly onChange: () => void;
  /** A recording ended by itself and something went wrong with that. */
  readonly onTrouble: (message: string) => void;
}

interface Running {
  readonly recording: Recording;
  /** Drivers that failed: name and why. */
  readonly troubles: Map<string, string>;
  readonly letSleep: () => void;
}

/** What was being recorded when the page was last open. */
export async function interruptedRecording(store: Store): Promise<RecordOptions | undefined> {
  const wanted = await store.state.get(RECORD_KEY);
  return wanted === undefined ? undefined : { sensors: true, camera: wanted[0] === 1 };
}

export class PageRecorder {
  readonly #ports: PageRecorderPorts;
  #running: Running | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #failure: SensorFailure | null = null;

  constructor(ports: PageRecorderPorts) {
    this.#ports = ports;
  }

  get phase(): RecordingPhase {
    if (this.#stopping !== undefined) return 'stopping';
    if (this.#starting !== undefined) return 'starting';
    return this.#running === undefined ? 'idle' : 'running';
  }

  /** Why nothing is recorded though it was asked for; null when it is, or was not asked for. */
  get failure(): SensorFailure | null {
    return this.#failure;
  }

  /** Starts recording, unless it runs or is starting. @throws what kept it from starting. */
  start(options: RecordOptions, recording: RecordingOptions): Promise<void> {
    this.#starting ??= this.#start(options, recording).finally(() => {
      this.#starting = undefined;
      this.#ports.onChange();
    });
    this.#ports.onChange();
    return this.#starting;
  }

  async #start(options: RecordOptions, recordingOptions: RecordingOptions): Promise<void> {
    await this.#stopping?.catch(() => undefined); // whoever stopped it hears of that
    if (this.#running !== undefined) return;
    this.#failure = null;
    const drivers = await this.#ports.drivers(options);
    if (drivers.length === 0)
      throw new WaystationError('unavailable', 'this device has nothing that a page can record');
    const recording = await Recording.open(recordingOptions);
    try {
      const { state } = recordingOptions.space.context.store;
      await state.put(RECORD_KEY, Uint8Array.of(options.camera ? 1 : 0), 'strict');
    } catch (error) {
      await recording.stop().catch(() => undefined); // the first error says more
      throw error;
    }
    const running = { recording, troubles: new Map<string, string>(), letSleep: this.#ports.keepAwake() };
    this.#running = running;
    this.#run(running, drivers);
  }

  #run(running: Running, drivers: readonly Driver[]): void {
    const failed: unknown[] = [];
    const ends = drivers.map((driver) =>
      running.recording.run(driver).catch((error: unknown) => {
        if (isWaystationError(error, 'closed')) return;
        failed.push(error);
        running.troubles.set(driver.name, errorMessage(error));
        this.#ports.onChange();
      }),
    );
    Promise.all(ends)
      .then(async () => {
        if (this.#running !== running || this.#stopping !== undefined) return;
        this.#failure = { denied: failed.every(isDenied), troubles: [...running.troubles.values()] };
        await this.#finish(running);
      })
      .catch((error: unknown) => this.#ports.onTrouble(errorMessage(error)));
  }

  /** Ends recording and forgets that it was asked for; everything is durable when this resolves. */
  async stop(store: Store): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#failure = null;
    const running = this.#running;
    const results = await Promise.allSettled([
      store.state.delete(RECORD_KEY),
      running === undefined ? undefined : this.#finish(running),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #finish({ recording, letSleep }: Running): Promise<void> {
    this.#stopping ??= recording.stop().finally(() => {
      letSleep();
      this.#running = undefined;
      this.#stopping = undefined;
      this.#ports.onChange();
    });
    this.#ports.onChange();
    return this.#stopping;
  }

  /** This device was let in, or got a key: what waited is sealed now. */
  async admitted(): Promise<void> {
    await this.#running?.recording.admitted();
  }

  view(): RecordingView | null {
    if (this.#running === undefined) return null;
    const { recording, troubles } = this.#running;
    const delivering = recording.streams().map(
      ({ descriptor, rows, last, rateHz, gap }): StreamView => ({
        name: descriptor.name,
        trouble: gap === null ? null : (GAPS[gap] ?? 'no readings'),
        replay: descriptor.replay,
        rateHz,
        rows,
        columns: descriptor.columns.map((column, i) => {
          const value = last[i] ?? Number.NaN;
          return { name: column.name, unit: column.unit, last: Number.isNaN(value) ? null : value };
        }),
      }),
    );
    const failed = [...troubles].map(
      ([name, trouble]): StreamView => ({ name, trouble, replay: false, rateHz: null, rows: 0, columns: [] }),
    );
    return {
      sinceMs: recording.sinceMs,
      hourMs: recording.hourMs,
      streams: [...delivering, ...failed],
      sealedHours: recording.writer.sealed,
      pictures: recording.pictures,
      waitingHours: recording.writer.waitingHours,
    };
  }
}

/** The person, or the browser in their name, did not permit it. */
function isDenied(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.name === 'NotAllowedError';
}

/** Interruptions in plain words. */
const GAPS: Readonly<Record<string, string>> = {
  hidden: 'paused: the page was hidden or the screen went off',
  frozen: 'paused: the system froze the page',
  permission: 'the permission was taken back',
  sensor: 'the sensor stopped',
  clock: 'the clock was changed',
  store: 'the device is full',
};
