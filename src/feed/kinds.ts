/**
 * Entry kinds. Kinds below {@link FIRST_SEALED_KIND} stay readable in a private space, because a mirror must act on
 * them: they carry keys and roles only. Everything from there on is sealed. Unknown kinds are kept and passed on.
 */
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
