/** Whole nodes in memory that are linked by a test alone, and time that passes only when it says so. */
import type { NodeKeys } from '../../../src/core/ports.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import type { Role } from '../../../src/identity/roles.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { Mesh, type MeshOptions } from '../../../src/mesh/mesh.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { type NodeOptions, WaystationNode } from '../../../src/station/node.ts';
import type { Space } from '../../../src/station/space.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';
import { createTestKeys } from './test-keys.ts';

export interface Member {
  readonly node: WaystationNode;
  readonly space: Space;
}

/** Node keys that stop signing: what a node wanted to write then, it was killed before. */
export class FailingKeys {
  readonly keys: NodeKeys;
  /** How often they sign from now on. */
  signaturesLeft = Number.POSITIVE_INFINITY;

  constructor(inner: NodeKeys = createTestKeys()) {
    this.keys = {
      ...inner,
      sign: async (messages) => {
        if (this.signaturesLeft-- <= 0) throw new Error('killed before it could sign');
        return inner.sign(messages);
      },
    };
  }
}

/** The current key of the space is here. */
export function holdsCurrentKey(space: Space): boolean {
  const current = space.replica.membership.currentEpoch();
  return current !== undefined && space.epochKeys().has(current);
}

export class NodeWorld {
  readonly clock = new VirtualClock();
  readonly #nodes: WaystationNode[] = [];

  /** A node that does nothing by itself: no beats, no looking after keys. */
  async open(ports: { store?: Store; keys?: NodeKeys } = {}, options?: NodeOptions): Promise<WaystationNode> {
    const node = await WaystationNode.open(
      {
        store: ports.store ?? createMemoryStore(),
        keys: ports.keys ?? createTestKeys(),
        crypto: createNodeCrypto(),
        clock: this.clock,
        random: SYSTEM_RANDOM,
      },
      options,
    );
    this.#nodes.push(node);
    return node;
  }

  /** Makes a node do what nodes do from time to time. */
  start(node: WaystationNode): void {
    const refuse = () => {
      throw new Error('these nodes are linked by the test alone');
    };
    const mesh = {
      transport: { connect: refuse } as never,
      sockets: refuse as never,
      createMesh: (options: MeshOptions) => new Mesh(options),
    };
    node.connect(mesh, { hosts: [], exclusive: true });
  }

  async founded(ports: { store?: Store; keys?: NodeKeys } = {}): Promise<Member> {
    const node = await this.open(ports);
    const { space } = await node.createSpace({ name: 'Valley', isPublic: false });
    return { node, space };
  }

  /** Links two nodes; the result parts them. */
  link(a: WaystationNode, b: WaystationNode): () => void {
    const [left, right] = memoryPair();
    a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
    b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
    return () => left.close('parted');
  }

  async inviteBy(space: Space, role: Role): Promise<string> {
    const expiresMs = this.clock.nowMs() + 7 * 24 * 3_600_000;
    return (await createInvite(space, { role, uses: 1, expiresMs, hosts: ['ws://127.0.0.1:1'] })).link;
  }

  /** Another node in the space, let in by `host` and linked to it no more. */
  async joined(host: Member, role: Role, ports: { store?: Store; keys?: NodeKeys } = {}): Promise<Member> {
    const node = await this.open(ports);
    const space = await node.join(parseInvite(await this.inviteBy(host.space, role)));
    const part = this.link(host.node, node);
    await this.until(() => space.isAdmitted && holdsCurrentKey(space));
    part();
    return { node, space };
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turns = 0; !isSo(); turns++) {
      if (turns > 2_000_000) throw new Error('it did not come to be');
      this.clock.advance(10);
      await new Promise(setImmediate);
    }
  }

  /** Lets this much time pass, and whatever is due in it happen. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms;
    await this.until(() => this.clock.monotonicMs() >= untilMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.close()));
  }
}
