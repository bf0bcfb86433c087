/** A small world for mesh tests: the real hub, memory transports, a virtual clock, all in one turn. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type HubEffect, type HubOptions, SignalingHub } from '../../../signaling/hub.ts';
import { asBytes, concatBytes, toHex } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import { sha256 } from '../../../src/core/hash.ts';
import type { NodeId, SpaceId } from '../../../src/core/ids.ts';
import type { Clock } from '../../../src/core/ports.ts';
import { MemoryNetwork, type MemoryTransport } from '../../../src/mesh/memory.ts';
import { Mesh, type MeshOptions, type SpaceMeeting } from '../../../src/mesh/mesh.ts';
import type { Link, TextSocketFactory, TextSocketHandlers } from '../../../src/mesh/port.ts';
import type { Aead } from '../../../src/mesh/sealed-signal.ts';
import type { LinkInfo } from '../../../src/mesh/tracked-link.ts';
import { seededRandom, VirtualClock } from './virtual-clock.ts';

/** AES-256-GCM by Node, synchronous. */
export const nodeAead: Aead = {
  aeadSeal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },
  aeadOpen(key, nonce, ciphertext, aad) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(-16));
    try {
      return asBytes(concatBytes(decipher.update(ciphertext.subarray(0, -16)), decipher.final()));
    } catch (cause) {
      throw new WaystationError('corrupt', 'the tag does not fit', { cause });
    }
  },
};

interface HostedSocket {
  readonly handlers: TextSocketHandlers;
  open: boolean;
}

/** Hubs in memory, reachable by URL; one millisecond per message. */
export class HubWorld implements TextSocketFactory {
  readonly #clock: VirtualClock;
  readonly #hubs = new Map<string, { hub: SignalingHub; sockets: Map<number, HostedSocket> }>();
  readonly #hanging = new Set<string>();
  #nextConnection = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** By default one that knows the time. */
  start(host: string, options: HubOptions = this.#named(host)): SignalingHub {
    const hub = new SignalingHub(options);
    const entry = { hub, sockets: new Map<number, HostedSocket>() };
    this.#hubs.set(host, entry);
    const tick = () => {
      if (this.#hubs.get(host) !== entry) return;
      this.#apply(host, hub.tick(this.#clock.monotonicMs()));
      this.#clock.schedule(1_000, tick);
    };
    this.#clock.schedule(1_000, tick);
    return hub;
  }

  #named(host: string): HubOptions {
    return { hostId: `id-of-${host.replace(/\W/g, '-')}`, wallMs: () => this.#clock.nowMs() };
  }

  /** The hub's process dies: every socket closes, nobody answers any more. */
  kill(host: string): void {
    const entry = this.#hubs.get(host);
    this.#hubs.delete(host);
    for (const socket of entry?.sockets.values() ?? []) this.#close(socket, 'connection reset');
  }

  /** The hub's machine freezes: nobody is told anything any more, and no socket closes. */
  hang(host: string): void {
    this.#hanging.add(host);
  }

  open(url: string, handlers: TextSocketHandlers) {
    const { host, searchParams } = new URL(url);
    const socket: HostedSocket = { handlers, open: false };
    const entry = this.#hubs.get(host);
    const conn = this.#nextConnection++;
    this.#later(() => {
      if (this.#hanging.has(host)) return;
      if (entry === undefined || this.#hubs.get(host) !== entry) {
        handlers.onClose('connection refused');
        return;
      }
      socket.open = true;
      entry.sockets.set(conn, socket);
      handlers.onOpen();
      this.#apply(host, entry.hub.connected(conn, searchParams, this.#clock.monotonicMs()));
    });
    return {
      send: (text: string) => {
        if (!socket.open) return;
        this.#later(() => {
          if (entry !== undefined && this.#hubs.get(host) === entry) {
            this.#apply(host, entry.hub.text(conn, text, this.#clock.monotonicMs()));
          }
        });
      },
      close: () => {
        if (!socket.open) return;
        this.#close(socket, 'closed');
        this.#later(() => this.#gone(host, entry, conn));
      },
    };
  }

  #gone(
    host: string,
    entry: { hub: SignalingHub; sockets: Map<number, HostedSocket> } | undefined,
    conn: number,
  ): void {
    if (entry === undefined || this.#hubs.get(host) !== entry) return;
    entry.sockets.delete(conn);
    this.#apply(host, entry.hub.closed(conn));
  }

  #close(socket: HostedSocket, reason: string): void {
    if (!socket.open) return;
    socket.open = false;
    this.#later(() => socket.handlers.onClose(reason));
  }

  #apply(host: string, effects: readonly HubEffect[]): void {
    if (this.#hanging.has(host)) return;
    const entry = this.#hubs.get(host);
    for (const effect of effects) {
      const socket = entry?.sockets.get(effect.conn);
      if (socket === undefined) continue;
      if (effect.kind === 'send') {
        this.#later(() => {
          if (socket.open) socket.handlers.onMessage(effect.text);
        });
      } else {
        this.#later(() => {
          this.#close(socket, effect.reason);
          this.#gone(host, entry, effect.conn);
        });
      }
    }
  }

  #later(deliver: () => void): void {
    this.#clock.schedule(1, deliver);
  }
}

/** A node with the n-th id: node 1 is lower than node 2. */
export function nodeId(n: number): NodeId {
  return n.toString(16).padStart(64, '0') as NodeId;
}

/** The space called `name`, with its secret. */
export function meeting(name: string): SpaceMeeting {
  const digest = sha256(new TextEncoder().encode(name));
  return { space: toHex(digest) as SpaceId, meetSecret: sha256(digest) };
}

/** A mesh with its transport, and its links as the owner sees them. */
export interface TestNode {
  readonly mesh: Mesh;
  readonly transport: MemoryTransport;
  readonly opened: { readonly link: Link; readonly info: LinkInfo }[];
  readonly received: string[];
  /** Nodes to which a link is open now, by their number, sorted. */
  peers(): number[];
  sendTo(n: number, text: string): void;
  /** As if the process had been killed: no goodbye to peers, the hub sees the socket close. */
  kill(): void;
}

export class MeshWorld {
  readonly clock: VirtualClock;
  readonly hubs: HubWorld;
  readonly network: MemoryNetwork;
  #seed = 1;

  constructor(startMs?: number) {
    this.clock = new VirtualClock(startMs);
    this.hubs = new HubWorld(this.clock);
    this.network = new MemoryNetwork((deliver) => this.clock.schedule(1, deliver));
  }

  node(
    n: number,
    hosts: readonly string[],
    spaces: readonly SpaceMeeting[],
    more: Partial<MeshOptions> & { clock?: Clock } = {},
  ): TestNode {
    const transport = this.network.transport();
    const opened: { link: Link; info: LinkInfo }[] = [];
    const received: string[] = [];
    const mesh = new Mesh({
      transport,
      sockets: this.hubs,
      clock: this.clock,
      random: seededRandom(this.#seed++),
      crypto: nodeAead,
      nodeId: nodeId(n),
      hosts,
      onLink: (link, info) => {
        opened.push({ link, info });
        link.attach({
          onMessage: (_channel, bytes) => received.push(new TextDecoder().decode(bytes)),
          onDrain: () => undefined,
          onClose: () => undefined,
        });
      },
      ...more,
    });
    mesh.setSpaces(spaces);
    return {
      mesh,
      transport,
      opened,
      received,
      peers: () =>
        mesh
          .links()
          .map(({ info }) => Number.parseInt(info.peerNode ?? '', 16))
          .sort((a, b) => a - b),
      sendTo: (to, text) => {
        const found = mesh.links().find(({ info }) => info.peerNode === nodeId(to));
        found?.link.send('control', new TextEncoder().encode(text));
      },
      kill: () => {
        transport.vanish();
        mesh.close();
      },
    };
  }
}
