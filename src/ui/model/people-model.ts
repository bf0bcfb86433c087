/** What the page shows of who is in the group, and may ask for; people.ts does it. */
import type { MemberStatus } from '../../identity/membership.ts';
import type { Role } from '../../identity/roles.ts';

/** A device that is or was in the group. */
export interface DeviceRow {
  /** Its full id, which tells it from every other. */
  readonly id: string;
  /** What it calls itself; null when it has not said, or this device cannot read it. */
  readonly name: string | null;
  /** A few characters of its id, for devices without a name. */
  readonly shortId: string;
  readonly role: Role;
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
