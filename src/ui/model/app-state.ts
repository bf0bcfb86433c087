/** What the page shows: one snapshot, replaced as a whole when something changed. Views draw it, the model's parts fill it in. */
import type { SpaceId } from '../../core/ids.ts';
import type { Role } from '../../identity/roles.ts';
import type { StationStatus } from '../../station/status.ts';
import type { AwakeState } from '../platform/wake-lock.ts';
import type { CollectingView } from './collecting-view.ts';
import type { GapView } from './gap-ledger.ts';
import type { RecoveryStep } from './recovery-model.ts';
import type { StationFacts } from './station-facts.ts';

export interface StreamView {
  readonly name: string;
  /** Which driver delivers it. */
  readonly driver: string;
  /** Null when it delivers; otherwise what is wrong in plain words. */
  readonly trouble: string | null;
  /** Its driver has ended and can be started anew. */
  readonly isOver: boolean;
  /** For how long it has said nothing though it should, ms; null while it delivers. */
  readonly silentMs: number | null;
  readonly replay: boolean;
  readonly rateHz: number | null;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly unit: string; readonly last: number | null }[];
}

export interface RecordingView {
  /** When a person started it; a reload does not start it anew. */
  readonly sinceMs: number;
  readonly hourMs: number;
  readonly streams: readonly StreamView[];
  readonly sealedHours: number;
  /** For how long something was recorded in the finished hours, ms. */
  readonly sealedMs: number;
  readonly pictures: number;
  /** Hours that wait for this device to be let in before they can be sealed. */
  readonly waitingHours: number;
  /** Interruptions, newest first. */
  readonly gaps: readonly GapView[];
  /** Since when this device is full and readings are kept in memory alone; null while they are stored. */
  readonly fullSinceMs: number | null;
  /** Whether the screen is kept on. */
  readonly awake: AwakeState;
  /** It went on by itself after a reload or crash: when, and how much is missing, ms. */
  readonly resumed: { readonly atMs: number; readonly missedMs: number } | null;
  /** Room that a day takes at the present rate; null while that is not known. */
  readonly bytesPerDay: number | null;
}

/** Nothing is recorded though it was asked for. */
export interface SensorFailure {
  /** The browser was not permitted any of the sensors. */
  readonly denied: boolean;
  /** The drivers that failed, and what each of them said, in the same order. */
  readonly sensors: readonly string[];
  readonly troubles: readonly string[];
  /** There was a recording before the page was opened anew: it waits to go on. */
  readonly isInterrupted: boolean;
}

/** `starting` and `stopping` take a moment, in which nothing else can be asked for. */
export type RecordingPhase = 'idle' | 'starting' | 'running' | 'stopping';

export interface HostView {
  readonly url: string;
  readonly state: 'open' | 'connecting' | 'unreachable';
}

export interface ConnectionView {
  readonly name: string;
  /** It is a relay. */
  readonly isRelay: boolean;
  readonly via: string;
  readonly sinceMs: number;
}

export interface AppState {
  /** `moving`: this device rests or has moved elsewhere, or one is arriving; there is nothing else on the page. */
  readonly phase: 'starting' | 'no-space' | 'ready' | 'moving' | 'failed';
  /** For `failed`: what happened and what to do. */
  readonly failure: string | null;
  /** For `failed`: another tab of this browser has it open; `left` when it took this one's place. */
  readonly openElsewhere: 'before' | 'left' | null;
  readonly deviceName: string;
  /** A few characters of this device's id; empty until its storage is open. */
  readonly shortId: string;
  readonly space: SpaceId | null;
  readonly spaceName: string | null;
  readonly role: Role | null;
  /** False until a member has let this device in. */
  readonly admitted: boolean;
  /** Why others do not let this device take part, or what it knows itself: `expired`, `surplus`, `revoked` or another code. */
  readonly refusal: string | null;
  readonly stations: readonly StationStatus[];
  /** The same stations in the same order, and what more is known of them. */
  readonly stationFacts: readonly StationFacts[];
  /** What is coming, how fast, and whether one may leave; null before this device is in a group. */
  readonly collecting: CollectingView | null;
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
  /** A short code of an invite in the address bar, before a group; the relay is asked for it when it is shown. */
  readonly pendingCode: string | null;
  /** The doors are shown though there is an invite: it waits. */
  readonly isInvitePutOff: boolean;
  /** The group that the relay keeps which serves this page; its name is known on the relay's own computer alone. */
  readonly relayGroup: { readonly name: string | null } | null;
  /** The invite in the address bar is for a group that this browser is not in, and it is in another. */
  readonly isOtherGroupsLink: boolean;
  /** Words of the group that was just made: in memory alone, until they are confirmed. */
  readonly recoveryWords: string | null;
  readonly recovery: RecoveryStep;
}

/** What is shown before anything is known. */
export const NOTHING_YET: AppState = {
  phase: 'starting',
  failure: null,
  openElsewhere: null,
  deviceName: '',
  shortId: '',
  space: null,
  spaceName: null,
  role: null,
  admitted: false,
  refusal: null,
  stations: [],
  stationFacts: [],
  collecting: null,
  connections: [],
  hosts: [],
  recordingPhase: 'idle',
  recording: null,
  sensorFailure: null,
  storage: { usedBytes: 0, freeBytes: null, persistent: null },
  notice: null,
  pendingLink: null,
  pendingCode: null,
  isInvitePutOff: false,
  relayGroup: null,
  isOtherGroupsLink: false,
  recoveryWords: null,
  recovery: 'none',
};
