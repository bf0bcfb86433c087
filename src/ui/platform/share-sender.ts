/**
 * Who may hand something to the share target. Any page can send a form to it, and it should come from the system alone.
 *
 * What the system shares comes with the origin `null` and from no window, or from a window of this app. A page sends its own origin, or,
 * when it hides that, `null` from a window that this app cannot see. Only a page that hides its origin and opens a new window, which takes
 * a tap, looks like the system: that is why what is shared is bounded (`shared-items.ts`) and nothing is done with it but showing it.
 */

export interface ShareRequest {
  /** The `Origin` header; null when there is none. Browsers do not let service workers see `Sec-Fetch-Site`. */
  readonly origin: string | null;
  /** Origin of the app. */
  readonly own: string;
  /** The window that asks: one of this app, one that is not to be seen, or none, as when the system opens a new one. */
  readonly from: 'own' | 'unseen' | 'none';
}

export function isShareAllowed({ origin, own, from }: ShareRequest): boolean {
  if (origin === own) return true;
  return (origin === null || origin === 'null') && from !== 'unseen';
}
