/** Nodes in this process, on stores in memory, linked without any network: every message between them can be seen or made up. */

import { expect } from 'vitest';
import { type Bytes, toUtf8 } from '../../src/core/bytes.ts';
import type { NodeKeys } from '../../src/core/ports.ts';
import { KIND } from '../../src/feed/kinds.ts';
import { createNodeCrypto } from '../../src/identity/crypto.node.ts';
import { parseInvite } from '../../src/identity/invite.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { LinkPath } from '../../src/mesh/link-path.ts';
import { memoryPair } from '../../src/mesh/memory.ts';
import type { Channel, Link, LinkHandlers } from '../../src/mesh/port.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../../src/node/open-node.ts';
import { createInvite } from '../../src/station/membership-actions.ts';
import { WaystationNode } from '../../src/station/node.ts';
import type { Space } from '../../src/station/space.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/port.ts';
import type { Notice } from '../../src/sync/effects.ts';
import { decodeMessage, type Message } from '../../src/sync/messages.ts';
import { createTestKeys } from '../unit/station/test-keys.ts';

export interface OpenOptions {
  readonly store?: Store;
  readonly keys?: NodeKeys;
  /** What this node's clock is ahead of the real one, ms. */
  readonly aheadMs?: () => number;
}

export function openTestNode(options: OpenOptions = {}): Promise<WaystationNode> {
  const { store = createMemoryStore(), keys = createTestKeys(), aheadMs = () => 0 } = options;
  const clock = { ...SYSTEM_CLOCK, nowMs: () => Date.now() + aheadMs() };
  return WaystationNode.open({ store, keys, crypto: createNodeCrypto(), clock, random: SYSTEM_RANDOM });
}

/** A link that keeps what is sent over it. */
export class TappedLink implements Link {
  readonly sent: Message[] = [];
  readonly sentBytes: Bytes[] = [];
  readonly initiator: boolean;
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  readonly closed: Promise<string>;
  readonly #link: Link;
  #noteClosed: (reason: string) => void = () => undefined;

  constructor(link: Link, fingerprints: Partial<Pick<Link, 'localFingerprint' | 'remoteFingerprint'>> = {}) {
    this.#link = link;
    this.initiator = link.initiator;
    this.localFingerprint = fingerprints.localFingerprint ?? link.localFingerprint;
    this.remoteFingerprint = fingerprints.remoteFingerprint ?? link.remoteFingerprint;
    this.closed = new Promise((resolve) => {
      this.#noteClosed = resolve;
    });
  }

  attach(handlers: LinkHandlers): void {
    const onClose = (reason: string) => {
      this.#noteClosed(reason);
      handlers.onClose(reason);
    };
    this.#link.attach({ ...handlers, onClose });
  }

  send(channel: Channel, bytes: Uint8Array): void {
    this.sent.push(decodeMessage(bytes));
    this.sentBytes.push(new Uint8Array(bytes));
    this.#link.send(channel, bytes);
  }

  bulkCredit(): number {
    return this.#link.bulkCredit();
  }

  path(): Promise<LinkPath | null> {
    return this.#link.path();
  }

  close(reason: string): void {
    this.#noteClosed(reason);
    this.#link.close(reason);
  }
}

/** Links two nodes; the first one dials. */
export function connect(
  a: WaystationNode,
  b: WaystationNode,
): { readonly a: TappedLink; readonly b: TappedLink } {
  const [left, right] = memoryPair().map((link) => new TappedLink(link)) as [TappedLink, TappedLink];
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
  return { a: left, b: right };
}

/** Resolves with the first such notice from now on. */
export function noticed<K extends Notice['kind']>(
  node: WaystationNode,
  kind: K,
  wanted: (notice: Extract<Notice, { kind: K }>) => boolean = () => true,
): Promise<Extract<Notice, { kind: K }>> {
  const fits = (notice: Notice) => notice.kind === kind && wanted(notice as Extract<Notice, { kind: K }>);
  return node.waitFor(fits, AbortSignal.timeout(20_000)) as Promise<Extract<Notice, { kind: K }>>;
}

export const HOUR_MS = 3_600_000;
const open: WaystationNode[] = [];

/** Closes every node that {@link newNode} opened. */
export async function closeNodes(): Promise<void> {
  for (const node of open.splice(0)) await node.close();
}

export async function newNode(options: Parameters<typeof openTestNode>[0] = {}): Promise<WaystationNode> {
  const node = await openTestNode(options);
  open.push(node);
  return node;
}

/** A node with a space that holds an entry and a blob worth having. */
export async function makeHost(options: OpenOptions = {}): Promise<{ host: WaystationNode; space: Space }> {
  const host = await newNode(options);
  const { space } = await host.createSpace({ name: 'Valley', isPublic: false });
  await space.writeWithBlob(KIND.clip, () => toUtf8('entry'), SYSTEM_RANDOM.bytes(200_000));
  return { host, space };
}

export async function link(space: Space, role: Role, uses = 1, livesMs = HOUR_MS): Promise<string> {
  const expiresMs = Date.now() + livesMs;
  return (await createInvite(space, { role, uses, expiresMs, hosts: ['ws://127.0.0.1:9'] })).link;
}

/** A node that joins by a link and is let in by `host`. */
export async function member(
  host: WaystationNode,
  text: string,
): Promise<{ node: WaystationNode; space: Space }> {
  const node = await newNode();
  const space = await node.join(parseInvite(text));
  const blob = noticed(node, 'blob-complete');
  connect(node, host);
  await blob;
  await space.settled();
  expect(space.isAdmitted).toBe(true);
  return { node, space };
}

/** What is said to anybody: the proof, and that no more will be said. */
export const HANDSHAKE: ReadonlySet<string> = new Set(['hello', 'prove', 'need', 'refuse']);

/** Lets what is under way in this process go on until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
