/**
 * The page's side of the bench of memory in Chromium: the page's own recorder with nine channels at 60 Hz, the real store and codec in
 * their workers, on a clock that the bench moves.
 */
import { HOUR_MS } from '../src/hour/slot.ts';
import { createWebCrypto } from '../src/identity/crypto.web.ts';
import { loadOrCreateBrowserKeys } from '../src/identity/keys.browser.ts';
import { codecWorker } from '../src/pipeline/codec-worker.browser.ts';
import { DEFAULT_CHOICE } from '../src/sensors/choice.ts';
import { WaystationNode } from '../src/station/node.ts';
import type { Store } from '../src/store/port.ts';
import { connectStoreWorker } from '../src/store/worker-bridge.browser.ts';
import { PageRecorder } from '../src/ui/model/page-recorder.ts';
import { VirtualClock } from '../tests/unit/mesh/virtual-clock.ts';
import { BATCH_MS, PLAYED, PlayedSensor } from './played-sensor.ts';

const TICKS_A_SECOND = 1_000 / BATCH_MS;

/** What toMinute tells. */
export interface MinuteReport {
  readonly sealed: number;
  /** Longest that the page could do nothing else since the last report. */
  readonly blockedMs: number;
}

/** Measures how long the page is busy at a stretch: from one turn of its event loop to the next. */
class TurnWatch {
  readonly #channel = new MessageChannel();
  #lastMs = 0;
  #longestMs = 0;
  #isOn = false;

  constructor() {
    this.#channel.port1.onmessage = () => this.#turn();
  }

  #turn(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (this.#isOn) this.#channel.port2.postMessage(null);
  }

  start(): void {
    this.#lastMs = performance.now();
    this.#longestMs = 0;
    this.#isOn = true;
    this.#channel.port2.postMessage(null);
  }

  stop(): number {
    this.#isOn = false;
    return this.#longestMs;
  }
}

class PageBench {
  readonly #clock = new VirtualClock();
  readonly #beganMs = this.#clock.nowMs();
  readonly #sensors = PLAYED.map((name) => new PlayedSensor(name));
  readonly #turns = new TurnWatch();
  #recorder: PageRecorder | undefined;
  #store: Store | undefined;
  #seconds = 0;
  trouble = '';

  async start(): Promise<void> {
    const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
    const store = await connectStoreWorker(worker, 'bench', { giveAwayWrites: true });
    const encode = codecWorker(
      () => new Worker(new URL('../workers/codec.ts', import.meta.url), { type: 'module' }),
    );
    const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
    const keys = await loadOrCreateBrowserKeys();
    const node = await WaystationNode.open(
      { store, keys, crypto: createWebCrypto(), clock: this.#clock, random },
      { encode },
    );
    await node.createSpace({ name: 'Bench', isPublic: false, ownName: 'Bench', onMade: () => undefined });
    const onTrouble = (message: string) => {
      this.trouble = message;
    };
    this.#store = store;
    this.#recorder = new PageRecorder({
      drivers: async () => this.#sensors.map(({ driver }) => driver),
      keepAwake: () => () => undefined,
      onChange: () => undefined,
      onTrouble,
      onClockJump: () => undefined,
    });
    await this.#recorder.start(Promise.resolve(DEFAULT_CHOICE), {
      space: node.space(),
      name: 'Bench',
      hourMs: HOUR_MS,
      encode,
      onTrouble,
    });
  }

  /** Lets virtual time pass to that minute; tells how many hours are sealed then, and how long the page was blocked. */
  async toMinute(minute: number): Promise<MinuteReport> {
    this.#turns.start();
    while (this.#seconds < minute * 60) {
      for (let tick = 0; tick < TICKS_A_SECOND; tick++) {
        for (const sensor of this.#sensors) sensor.tell(this.#clock.nowMs());
        this.#clock.advance(BATCH_MS);
      }
      this.#seconds++;
      await this.#sealed();
      // The store answers in order: what was written ahead in this second is stored.
      await this.#store?.logs.list();
      this.#recorder?.view(); // as the page does each second
    }
    return { sealed: this.#recorder?.view()?.sealedHours ?? 0, blockedMs: this.#turns.stop() };
  }

  /** While a full hour is read back from its segments and encoded the clock stands still: to that this machine's time is a moment. */
  async #sealed(): Promise<void> {
    const wanted = Math.floor((this.#clock.nowMs() - this.#beganMs - 2_000) / HOUR_MS);
    while ((this.#recorder?.view()?.sealedHours ?? 0) < wanted && this.trouble === '')
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Object.assign(globalThis, { recordingBench: new PageBench() });
