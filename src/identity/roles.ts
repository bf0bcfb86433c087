/**
 * Roles: what an admitted node may do in a space.
 *
 * Invariants: nobody passes on more than it holds, and an invite never makes a role that its issuer could not have
 * made; every admitted role may write `admit`, because any admitted node may open the door to an invited one.
 */
import { KIND } from '../feed/kinds.ts';

/** admin: controls; member: records, reads, invites; reader: reads; recorder: writes only; mirror: ciphertext only. */
export type Role = 'admin' | 'member' | 'reader' | 'recorder' | 'mirror';

/** Roles by their number on the wire; a lower number is a stronger role. */
export const ROLES = ['admin', 'member', 'reader', 'recorder', 'mirror'] as const satisfies readonly Role[];

/** The role's number on the wire, 0 (admin) to 4 (mirror). */
export function roleNumber(role: Role): number {
  return ROLES.indexOf(role);
}

/** The role with this wire number, undefined for any other value. */
export function roleFrom(wire: unknown): Role | undefined {
  return typeof wire === 'number' ? ROLES[wire] : undefined;
}

const GRANTABLE: Readonly<Record<Role, readonly Role[]>> = {
  admin: ROLES,
  member: ['member', 'reader', 'mirror'],
  reader: [],
  recorder: [],
  mirror: [],
};

/** Whether a holder of `issuer` may invite somebody as `granted`. */
export function mayGrant(issuer: Role, granted: Role): boolean {
  return GRANTABLE[issuer].includes(granted);
}

/** Whether the role is given epoch keys: all but a mirror, which stores and serves ciphertext. */
export function holdsKeys(role: Role): boolean {
  return role !== 'mirror';
}

const LISTED_KINDS: Readonly<Record<'reader' | 'recorder' | 'mirror', readonly number[]>> = {
  reader: [KIND.admit, KIND.receipt, KIND.profile, KIND.succeed],
  recorder: [
    KIND.admit,
    KIND.stream,
    KIND.hour,
    KIND.clip,
    KIND.picture,
    KIND.profile,
    KIND.receipt,
    KIND.succeed,
  ],
  mirror: [KIND.admit, KIND.receipt, KIND.endpoint, KIND.succeed],
};

/**
 * Whether a role may author entries of `kind`. Admins and members may author kinds that this version does not know,
 * the others only what is listed. A space's one genesis entry is not decided here.
 */
export function mayAuthorKind(role: Role, kind: number): boolean {
  if (kind === KIND.genesis) return false;
  if (role === 'admin') return true;
  if (role === 'member') return kind !== KIND.revoke;
  return LISTED_KINDS[role].includes(kind);
}

/** Whether a role may start a new epoch (`of: null`); members only seal known epochs to those they invite. */
export function mayStartEpoch(role: Role): boolean {
  return role === 'admin';
}
