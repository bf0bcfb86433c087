/**
 * What this device can sense and what of it is recorded: the part of the page's model behind the place “Record”. It knows every
 * driver, what the person chose, whose permission is missing, and whether this device's clock can be believed.
 */
import { errorMessage } from '../../core/errors.ts';
import {
  type CameraChoice,
  DEFAULT_CHOICE,
  rememberChoice,
  rememberedChoice,
  type SensorChoice,
} from '../../sensors/choice.ts';
import type { Availability, Driver } from '../../sensors/port.ts';
import type { Space } from '../../station/space.ts';
import { ClockCheck } from './clock-check.ts';
import type { ModelCore } from './model-core.ts';
import type { EndedRecording, PageRecorder } from './page-recorder.ts';
import { heldBy, type RecordingSummary } from './recording-story.ts';
import type { CameraView, SenseView, SensingModel, SensingView } from './sensing-view.ts';
import { SensorPreview } from './sensor-preview.ts';

/** A clock that is wrong may be set right while somebody looks: the page's server is asked again. */
const ASK_SERVER_AGAIN_MS = 30_000;

export interface SensingPorts {
  readonly drivers: (choice: SensorChoice) => Promise<readonly Driver[]>;
  /** Attaching by USB; undefined where the browser cannot. Resolves to false when nothing was picked. */
  readonly attachUsb: (() => Promise<boolean>) | undefined;
  /** What time it is where the page came from, ms; null when that is out of reach. */
  readonly serverTimeMs: (() => Promise<number | null>) | undefined;
}

export class Sensing implements SensingModel {
  readonly #core: ModelCore;
  readonly #ports: SensingPorts;
  readonly #recorder: PageRecorder;
  readonly #clockCheck = new ClockCheck();
  #choice: SensorChoice = DEFAULT_CHOICE;
  #isChoiceKnown = false;
  #drivers: readonly Driver[] = [];
  #isKnown = false;
  #availability = new Map<string, Availability>();
  #cameras: readonly CameraView[] = [];
  readonly #lookers = new Set<object>();
  /** Counts looks, so that what an older one finds out is not shown. */
  #round = 0;
  #preview: SensorPreview | undefined;
  #summary: RecordingSummary | null = null;
  #ended: EndedRecording | undefined;
  #askedServerMs = 0;

  constructor(core: ModelCore, ports: SensingPorts, recorder: PageRecorder) {
    this.#core = core;
    this.#ports = ports;
    this.#recorder = recorder;
  }

  get #isLooking(): boolean {
    return this.#lookers.size > 0;
  }

  get view(): SensingView {
    return {
      isKnown: this.#isKnown,
      senses: this.#drivers.map(({ name, device }) => ({
        name,
        device: device ?? null,
        isChosen: !this.#choice.off.includes(name),
        availability: this.#availabilityOf(name),
        ...this.#saidOf(name),
      })),
      camera: this.#choice.camera,
      cameras: this.#cameras,
      baudRate: this.#choice.baudRate,
      canAttachUsb: this.#ports.attachUsb !== undefined,
      clock: this.#clockCheck.difference(),
      summary: this.#summary,
    };
  }

  #saidOf(name: string): Pick<SenseView, 'live' | 'trouble' | 'isMute'> {
    const live = this.#preview?.live(name) ?? null;
    const hasSpoken = live?.columns.some(({ last }) => last !== null) === true;
    return {
      live,
      // While it is recorded the recording itself tells.
      trouble:
        hasSpoken || this.#recorder.phase === 'running' ? null : (this.#recorder.troubleOf(name) ?? null),
      isMute: this.#preview?.isMute(name) === true,
    };
  }

  #availabilityOf(name: string): Availability | null {
    const trouble = this.#preview?.trouble(name);
    if (trouble !== undefined) return { state: 'unavailable', reason: trouble };
    return this.#availability.get(name) ?? null;
  }

  look(isLooking: boolean, who: object): void {
    if (isLooking) this.#lookers.add(who);
    else this.#lookers.delete(who);
    if (!isLooking && this.#isLooking) return;
    this.#endPreview();
    if (!isLooking) return;
    void this.#core.orTell(() => this.#findOut());
    void this.#core.orTell(() => this.#askServer());
  }

  /** A device whose clock is far off may meet nobody: then the page's server is the only one to ask. */
  async #askServer(): Promise<void> {
    const { clock } = this.#core.node().ports;
    this.#askedServerMs = clock.monotonicMs();
    const serverMs = await this.#ports.serverTimeMs?.();
    if (serverMs === null || serverMs === undefined) return;
    this.#clockCheck.noteExact('server', serverMs, clock.nowMs());
    this.#core.set({});
  }

  #endPreview(): void {
    this.#round++;
    this.#preview?.end();
    this.#preview = undefined;
  }

  /** Asks every driver how it stands, and reads those that may be read. */
  async #findOut(): Promise<void> {
    const round = ++this.#round;
    const choice = await this.#chosen();
    const drivers = await this.#ports.drivers(choice);
    const found = await Promise.all(
      drivers.map(async (driver): Promise<[Driver, Availability]> => {
        const availability = await driver
          .probe()
          .catch((error: unknown): Availability => ({ state: 'unavailable', reason: errorMessage(error) }));
        return [driver, availability];
      }),
    );
    const cameras = await drivers
      .find(({ choices }) => choices !== undefined)
      ?.choices?.()
      .catch(() => []);
    if (round !== this.#round) return;
    this.#drivers = drivers;
    this.#availability = new Map(found.map(([{ name }, availability]) => [name, availability]));
    this.#cameras = cameras ?? [];
    this.#isKnown = true;
    this.#preview?.end();
    this.#preview = undefined;
    if (this.#isLooking && this.#recorder.phase === 'idle') {
      const readable = found.filter(([{ name, choices }, { state }]) => {
        // A camera's light would go on, and a cable opened twice.
        const isQuiet =
          choices === undefined && this.#drivers.find((one) => one.name === name)?.device === undefined;
        return state === 'available' && isQuiet && !choice.off.includes(name);
      });
      this.#preview = new SensorPreview(
        this.#core.node().ports.clock,
        readable.map(([driver]) => driver),
      );
    }
    this.#core.set({});
  }

  async #chosen(): Promise<SensorChoice> {
    if (!this.#isChoiceKnown) {
      const remembered = await rememberedChoice(this.#core.node().ports.store);
      // A choice made in the meantime stands.
      if (!this.#isChoiceKnown) this.#choice = remembered;
      this.#isChoiceKnown = true;
    }
    return this.#choice;
  }

  async #change(change: Partial<SensorChoice>): Promise<void> {
    await this.#chosen();
    this.#choice = { ...this.#choice, ...change };
    this.#core.set({});
    await rememberChoice(this.#core.node().ports.store, this.#choice);
  }

  async choose(name: string, isChosen: boolean): Promise<void> {
    await this.#chosen();
    const others = this.#choice.off.filter((one) => one !== name);
    await this.#change({ off: isChosen ? others : [...others, name] });
    if (this.#recorder.phase !== 'running') return this.#again();
    if (isChosen) await this.#recorder.include(name, this.#choice);
    else this.#recorder.exclude(name);
  }

  async chooseCamera(change: Partial<CameraChoice>): Promise<void> {
    await this.#chosen();
    await this.#change({ camera: { ...this.#choice.camera, ...change } });
    await this.#again();
  }

  async chooseBaudRate(baudRate: number | null): Promise<void> {
    await this.#change({ baudRate });
    await this.#again();
  }

  /** What there is may have changed. */
  async #again(): Promise<void> {
    if (this.#isLooking) await this.#findOut();
  }

  async attachUsb(): Promise<void> {
    const isAttached = (await this.#ports.attachUsb?.()) ?? false;
    if (!isAttached) return;
    if (this.#recorder.phase !== 'running') return this.#findOut();
    const known = new Set(this.#drivers.map(({ name }) => name));
    this.#drivers = await this.#ports.drivers(this.#choice);
    for (const { name } of this.#drivers)
      if (!known.has(name)) await this.#recorder.include(name, this.#choice);
  }

  async retry(name: string): Promise<void> {
    await this.#recorder.include(name, await this.#chosen());
  }

  /**
   * What is to be recorded now. Questions that browsers take straight from a tap alone are asked in this very task, of the drivers
   * that are known already.
   */
  async beforeRecording(): Promise<SensorChoice> {
    const asked = this.#drivers
      .filter(({ name }) => !this.#choice.off.includes(name))
      .map((driver) => driver.ask?.());
    this.#endPreview();
    this.#summary = null;
    const choice = await this.#chosen();
    await Promise.allSettled(asked);
    return choice;
  }

  /** The drivers that were looked at are the ones that asked: they are the ones to run. */
  async drivers(choice: SensorChoice): Promise<readonly Driver[]> {
    const drivers = await this.#ports.drivers(choice);
    const asking = new Map(
      this.#drivers.filter(({ ask }) => ask !== undefined).map((one) => [one.name, one]),
    );
    return drivers.map((driver) => asking.get(driver.name) ?? driver);
  }

  afterRecording(ended: EndedRecording | null): void {
    this.#ended = ended ?? undefined;
    this.#summary = ended?.summary ?? null;
    if (this.#isLooking) void this.#core.orTell(() => this.#findOut());
  }

  dismissSummary(): void {
    this.#summary = null;
    this.#core.set({});
  }

  /** What changes by itself: called once a second. */
  eachSecond(space: Space): void {
    this.#compareClocks(space);
    if (
      this.#isLooking &&
      this.#clockCheck.difference() !== null &&
      space.context.clock.monotonicMs() - this.#askedServerMs > ASK_SERVER_AGAIN_MS
    )
      void this.#core.orTell(() => this.#askServer());
    const { summary, station } = this.#ended ?? {};
    if (summary === undefined || station === undefined || this.#summary === null) return;
    this.#summary = { ...this.#summary, heldBy: heldBy(space, station, summary.fromMs) };
  }

  /** What other devices have signed lately is held against this device's clock. */
  #compareClocks(space: Space): void {
    const nowMs = space.context.clock.nowMs();
    for (const [author, { timeMs }] of space.replica.beats)
      if (author !== space.self) this.#clockCheck.note(author, timeMs, nowMs);
    // Beats from more than a day ahead are not taken in; entries are.
    for (const { author, entries } of space.replica.index.branches()) {
      const last = entries.at(-1);
      if (last !== undefined && author !== space.self)
        this.#clockCheck.noteStored(author, last.timeMs, nowMs);
    }
  }

  /** This device's clock was set. */
  clockWasSet(): void {
    this.#clockCheck.forget();
  }
}
