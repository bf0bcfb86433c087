/**
 * Recording in a page: one at a time, started and stopped by a person who may tap twice. It goes on by itself after a reload.
 *
 * Invariants: a second start while one is under way is the first; a start while the last recording is still being finished waits for
 * it; a start that fails leaves nothing running; one whose every sensor has failed is over, and says why; one sensor that fails keeps
 * no other from recording.
 */
import { decodeCbor, encodeCbor } from '../../core/cbor.ts';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { StationId } from '../../core/ids.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import type { EndCause } from '../../pipeline/hour-writer.ts';
import type { SensorChoice } from '../../sensors/choice.ts';
import type { Driver, DriverSink } from '../../sensors/port.ts';
import type { RecordingOptions } from '../../station/recording.ts';
import type { Store } from '../../store/port.ts';
import type { AwakeState } from '../platform/wake-lock.ts';
import type { RecordingPhase, RecordingView, SensorFailure } from './app-state.ts';
import { GapLedger } from './gap-ledger.ts';
import { hourCountSince, lastReadingMs, type RecordingSummary, summaryOf } from './recording-story.ts';
import { gapsOf, type Part, type Running, viewOf } from './running-recording.ts';

/** With the coder of hours, which a page that only looks does without. */
const loadRecording = () => loadPart(() => import('../../station/recording.ts'));

const RECORD_KEY = 'recording';
const MAX_RECORD_BYTES = 64;
/** How often the clocks are compared and silence is looked for. */
const WATCH_MS = 1_000;
/** The wall clock and the monotonic one drift apart by less than this in a second, also when the network sets the time gently. */
const CLOCK_JUMP_MS = 2_000;

export interface PageRecorderPorts {
  /** Every driver of this device, whether it is switched on or not. */
  readonly drivers: (choice: SensorChoice) => Promise<readonly Driver[]>;
  readonly keepAwake: (tell: (state: AwakeState) => void) => () => void;
  /** What is shown has changed. */
  readonly onChange: () => void;
  /** A recording ended by itself and something went wrong with that. */
  readonly onTrouble: (message: string) => void;
  /** The wall clock was set while recording, by so much. */
  readonly onClockJump: (byMs: number) => void;
}

/** A recording that was ended by a person. */
export interface EndedRecording {
  readonly summary: RecordingSummary;
  readonly station: StationId;
}

/** Since when was being recorded when the page was last open; undefined when nothing was, null when that is not known. */
export async function interruptedRecording(
  store: Store,
): Promise<{ readonly sinceMs: number | null } | undefined> {
  const wanted = await store.state.get(RECORD_KEY);
  if (wanted === undefined) return undefined;
  try {
    const sinceMs = decodeCbor(wanted, MAX_RECORD_BYTES);
    return { sinceMs: typeof sinceMs === 'number' && sinceMs > 1 ? sinceMs : null };
  } catch {
    return { sinceMs: null };
  }
}

export class PageRecorder {
  readonly #ports: PageRecorderPorts;
  #running: Running | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #failure: SensorFailure | null = null;
  /** By driver: what it failed with when it was run last. */
  readonly #troubles = new Map<string, string>();

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

  /** What a driver failed with when it was last to be recorded; undefined when it delivered, or was not tried. */
  troubleOf(driver: string): string | undefined {
    return this.#troubles.get(driver);
  }

  /** Starts recording, unless it runs or is starting. @throws what kept it from starting. */
  start(choice: Promise<SensorChoice>, recording: RecordingOptions): Promise<void> {
    choice.catch(() => undefined); // of a second tap nobody waits for it
    this.#starting ??= this.#start(choice, recording).finally(() => {
      this.#starting = undefined;
      this.#ports.onChange();
    });
    this.#ports.onChange();
    return this.#starting;
  }

  async #start(chosen: Promise<SensorChoice>, options: RecordingOptions): Promise<void> {
    const choice = await chosen;
    await this.#stopping?.catch(() => undefined); // whoever stopped it hears of that
    if (this.#running !== undefined) return;
    this.#failure = null;
    const all = await this.#ports.drivers(choice);
    const drivers = all.filter(({ name }) => !choice.off.includes(name));
    if (drivers.length === 0) {
      throw new WaystationError(
        'unavailable',
        all.length === 0
          ? 'this device has nothing that a page can record'
          : 'everything is switched off: switch on what is to be recorded',
      );
    }
    const { store, clock } = options.space.context;
    const interrupted = await interruptedRecording(store);
    const { Recording } = await loadRecording();
    const recording = await Recording.open({
      ...options,
      onTrouble: (message, error) => {
        if (!this.#noteFull(error)) options.onTrouble(message, error);
      },
    });
    const sinceMs = interrupted?.sinceMs ?? recording.sinceMs;
    try {
      await store.state.put(RECORD_KEY, encodeCbor(Math.round(sinceMs)), 'strict');
    } catch (error) {
      await recording.stop().catch(() => undefined); // the first error says more
      throw error;
    }
    const wakefulness: Running['wakefulness'] = { state: 'asking' };
    const running: Running = {
      recording,
      options,
      parts: new Map(),
      ledger: new GapLedger(),
      letSleep: this.#ports.keepAwake((state) => {
        wakefulness.state = state;
        this.#ports.onChange();
      }),
      sinceMs,
      interruptedMs: interrupted === undefined ? null : lastReadingMs(recording, options.space, sinceMs),
      // What the writer has finished since it was opened it counts itself.
      earlierHours:
        interrupted === undefined
          ? 0
          : Math.max(0, hourCountSince(options.space, recording.station, sinceMs) - recording.writer.sealed),
      told: { hours: 0, ms: 0 },
      resumedMs: null,
      fullSinceMs: null,
      wakefulness,
      originMs: clock.nowMs() - clock.monotonicMs(),
      clockSetMs: 0,
      cancelWatch: () => undefined,
    };
    this.#running = running;
    this.#watch(running);
    for (const driver of drivers) this.#run(running, driver);
  }

  /** Sees to it that silence is noticed while nothing is delivered, and the clock when it is set. */
  #watch(running: Running): void {
    const { clock } = running.options.space.context;
    running.ledger.check(this.#comparedNow(running));
    if (running.recording.writer.isStored && running.recording.writer.waitingHours === 0)
      running.fullSinceMs = null;
    running.cancelWatch = clock.schedule(WATCH_MS, () => this.#watch(running));
  }

  /** The time, after the clocks were compared: whoever notes a time would take a clock that was set for silence, or for none. */
  #comparedNow(running: Running): number {
    const { clock } = running.options.space.context;
    const nowMs = clock.nowMs();
    const jumpMs = nowMs - clock.monotonicMs() - running.originMs;
    running.originMs += jumpMs;
    if (Math.abs(jumpMs) <= CLOCK_JUMP_MS) return nowMs;
    running.clockSetMs += jumpMs;
    running.ledger.clockSet(jumpMs);
    running.ledger.all(nowMs, nowMs, 'clock', String(Math.round(jumpMs)));
    this.#ports.onClockJump(jumpMs);
    return nowMs;
  }

  /** A full device is shown for as long as it is full, and not told each second anew. */
  #noteFull(error: unknown): boolean {
    const running = this.#running;
    if (running === undefined || !isWaystationError(error, 'store-full')) return false;
    running.fullSinceMs ??= running.options.space.context.clock.nowMs();
    return true;
  }

  /** Starts a driver that failed or was switched on; not while it runs. */
  async include(name: string, choice: SensorChoice): Promise<void> {
    const running = this.#running;
    if (running === undefined || running.parts.get(name)?.isOver === false) return;
    const driver = (await this.#ports.drivers(choice)).find((one) => one.name === name);
    if (driver === undefined || this.#running !== running || this.#stopping !== undefined) return;
    if (running.parts.get(name)?.isOver !== false) this.#run(running, driver);
    this.#ports.onChange();
  }

  /** Stops one driver; the others go on. */
  exclude(name: string): void {
    const running = this.#running;
    const part = running?.parts.get(name);
    if (running === undefined || part === undefined) return;
    running.parts.delete(name);
    part.stop.abort();
    for (const stream of part.streams) running.ledger.closed(stream);
    this.#ports.onChange();
  }

  #run(running: Running, driver: Driver): void {
    const part: Part = {
      driver,
      stop: new AbortController(),
      streams: new Set(),
      failed: undefined,
      isOver: false,
      startedMs: running.options.space.context.clock.monotonicMs(),
    };
    running.parts.set(driver.name, part);
    this.#troubles.delete(driver.name);
    running.recording
      .run(this.#observed(running, part))
      .catch((error: unknown) => {
        if (isWaystationError(error, 'closed')) return;
        part.failed = error;
        this.#troubles.set(driver.name, errorMessage(error));
      })
      .then(async () => {
        part.isOver = true;
        this.#ports.onChange();
        await this.#endIfNothingDelivers(running);
      })
      .catch((error: unknown) => this.#ports.onTrouble(errorMessage(error)));
  }

  async #endIfNothingDelivers(running: Running): Promise<void> {
    const parts = [...running.parts.values()];
    if (parts.some(({ isOver }) => !isOver)) return;
    if (this.#running !== running || this.#stopping !== undefined) return;
    // The person has switched off one after the other: they want nothing recorded, now and when the page is opened again.
    if (parts.length === 0) {
      await Promise.all([
        running.options.space.context.store.state.delete(RECORD_KEY),
        this.#finish(running),
      ]);
      return;
    }
    const silent = parts.filter((part) => part.failed !== undefined);
    const failed = silent.map((part) => part.failed);
    this.#failure = {
      denied: failed.length > 0 && failed.every(isDenied),
      sensors: silent.map(({ driver }) => driver.name),
      troubles: failed.map(errorMessage),
      isInterrupted: running.interruptedMs !== null,
    };
    await this.#finish(running, 'sensor');
  }

  /** The driver, with an ear on what it delivers. */
  #observed(running: Running, part: Part): Driver {
    const { driver } = part;
    const { clock } = running.options.space.context;
    return {
      name: driver.name,
      replay: driver.replay,
      probe: () => driver.probe(),
      run: async (sink, signal) => {
        const stop = () => part.stop.abort();
        signal.addEventListener('abort', stop, { once: true });
        if (signal.aborted) stop();
        const added = new Map<number, string>();
        const ears: DriverSink = {
          ...sink,
          addStream: (descriptor) => {
            const number = sink.addStream(descriptor);
            added.set(number, descriptor.name);
            part.streams.add(descriptor.name);
            running.ledger.opened(descriptor.name, descriptor.askedRateHz);
            return number;
          },
          batch: (number, batch) => {
            sink.batch(number, batch);
            const nowMs = this.#comparedNow(running);
            if (running.resumedMs === null) this.#resumed(running, nowMs);
            running.ledger.heard(added.get(number) ?? '', nowMs);
          },
          gap: (number, fromMs, cause, detail) => {
            sink.gap(number, fromMs, cause, detail);
            this.#comparedNow(running);
            running.ledger.gap(added.get(number) ?? '', fromMs, cause, detail);
          },
        };
        try {
          await driver.run(ears, part.stop.signal);
        } finally {
          signal.removeEventListener('abort', stop);
          // Switched off while the others go on: nobody is to look for its readings.
          if (!signal.aborted && part.stop.signal.aborted)
            for (const number of added.keys()) sink.gap(number, clock.nowMs(), 'stop', SWITCHED_OFF);
        }
      },
    };
  }

  /** The first reading since this page was opened. */
  #resumed(running: Running, nowMs: number): void {
    running.resumedMs = nowMs;
    const { interruptedMs, ledger } = running;
    if (interruptedMs !== null && nowMs > interruptedMs) ledger.all(interruptedMs, nowMs, 'crash');
  }

  /** Ends recording and forgets that it was asked for; everything is durable when this resolves. What was recorded, if anything. */
  async stop(store: Store): Promise<EndedRecording | null> {
    await this.#starting?.catch(() => undefined);
    this.#failure = null;
    const running = this.#running;
    const results = await Promise.allSettled([
      store.state.delete(RECORD_KEY),
      running === undefined ? undefined : this.#finish(running),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    if (running === undefined) return null;
    const { recording, options, sinceMs } = running;
    const summary = summaryOf({ recording, space: options.space, sinceMs, gaps: gapsOf(running) });
    return { summary, station: recording.station };
  }

  #finish(running: Running, cause: EndCause = 'stop'): Promise<void> {
    this.#stopping ??= running.recording.stop(cause).finally(() => {
      running.letSleep();
      running.cancelWatch();
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
    return this.#running === undefined ? null : viewOf(this.#running);
  }
}

const SWITCHED_OFF = 'switched off by the person';

/** The person, or the browser in their name, did not permit it. */
function isDenied(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.name === 'NotAllowedError';
}
