/** What views are shown of this device’s sensors, and what they may ask for; `sensing.ts` does it. */
import type { CameraChoice } from '../../sensors/choice.ts';
import type { Availability } from '../../sensors/port.ts';
import type { ClockDifference } from './clock-check.ts';
import type { RecordingSummary } from './recording-story.ts';
import type { LiveView } from './sensor-preview.ts';

/** Something this device can sense, or might. */
export interface SenseView {
  /** Its driver's name. */
  readonly name: string;
  /** What an attached device calls itself; null for this device's own sensors. */
  readonly device: string | null;
  readonly isChosen: boolean;
  /** Null while it is being found out. */
  readonly availability: Availability | null;
  /** What it says now, where it may be read without asking. */
  readonly live: LiveView | null;
  /** What it failed with when it was to be recorded last; null when it did not, or has spoken since. */
  readonly trouble: string | null;
  /** It is listened to and says nothing: there may be no such sensor behind what the browser offers. */
  readonly isMute: boolean;
}

export interface CameraView {
  readonly id: string;
  /** Empty while the browser does not tell. */
  readonly label: string;
}

export interface SensingView {
  /** False until it is known what there is. */
  readonly isKnown: boolean;
  readonly senses: readonly SenseView[];
  readonly camera: CameraChoice;
  readonly cameras: readonly CameraView[];
  readonly baudRate: number | null;
  /** This browser can be given a USB sensor. */
  readonly canAttachUsb: boolean;
  readonly clock: ClockDifference | null;
  /** The recording that was ended last, until it is dismissed or the next begins. */
  readonly summary: RecordingSummary | null;
}

export interface SensingModel {
  readonly view: SensingView;
  /**
   * Somebody looks (or not any more) at what there is: sensors are read for them while nothing is recorded.
   * @param who looks; a place that is left does not end what another looks at.
   */
  look(isLooking: boolean, who: object): void;
  /** Switches one on or off, also while recording. */
  choose(name: string, isChosen: boolean): Promise<void>;
  chooseCamera(change: Partial<CameraChoice>): Promise<void>;
  chooseBaudRate(baudRate: number | null): Promise<void>;
  /** Lets the person pick a USB sensor in the browser's own list: to be called straight from a tap. */
  attachUsb(): Promise<void>;
  /** Starts one anew that failed while recording. */
  retry(name: string): Promise<void>;
  dismissSummary(): void;
}
