/** A mesh on the platform's clock, chance and cryptography, whose events can be awaited; for pages and for Node. */
import { toHex } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/hash.ts';
import type { NodeId, SpaceId } from '../../../src/core/ids.ts';
import type { Clock, Random } from '../../../src/core/ports.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import type { Link, TextSocketFactory, Transport } from '../../../src/mesh/port.ts';
import { webCryptoAead } from './web-crypto-aead.ts';

const platformClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
const platformRandom: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };
const secret = sha256(new TextEncoder().encode('the valley'));

function idOf(n: number): NodeId {
  return n.toString(16).padStart(64, '0') as NodeId;
}

export class RealNode {
  readonly mesh: Mesh;
  readonly opened: Link[] = [];
  readonly received: string[] = [];
  readonly #transport: Transport;
  readonly #watchers = new Set<() => void>();

  constructor(n: number, hosts: readonly string[], transport: Transport, sockets: TextSocketFactory) {
    this.#transport = transport;
    this.mesh = new Mesh({
      transport,
      sockets,
      clock: platformClock,
      random: platformRandom,
      crypto: webCryptoAead,
      nodeId: idOf(n),
      hosts,
      onLink: (link) => {
        this.opened.push(link);
        link.attach({
          onMessage: (_channel, bytes) => {
            this.received.push(new TextDecoder().decode(bytes));
            this.#changed();
          },
          onDrain: () => undefined,
          // The mesh takes the link out of its books right after its owner has heard.
          onClose: () => queueMicrotask(() => this.#changed()),
        });
        this.#changed();
      },
    });
    this.mesh.setSpaces([{ space: toHex(secret) as SpaceId, meetSecret: secret }]);
  }

  /** Numbers of the nodes that are linked now, sorted. */
  peers(): number[] {
    const ids = this.mesh.links().map(({ info }) => Number.parseInt(info.peerNode ?? '', 16));
    return ids.sort((a, b) => a - b);
  }

  /** Resolves when `condition` holds; looked at after every event. */
  until(condition: (node: RealNode) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  send(n: number, text: string): void {
    const status = this.mesh.links().find(({ info }) => info.peerNode === idOf(n));
    status?.link.send('control', new TextEncoder().encode(text));
  }

  stop(): void {
    this.mesh.close();
    this.#transport.close();
  }

  #changed(): void {
    for (const check of [...this.#watchers]) check();
  }
}
