/** What every TextSocketFactory promises (src/mesh/port.ts), against a server that the caller provides. */
import { describe, expect, it } from 'vitest';
import type { TextSocketFactory } from '../../src/mesh/port.ts';

/** A server for the contract: echoes text, closes on `bye`; and a URL where nothing listens. */
export interface TextSocketTarget {
  readonly echoUrl: string;
  readonly deadUrl: string;
}

export function textSocketContract(
  name: string,
  sockets: TextSocketFactory,
  target: () => Promise<TextSocketTarget>,
): void {
  /** Opens a socket and records what it reports, in order, until it closes. */
  async function record(url: string, onOpen: (send: (text: string) => void, close: () => void) => void) {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      const socket = sockets.open(url, {
        onOpen: () => {
          events.push('open');
          onOpen(socket.send, socket.close);
        },
        onMessage: (text) => {
          events.push(text);
          if (text === 'close me') socket.close();
        },
        onClose: () => {
          events.push('close');
          resolve();
        },
      });
    });
    return events;
  }

  describe(`text socket contract: ${name}`, () => {
    it('opens, carries text both ways in order and says once that the other side closed', async () => {
      const { echoUrl } = await target();
      const events = await record(echoUrl, (send) => {
        for (const text of ['one', 'zwei — 2', 'x'.repeat(100_000), 'bye']) send(text);
      });
      expect(events).toEqual(['open', 'one', 'zwei — 2', 'x'.repeat(100_000), 'close']);
    });

    it('closes at once for its owner, who hears nothing afterwards', async () => {
      const { echoUrl } = await target();
      const events = await record(echoUrl, (send) => {
        send('close me');
        send('too late');
      });
      expect(events).toEqual(['open', 'close me', 'close']);
    });

    it('reports a connection that cannot be made as a close, without throwing', async () => {
      const { deadUrl } = await target();
      expect(await record(deadUrl, () => undefined)).toEqual(['close']);
      expect(await record('not a url', () => undefined)).toEqual(['close']);
    });
  });
}
