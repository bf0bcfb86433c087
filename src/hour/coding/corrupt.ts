import { WaystationError } from '../../core/errors.ts';

/** What every reader of a block says of bytes that no writer writes. */
export function corrupt(what = 'its bits make no sense'): WaystationError {
  return new WaystationError(
    'corrupt',
    `a block of this hour is damaged (${what}): fetch it again from another node`,
  );
}
