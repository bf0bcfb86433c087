/** Test ends of links, without a test runner, so that pages can use them too. */
import type { Channel, Link, SignalPayload, Transport } from '../../src/mesh/port.ts';

/** A link's messages as a queue that a test can wait on. */
export class LinkProbe {
  readonly link: Link;
  readonly closed: Promise<string>;
  closings = 0;
  drains = 0;
  readonly #queues: Record<Channel, Uint8Array[]> = { control: [], bulk: [] };
  readonly #waiting: Record<Channel, ((bytes: Uint8Array) => void)[]> = { control: [], bulk: [] };
  #onDrain: (() => void)[] = [];

  constructor(link: Link) {
    this.link = link;
    this.closed = new Promise((resolve) => {
      link.attach({
        onMessage: (channel, bytes) => {
          const next = this.#waiting[channel].shift();
          if (next === undefined) this.#queues[channel].push(bytes);
          else next(bytes);
        },
        onDrain: () => {
          this.drains++;
          for (const resume of this.#onDrain.splice(0)) resume();
        },
        onClose: (reason) => {
          this.closings++;
          resolve(reason);
        },
      });
    });
  }

  next(channel: Channel): Promise<Uint8Array> {
    const queued = this.#queues[channel].shift();
    if (queued !== undefined) return Promise.resolve(queued);
    return new Promise((resolve) => this.#waiting[channel].push(resolve));
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }
}

/** Connects two transports, carrying their signals by hand. */
export function connectPair(
  from: Transport,
  to: Transport,
  tamper: (payload: SignalPayload) => SignalPayload = (payload) => payload,
): Promise<[Link, Link]> {
  return new Promise((resolve, reject) => {
    const links: (Link | undefined)[] = [undefined, undefined];
    const opened = (index: number, link: Link) => {
      links[index] = link;
      const [a, b] = links;
      if (a !== undefined && b !== undefined) resolve([a, b]);
    };
    const fail = (reason: string) => reject(new Error(reason));
    // Signals travel through a network in reality: never in the sender's turn.
    const later = (deliver: () => void) => queueMicrotask(deliver);
    const responder = to.connect(false, {
      onSignal: (payload) => later(() => initiator.signal(tamper(payload))),
      onOpen: (link) => opened(1, link),
      onFail: fail,
    });
    const initiator = from.connect(true, {
      onSignal: (payload) => later(() => responder.signal(tamper(payload))),
      onOpen: (link) => opened(0, link),
      onFail: fail,
    });
  });
}

/** A message of `length` bytes that tells position and content apart. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return bytes;
}

/** Sends `totalBytes` of bulk as credit allows; returns how often it had to wait for a drain. */
export async function pump(probe: LinkProbe, totalBytes: number, chunk: Uint8Array): Promise<number> {
  let sent = 0;
  let waits = 0;
  while (sent < totalBytes) {
    if (probe.link.bulkCredit() <= 0) {
      waits++;
      await probe.drained();
    }
    probe.link.send('bulk', chunk);
    sent += chunk.length;
  }
  return waits;
}
