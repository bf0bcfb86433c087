/**
 * Dials a relay by address, UDP port and certificate hash, without signaling: WebRTC-direct, see `direct-description.ts`. Works on any
 * transport whose links are real WebRTC, so a page and Node dial with the same code.
 *
 * Invariant: the stack refuses DTLS to any certificate but the pinned one, so an open link leads to the relay that the endpoint names.
 */
import type { DirectEndpoint } from '../identity/direct-endpoint.ts';
import { inventedAnswer } from './direct-description.ts';
import type { Connection, Link, Transport } from './port.ts';

export interface DialHandlers {
  onOpen(link: Link): void;
  /** The attempt failed or was aborted before it opened; called at most once and never after `onOpen`. */
  onFail(reason: string): void;
}

/**
 * Starts a dial; the caller bounds its time by aborting it.
 * @throws what the transport throws when it has no more connections to give.
 */
export function dialDirect(
  transport: Transport,
  endpoint: DirectEndpoint,
  handlers: DialHandlers,
): Pick<Connection, 'abort'> {
  let isAnswered = false;
  const connection: Connection = transport.connect(true, {
    onSignal: (payload) => {
      if (payload.kind !== 'description' || isAnswered) return; // nobody is there to be told our candidates
      isAnswered = true;
      const sdp = inventedAnswer(payload.sdp, endpoint);
      // Not in the stack's own turn, where it is still setting its offer.
      queueMicrotask(() => {
        if (sdp === undefined) connection.abort('the offer states no ICE password');
        else connection.signal({ kind: 'description', type: 'answer', sdp });
      });
    },
    onOpen: (link) => handlers.onOpen(link),
    onFail: (reason) => handlers.onFail(reason),
  });
  return connection;
}
