/**
 * Connections that were opened and say nothing: each costs a file, and a machine has few. A connection that has not finished a request
 * in time is ended, and one address may have only so many of them. Works on any HTTP or HTTPS server, in addition to what it does itself.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** The slowest phone sends its request within a second or two of connecting. */
const FIRST_REQUEST_MS = 10_000;
/** A page opens six at once; a house has some dozen people. */
const HALF_OPEN_PER_ADDRESS = 128;
/** Together with those that are in use this stays far from the usual 1,024 to 65,536 files of a process. */
const HALF_OPEN_IN_ALL = 512;

export interface HalfOpenLimits {
  readonly firstRequestMs: number;
  readonly perAddress: number;
  readonly inAll: number;
}

export const HALF_OPEN_LIMITS: HalfOpenLimits = {
  firstRequestMs: FIRST_REQUEST_MS,
  perAddress: HALF_OPEN_PER_ADDRESS,
  inAll: HALF_OPEN_IN_ALL,
};

interface Waiting {
  readonly address: string;
  readonly sinceMs: number;
  readonly onClose: () => void;
}

export class HalfOpenGuard {
  readonly #limits: HalfOpenLimits;
  readonly #count: (reason: string) => void;
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #perAddress = new Map<string, number>();
  readonly #undo: (() => void)[] = [];

  /** @param count told every reason for which a connection is ended: `half-open`, `half-open-per-address`, `half-open-in-all`. */
  constructor(limits: Partial<HalfOpenLimits>, count: (reason: string) => void) {
    this.#limits = { ...HALF_OPEN_LIMITS, ...limits };
    this.#count = count;
  }

  /** Connections that wait for their first request. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Watches the connections of `server`; of an HTTPS server from the end of the handshake, which has a time limit of its own. */
  watch(server: Server): void {
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    const onConnection = (socket: Socket) => this.#opened(socket);
    const onRequest = ({ socket }: IncomingMessage) => this.#settled(socket);
    server.on(event, onConnection);
    // First in line: whoever answers may close the socket.
    server.prependListener('request', onRequest);
    server.prependListener('upgrade', onRequest);
    this.#undo.push(() => {
      server.off(event, onConnection);
      server.off('request', onRequest);
      server.off('upgrade', onRequest);
    });
  }

  /** Time passed: call about once a second. */
  tick(nowMs: number): void {
    // In order of arrival: the first that is young enough ends the search.
    for (const [socket, { sinceMs }] of this.#waiting) {
      if (nowMs - sinceMs < this.#limits.firstRequestMs) return;
      this.#end(socket, 'half-open');
    }
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#waiting.clear();
    this.#perAddress.clear();
  }

  #opened(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const already = this.#perAddress.get(address) ?? 0;
    const onClose = () => this.#settled(socket);
    socket.once('close', onClose);
    this.#waiting.set(socket, { address, sinceMs: performance.now(), onClose });
    this.#perAddress.set(address, already + 1);
    if (already >= this.#limits.perAddress) this.#end(socket, 'half-open-per-address');
    else if (this.#waiting.size > this.#limits.inAll) {
      // The oldest goes: an honest one would have spoken by now.
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined) this.#end(oldest, 'half-open-in-all');
    }
  }

  #end(socket: Socket, reason: string): void {
    this.#count(reason);
    this.#settled(socket);
    socket.destroy();
  }

  #settled(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    this.#waiting.delete(socket);
    socket.off('close', waiting.onClose);
    const left = (this.#perAddress.get(waiting.address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(waiting.address, left);
    else this.#perAddress.delete(waiting.address);
  }
}
