/**
 * What the page shows and can do, without saying how: the composition root implements it, views render it. Events: `change`
 * whenever `state` was replaced.
 */
import type { SpaceId } from '../../core/ids.ts';
import type { Role } from '../../identity/roles.ts';
import type { StationStatus } from '../../station/status.ts';
import type { NetworkModel } from './network-model.ts';
import type { PeopleModel } from './people-model.ts';

export interface StreamView {
  readonly name: string;
  /** Null when it delivers; otherwise what is wrong in plain words. */
  readonly trouble: string | null;
  readonly replay: boolean;
  readonly rateHz: number | null;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly unit: string; readonly last: number | null }[];
}

export interface RecordingView {
  readonly sinceMs: number;
  readonly hourMs: number;
  readonly streams: readonly StreamView[];
  readonly sealedHours: number;
  readonly pictures: number;
  /** Hours that wait for this device to be let in before they can be sealed. */
  readonly waitingHours: number;
}

/** Nothing is recorded though it was asked for. */
export interface SensorFailure {
  /** The browser was not permitted any of the sensors. */
  readonly denied: boolean;
  /** What each sensor said. */
  readonly troubles: readonly string[];
}

/** `starting` and `stopping` take a moment, in which nothing else can be asked for. */
export type RecordingPhase = 'idle' | 'starting' | 'running' | 'stopping';

export interface HostView {
  readonly url: string;
  readonly state: 'open' | 'connecting' | 'unreachable';
}

export interface ConnectionView {
  readonly name: string;
  readonly via: string;
  readonly sinceMs: number;
}

export interface AppState {
  readonly phase: 'starting' | 'no-space' | 'ready' | 'failed';
  /** For `failed`: what happened and what to do. */
  readonly failure: string | null;
  readonly deviceName: string;
  readonly space: SpaceId | null;
  readonly spaceName: string | null;
  readonly role: Role | null;
  /** False until a member has let this device in. */
  readonly admitted: boolean;
  /** Why others do not let this device take part, or what it knows itself: `expired`, `surplus`, `revoked` or another code. */
  readonly refusal: string | null;
  readonly stations: readonly StationStatus[];
  readonly connections: readonly ConnectionView[];
  readonly hosts: readonly HostView[];
  readonly recordingPhase: RecordingPhase;
  readonly recording: RecordingView | null;
  readonly sensorFailure: SensorFailure | null;
  readonly storage: {
    readonly usedBytes: number;
    readonly freeBytes: number | null;
    readonly persistent: boolean | null;
  };
  /** A sentence for the person about the last thing that went wrong, until dismissed. */
  readonly notice: string | null;
  /** The invite in the address bar, waiting for a tap: to the group that is joined, or that did not let this device in yet. */
  readonly pendingLink: string | null;
  /** The invite in the address bar is for a group that this browser is not in, and it is in another. */
  readonly isOtherGroupsLink: boolean;
  /** Words of the group that was just made: shown, and nothing else, until they are confirmed. */
  readonly recoveryWords: string | null;
}

export interface RecordOptions {
  readonly sensors: boolean;
  readonly camera: boolean;
}

export interface AppModel extends EventTarget {
  readonly state: AppState;
  readonly people: PeopleModel;
  readonly network: NetworkModel;
  create(spaceName: string, deviceName: string): Promise<void>;
  confirmRecoveryWords(): void;
  join(link: string, deviceName: string): Promise<void>;
  /** Another link to the group that has not let this device in. */
  joinAgain(link: string): Promise<void>;
  /** The link in the address bar is not wanted. */
  dismissLink(): void;
  record(options: RecordOptions): Promise<void>;
  stop(): Promise<void>;
  exportCsv(stationId: string): Promise<void>;
  /** The station's hour files that are held here, opened, oldest first. */
  hourFiles(stationId: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>;
  dismissNotice(): void;
}
