/**
 * The one error family of the project. A `code` is stable and may be matched by programs; the message is for a
 * person: what was expected, what came, and what to do. Caller bugs are `TypeError` or `RangeError` instead.
 */
export type ErrorCode =
  | 'malformed' // bytes that do not have the shape their format demands
  | 'limit' // larger, longer or more than the stated bound
  | 'bad-signature'
  | 'bad-chain' // a feed or grant chain whose links do not fit
  | 'forbidden' // the role does not allow it
  | 'expired'
  | 'revoked'
  | 'not-a-member'
  | 'no-key' // ciphertext without the epoch key to open it
  | 'corrupt' // stored bytes that no longer match their hash
  | 'store-full'
  | 'store-locked' // another process or tab has this node open
  | 'not-found'
  | 'conflict'
  | 'unavailable' // a device, permission or network that is not there
  | 'timeout'
  | 'incomplete'
  | 'usage' // the person asked for something that cannot be asked
  | 'closed';

export class WaystationError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WaystationError';
    this.code = code;
  }
}

/** True when `error` belongs to the family and, if `code` is given, carries it. */
export function isWaystationError(error: unknown, code?: ErrorCode): error is WaystationError {
  return error instanceof WaystationError && (code === undefined || error.code === code);
}

/** The text to show for anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
