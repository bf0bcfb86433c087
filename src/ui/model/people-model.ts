/** What the page shows of who is in the group, and may ask for; people.ts does it. */
import type { MemberStatus } from '../../identity/membership.ts';
import type { Role } from '../../identity/roles.ts';

/** A device that is or was in the group. */
export interface DeviceRow {
  /** Its full id, which tells it from every other. */
  readonly id: string;
  /** What it calls itself; null when it has not said, or this device cannot read it. */
  readonly name: string | null;
  /** A few characters of its id, for devices without a name, or with another's. */
  readonly shortId: string;
  /** Another device of the group, now or once, has the same name. */
  readonly isNamesake: boolean;
  readonly role: Role;
  /** It stands somewhere, keeps everything, and is where the others meet. */
  readonly isRelay: boolean;
  readonly standing: MemberStatus;
  readonly isSelf: boolean;
  /** Through which meeting point it is connected with this device; null when it is not. */
  readonly via: string | null;
  /** Its latest sign of life that reached this device. */
  readonly lastHeardMs: number | null;
  /** Hours that it has recorded, as far as is known here, and how many of them are on this device. */
  readonly hours: { readonly known: number; readonly held: number };
}

/** A link that still lets somebody in. */
export interface InviteRow {
  readonly id: string;
  readonly role: Role;
  readonly uses: number;
  readonly usesLeft: number;
  readonly expiresMs: number;
  /** Who made it; null when the name is not known. */
  readonly by: string | null;
  readonly isOwn: boolean;
  /** A relay made it, which shows its code again by itself. */
  readonly isByRelay: boolean;
}

/** What is deleted when this device leaves its group. */
export interface LeavingCosts {
  /** Hours that this device recorded. */
  readonly ownHours: number;
  /** Hours of others that are on this device, opened or not. */
  readonly othersHours: number;
  /** For how long these were recorded, ms; null where that is not known, or so long that the number of hours says it. */
  readonly ownMs: number | null;
  readonly othersMs: number | null;
  /** Pictures that are on this device, whoever took them. */
  readonly pictures: number;
  /** It was not let in: what it recorded meanwhile is in no hour yet. */
  readonly isWaiting: boolean;
}

export interface PeopleView {
  readonly nowMs: number;
  /** This device first, then by name; removed ones included. */
  readonly devices: readonly DeviceRow[];
  /** Those that end first stand first. */
  readonly invites: readonly InviteRow[];
  /** What others may be invited as from here; empty when this device cannot invite. */
  readonly grantable: readonly Role[];
  /** It is too far down from who made the group: a link of its own would be too long. */
  readonly isTooFar: boolean;
  /** May remove devices, withdraw invites and name the group. */
  readonly isManager: boolean;
  /** Names of the devices that manage the group, as far as they are known. */
  readonly managers: readonly string[];
  readonly mayRename: boolean;
  /** What leaving the group would delete; null while others are in it with this device. */
  readonly leaving: LeavingCosts | null;
}

export interface PeopleModel {
  /** What is known now; empty before this device is in a group. */
  view(): PeopleView;
  /** A link that lets `uses` devices in within `lifeMs` (a week when not given). */
  invite(role: Role, uses: number, lifeMs?: number): Promise<string>;
  /** @throws WaystationError `forbidden` for all but managers. */
  withdraw(invite: string): Promise<void>;
  /** Removes a device for good. @throws WaystationError `forbidden`, `not-found`. */
  remove(device: string): Promise<void>;
  /** Calls this device something else, here and for the others. */
  renameDevice(name: string): Promise<void>;
  /** Calls the group something else. @throws WaystationError `forbidden` for all but managers. */
  renameGroup(name: string): Promise<void>;
}
