/** Why a short code brings no invite, and what to do. */
import { msg } from '@lit/localize';
import { WaystationError } from '../../core/errors.ts';
import type { CodeAnswer } from '../platform/own-relay.browser.ts';

/** The error for what the relay said, in words for a person. */
export function codeTrouble(kind: Exclude<CodeAnswer['kind'], 'invite'>): WaystationError {
  switch (kind) {
    case 'unknown':
      return new WaystationError(
        'not-found',
        msg(
          'The relay knows no open invite by this code: the code is mistyped, or its invite has ended, is used up or was withdrawn. Compare it with the one on the relay’s screen; otherwise ask for a new invite.',
        ),
      );
    case 'wait':
      return new WaystationError(
        'limit',
        msg(
          'Too many wrong codes came from this device. Try again in about ten minutes, or use the whole link.',
        ),
      );
    case 'no-relay':
      return new WaystationError(
        'unavailable',
        msg(
          'A short code works only on the page of the relay that made it, while that is in reach. Open the relay’s address in this browser, or ask for the whole link.',
        ),
      );
  }
}
