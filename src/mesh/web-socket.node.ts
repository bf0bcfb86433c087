/** Text WebSockets in Node, by `ws` (Node 20 has none of its own). */
import { WebSocket } from 'ws';
import { errorMessage } from '../core/errors.ts';
import type { TextSocket, TextSocketFactory, TextSocketHandlers } from './port.ts';

/** No answer of a hub is longer; `ws` closes the socket before it would buffer more. */
const MAX_PAYLOAD_BYTES = 1_048_576;
/** A host that does not answer the handshake is down. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Opens `ws` sockets; a URL that cannot be opened closes the socket instead of throwing. */
export const nodeTextSockets: TextSocketFactory = {
  open(url: string, handlers: TextSocketHandlers): TextSocket {
    let told = false;
    let failure: string | undefined;
    const closed = (reason: string) => {
      if (told) return;
      told = true;
      handlers.onClose(reason);
    };
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, {
        maxPayload: MAX_PAYLOAD_BYTES,
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        perMessageDeflate: false,
      });
    } catch (error) {
      queueMicrotask(() => closed(errorMessage(error)));
      return { send: () => undefined, close: () => undefined };
    }
    socket.on('open', () => {
      if (!told) handlers.onOpen();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!told && !isBinary) handlers.onMessage(data.toString('utf8'));
    });
    socket.on('error', (error) => {
      failure = error.message;
    });
    socket.on('close', (code, reason) =>
      closed(failure ?? (reason.toString() || `closed with code ${code}`)),
    );
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      // No closing handshake: it would keep the process for up to 30 s when the host is dead.
      close: () => {
        socket.terminate();
        closed('closed');
      },
    };
  },
};
