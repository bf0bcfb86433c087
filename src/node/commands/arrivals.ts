/**
 * Tells a person who has come, by the names that people know: “Android phone is connected”. A device that is new says its name a moment
 * after it was let in, so that is waited for.
 */
import { type NodeId, type SpaceId, shortNodeId } from '../../core/ids.ts';
import type { Entry } from '../../feed/entry.ts';
import { KIND } from '../../feed/kinds.ts';
import { BODY } from '../../identity/bodies.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import type { Notice } from '../../sync/effects.ts';
import { escapeControls } from '../output.ts';

/** How long a device may take to say its name; after that its short id stands for it. */
export const NAMING_MS = 5_000;

/** What people call a device: its name, with its short id where several are called so; the short id alone while it has no name. */
export function deviceWords(space: Space | undefined, node: NodeId): string {
  const name = space?.catalog.names.get(node);
  const shortId = shortNodeId(node);
  if (space === undefined || name === undefined) return `A device (${shortId})`;
  const members = [...space.replica.membership.members()].filter(({ status }) => status === 'active');
  const isShared = members.some((one) => one.node !== node && space.catalog.names.get(one.node) === name);
  return isShared ? `${escapeControls(name)} (${shortId})` : escapeControls(name);
}

interface Awaited {
  readonly space: Space;
  readonly node: NodeId;
  readonly cancel: () => void;
}

export class Arrivals {
  readonly #node: WaystationNode;
  readonly #say: (text: string) => void;
  readonly #awaited = new Map<string, Awaited>();
  /** Whom this node let in and has not greeted yet. */
  readonly #welcomed = new Set<string>();

  constructor(node: WaystationNode, say: (text: string) => void) {
    this.#node = node;
    this.#say = say;
  }

  heard(notice: Notice): void {
    if (notice.kind === 'space-open') this.#arrived(notice.space, notice.node);
    else if (notice.kind === 'entries') this.#learned(notice.space, notice.entries);
  }

  /** Says what is still to be said, and leaves no timer behind. */
  close(): void {
    for (const awaited of [...this.#awaited.values()]) this.#greet(awaited);
  }

  #arrived(id: SpaceId, node: NodeId): void {
    const space = this.#node.spaces.get(id);
    const key = `${id}/${node}`;
    if (space === undefined || this.#awaited.has(key)) return;
    const cancel = this.#node.ports.clock.schedule(NAMING_MS, () => this.#greet(awaited));
    const awaited = { space, node, cancel };
    this.#awaited.set(key, awaited);
    this.#greetIfNamed(awaited);
  }

  #learned(id: SpaceId, entries: readonly Entry[]): void {
    for (const { header, body } of entries) {
      if (header.kind === KIND.admit && header.author === this.#node.id)
        this.#welcomed.add(`${id}/${BODY.admit.decode(body).redemption.node}`);
    }
    for (const awaited of this.#awaited.values()) {
      if (awaited.space.id !== id) continue;
      awaited.space
        .settled()
        .then(() => this.#greetIfNamed(awaited))
        .catch(() => undefined);
    }
  }

  #greetIfNamed(awaited: Awaited): void {
    if (awaited.space.catalog.names.has(awaited.node)) this.#greet(awaited);
  }

  #greet(awaited: Awaited): void {
    const { space, node, cancel } = awaited;
    const key = `${space.id}/${node}`;
    if (!this.#awaited.delete(key)) return;
    cancel();
    const who = deviceWords(space, node);
    this.#say(this.#welcomed.delete(key) ? `${who} has joined, and is connected.` : `${who} is connected.`);
  }
}
