/** Clients of the host bench: they do as little as they can, so that what is measured is the server. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Joined, Traffic } from './host-roles.ts';

/** As long as the description of a data channel. */
const SDP = 'v=0\r\n'.padEnd(700, 'a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host\r\n');
const JOINS_AT_ONCE = 100;
const GIVE_UP_MS = 200;

interface Pair {
  readonly caller: WebSocket;
  readonly offer: string;
  sentMs: number;
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Many clients of one server, in pairs: the even ones call, the odd ones answer. */
export class PeerCrowd {
  readonly #pairs: Pair[] = [];
  #answered: (pair: Pair) => void = () => undefined;

  async join(port: number, clients: number): Promise<Joined> {
    const startedMs = performance.now();
    const sockets: WebSocket[] = [];
    for (let i = 0; i < clients; i += JOINS_AT_ONCE) {
      const some = Array.from({ length: Math.min(JOINS_AT_ONCE, clients - i) }, (_, k) =>
        this.#open(port, i + k),
      );
      sockets.push(...(await Promise.all(some)));
    }
    for (let i = 0; i + 1 < sockets.length; i += 2)
      this.#couple(i, sockets[i] as WebSocket, sockets[i + 1] as WebSocket);
    return { ms: performance.now() - startedMs };
  }

  async #open(port: number, n: number): Promise<WebSocket> {
    const query = `key=peerjs&id=client-${n}&token=t${n}&version=1.5.5`;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/peerjs?${query}`, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    const [data] = await once(socket, 'message');
    if (!String(data).includes('"OPEN"')) throw new Error(`refused: ${data}`);
    return socket;
  }

  #couple(n: number, caller: WebSocket, callee: WebSocket): void {
    const payload = {
      sdp: { type: 'offer', sdp: SDP },
      type: 'data',
      connectionId: `dc_${n}`,
      reliable: true,
    };
    const offer = JSON.stringify({ type: 'OFFER', payload, dst: `client-${n + 1}` });
    const answer = JSON.stringify({ type: 'ANSWER', payload, dst: `client-${n}` });
    const pair: Pair = { caller, offer, sentMs: 0 };
    this.#pairs.push(pair);
    callee.on('message', () => callee.send(answer));
    caller.on('message', () => this.#answered(pair));
  }

  /** Keeps `inFlight` offers under way for `ms`. */
  exchange(inFlight: number, ms: number): Promise<Traffic> {
    const startedMs = performance.now();
    const waited: number[] = [];
    let open = 0;
    let next = 0;
    return new Promise((resolve) => {
      const call = () => {
        const pair = this.#pairs[next++ % this.#pairs.length] as Pair;
        open++;
        pair.sentMs = performance.now();
        pair.caller.send(pair.offer);
      };
      this.#answered = ({ sentMs }) => {
        const nowMs = performance.now();
        waited.push(nowMs - sentMs);
        open--;
        if (nowMs - startedMs < ms) return call();
        if (open > 0) return;
        const sorted = Float64Array.from(waited).sort();
        const messages = 2 * waited.length;
        resolve({
          messages,
          ms: nowMs - startedMs,
          p50Ms: percentile(sorted, 0.5),
          p99Ms: percentile(sorted, 0.99),
        });
      };
      for (let i = 0; i < Math.min(inFlight, this.#pairs.length); i++) call();
    });
  }
}

/** A Binding request as libwebrtc sends it: a header and nothing else. */
const REQUEST = Buffer.from('000100002112a442000000000000000000000000', 'hex');
const SOCKETS = 8;
const UNDER_WAY = 16;

async function stunSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  // Without a name to look up it listens before `bind` returns.
  const listening = once(socket, 'listening');
  socket.bind(0, '127.0.0.1');
  await listening;
  return socket;
}

/** True when somebody answers STUN on this port of loopback. */
export async function askStun(port: number): Promise<boolean> {
  const socket = await stunSocket();
  try {
    socket.send(REQUEST, port, '127.0.0.1');
    await once(socket, 'message', { signal: AbortSignal.timeout(GIVE_UP_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/** Keeps requests under way from several sockets for `ms`; lost ones are made good by the next look. */
export async function floodStun(port: number, ms: number): Promise<{ answers: number; ms: number }> {
  let answers = 0;
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, stunSocket));
  const startedMs = performance.now();
  const heard = sockets.map(() => 0);
  for (const [i, socket] of sockets.entries()) {
    const send = () => socket.send(REQUEST, port, '127.0.0.1');
    socket.on('message', () => {
      answers++;
      heard[i] = (heard[i] ?? 0) + 1;
      send();
    });
    for (let k = 0; k < UNDER_WAY; k++) send();
  }
  const mend = setInterval(() => {
    for (const [i, socket] of sockets.entries()) {
      if (heard[i] === 0) for (let k = 0; k < UNDER_WAY; k++) socket.send(REQUEST, port, '127.0.0.1');
      heard[i] = 0;
    }
  }, GIVE_UP_MS);
  await new Promise((resolve) => setTimeout(resolve, ms));
  clearInterval(mend);
  const tookMs = performance.now() - startedMs;
  for (const socket of sockets) socket.close();
  return { answers, ms: tookMs };
}
