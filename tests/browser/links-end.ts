/** One end of a link that a test drives; the same code runs in a page and in Node. */
import type { Channel, Connection, SignalPayload, Transport } from '../../src/mesh/port.ts';
import { LinkProbe, pattern, pump } from '../contract/transport-probe.ts';

/** What is known of an open link, fingerprints as hex. */
export interface OpenedLink {
  readonly initiator: boolean;
  readonly local: string;
  readonly remote: string;
}

/** Everything by value, so that it can be called across the border of a page. */
export interface LinkEnd {
  start(initiator: boolean): Promise<void>;
  signal(payload: SignalPayload): Promise<void>;
  opened(): Promise<OpenedLink>;
  send(channel: Channel, length: number, seed: number): Promise<void>;
  /** Waits for a message and says whether it is the pattern of that length and `seed`. */
  next(channel: Channel, seed: number): Promise<{ readonly length: number; readonly intact: boolean }>;
  /** Sends bulk as credit allows; returns how often it had to wait. */
  pump(totalBytes: number, chunkBytes: number): Promise<number>;
  /** Receives bulk until there are `totalBytes`. */
  sink(totalBytes: number): Promise<number>;
  close(reason: string): Promise<void>;
  closed(): Promise<string>;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** An end in this very process. `emit` carries its signals to the other end. */
export class LocalEnd implements LinkEnd {
  readonly #transport: Transport;
  readonly #emit: (payload: SignalPayload) => void;
  readonly #probe: Promise<LinkProbe>;
  #resolve: (probe: LinkProbe) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #connection: Connection | undefined;

  constructor(transport: Transport, emit: (payload: SignalPayload) => void) {
    this.#transport = transport;
    this.#emit = emit;
    this.#probe = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#probe.catch(() => undefined); // whoever waits for the link hears of it
  }

  async start(initiator: boolean): Promise<void> {
    this.#connection = this.#transport.connect(initiator, {
      onSignal: this.#emit,
      onOpen: (link) => this.#resolve(new LinkProbe(link)),
      onFail: (reason) => this.#reject(new Error(reason)),
    });
  }

  async signal(payload: SignalPayload): Promise<void> {
    this.#connection?.signal(payload);
  }

  async opened(): Promise<OpenedLink> {
    const { link } = await this.#probe;
    return {
      initiator: link.initiator,
      local: hex(link.localFingerprint),
      remote: hex(link.remoteFingerprint),
    };
  }

  async send(channel: Channel, length: number, seed: number): Promise<void> {
    (await this.#probe).link.send(channel, pattern(length, seed));
  }

  async next(channel: Channel, seed: number): Promise<{ length: number; intact: boolean }> {
    const got = await (await this.#probe).next(channel);
    const wanted = pattern(got.length, seed);
    return { length: got.length, intact: got.every((byte, i) => byte === wanted[i]) };
  }

  async pump(totalBytes: number, chunkBytes: number): Promise<number> {
    return pump(await this.#probe, totalBytes, pattern(chunkBytes, 9));
  }

  async sink(totalBytes: number): Promise<number> {
    const probe = await this.#probe;
    let received = 0;
    while (received < totalBytes) received += (await probe.next('bulk')).length;
    return received;
  }

  async close(reason: string): Promise<void> {
    (await this.#probe).link.close(reason);
  }

  async closed(): Promise<string> {
    return (await this.#probe).closed;
  }
}
