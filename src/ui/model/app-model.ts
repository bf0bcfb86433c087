/**
 * What the page can do and what it shows, without saying how: the composition root implements it, views render it. Events: `change`
 * whenever `state` was replaced.
 */

import type { AppState } from './app-state.ts';
import type { CollectingModel } from './collecting-view.ts';
import type { DataModel } from './data-port.ts';
import type { DeviceModel } from './device-model.ts';
import type { MovingModel } from './moving.ts';
import type { NetworkModel } from './network-model.ts';
import type { PeopleModel } from './people-model.ts';
import type { RecoveryModel } from './recovery-model.ts';
import type { SensingModel } from './sensing-view.ts';
import type { StationsModel } from './station-facts.ts';

export interface AppModel extends EventTarget {
  readonly state: AppState;
  readonly people: PeopleModel;
  readonly collecting: CollectingModel;
  readonly stations: StationsModel;
  /** @throws TypeError before {@link loadData}. */
  readonly data: DataModel;
  readonly sensing: SensingModel;
  readonly recovery: RecoveryModel;
  readonly device: DeviceModel;
  readonly network: NetworkModel;
  readonly moving: MovingModel;
  create(spaceName: string, deviceName: string): Promise<void>;
  join(link: string, deviceName: string): Promise<void>;
  /** Another link to the group that has not let this device in. */
  joinAgain(link: string): Promise<void>;
  /** A link was opened or scanned; if it is an invite, or has a code for one, the views show what can be done with it. */
  offer(address: string): void;
  /** The invite behind a short code. @throws WaystationError with what a person can do. */
  resolveCode(code: string): Promise<string>;
  /** Shows the doors though there is an invite, or the invite again. */
  putOff(isPutOff: boolean): void;
  /** The link in the address bar is not wanted. */
  dismissLink(): void;
  /**
   * Leaves the group that this device is alone in, was not let into or was removed from: deletes it here, and starts anew at the doors.
   * @throws WaystationError `forbidden` while others are in it.
   */
  leave(): Promise<void>;
  /** Asks the tab that has this device open to let go, and starts here. `busy`: it records; `silent`: it does not answer. */
  useHere(): Promise<'busy' | 'silent' | 'taken'>;
  /** Records what is switched on, see {@link SensingModel}. */
  record(): Promise<void>;
  stop(): Promise<void>;
  /** The station's hour files that are held here, opened, oldest first. */
  hourFiles(stationId: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** Loads what reads recordings: a tenth of the code, which only the places that show readings need. */
  loadData(): Promise<void>;
  /** Says a sentence to the person, until it is dismissed. */
  say(notice: string): void;
  dismissNotice(): void;
}
