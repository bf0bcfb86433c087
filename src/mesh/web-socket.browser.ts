/** Text WebSockets in a page or worker, by the browser's own implementation. */
import { errorMessage } from '../core/errors.ts';
import type { TextSocket, TextSocketFactory, TextSocketHandlers } from './port.ts';

/** Opens the browser's WebSockets; a URL that it refuses closes the socket instead of throwing. */
export const browserTextSockets: TextSocketFactory = {
  open(url: string, handlers: TextSocketHandlers): TextSocket {
    let told = false;
    const closed = (reason: string) => {
      if (told) return;
      told = true;
      handlers.onClose(reason);
    };
    let socket: WebSocket;
    try {
      socket = new WebSocket(url);
    } catch (error) {
      queueMicrotask(() => closed(errorMessage(error)));
      return { send: () => undefined, close: () => undefined };
    }
    socket.onopen = () => {
      if (!told) handlers.onOpen();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (!told && typeof event.data === 'string') handlers.onMessage(event.data);
    };
    socket.onclose = (event) => closed(event.reason || `closed with code ${event.code}`);
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      // The closing handshake may take as long as a dead network likes; for the owner the socket is gone now.
      close: () => {
        socket.close();
        closed('closed');
      },
    };
  },
};
