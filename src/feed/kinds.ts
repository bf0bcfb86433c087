/**
 * Entry kinds. Kinds below {@link FIRST_SEALED_KIND} stay readable in a private space, because a mirror must act on
 * them: they carry keys and roles only. Everything from there on is sealed. Unknown kinds are kept and passed on.
 */
import { PURPOSE } from './entry.ts';

export const KIND = {
  genesis: 0,
  grant: 1,
  admit: 2,
  revoke: 3,
  epoch: 4,
  succeed: 5,
  endpoint: 6,
  receipt: 7,
  profile: 16,
  stream: 17,
  hour: 18,
  clip: 19,
  picture: 20,
  setting: 21,
} as const;

export const FIRST_SEALED_KIND = 16;

/** True for kinds whose body is plain in every space. */
export function isClearKind(kind: number): boolean {
  return kind < FIRST_SEALED_KIND;
}

/** Kinds on which membership and keys depend. */
export function isMembershipKind(kind: number): boolean {
  return kind <= KIND.succeed;
}

/**
 * What the two feeds of a node may hold. Membership is in control feeds alone, which are fetched first and of which every
 * signature is checked; and nothing sealed is, so that a mirror can follow their links.
 */
export function fitsPurpose(kind: number, purpose: number): boolean {
  return purpose === PURPOSE.control ? isClearKind(kind) : !isMembershipKind(kind);
}
