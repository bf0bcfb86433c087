/**
 * Who is present under which blinded topic. Pure. The board knows topics and hellos as opaque text; a topic exists as
 * long as somebody is under it. Order of arrival is kept, so that answers name the newest.
 */
import { MAX_PRESENT_PEERS, MAX_TOPICS_PER_CLIENT, type Presence } from './protocol.ts';

/** Far more members than one space has; keeps one topic's fan-out bounded. */
export const MAX_PEERS_PER_TOPIC = 1024;

/** A hello is as long as a nonce and a tag at least when it is sealed: 28 bytes, base64url. Sealed ones are never the same twice. */
const SEALED_HELLO_CHARS = 38;

export type JoinRefusal = 'topics-per-client' | 'topic-full' | 'copied-hello';

export class TopicBoard {
  readonly #topics = new Map<string, Map<string, string>>();
  readonly #byPeer = new Map<string, Set<string>>();

  /** Number of topics with somebody under them. */
  get size(): number {
    return this.#topics.size;
  }

  /** Puts `id` under `topic`, or replaces its hello there and makes it the newest; returns why not, if refused. */
  join(id: string, topic: string, hello: string): JoinRefusal | undefined {
    const mine = this.#byPeer.get(id) ?? new Set();
    if (!mine.has(topic) && mine.size >= MAX_TOPICS_PER_CLIENT) return 'topics-per-client';
    const peers = this.#topics.get(topic) ?? new Map<string, string>();
    if (!peers.has(id) && peers.size >= MAX_PEERS_PER_TOPIC) return 'topic-full';
    if (hello.length >= SEALED_HELLO_CHARS && isShownBy(peers, hello, id)) return 'copied-hello';
    peers.delete(id);
    peers.set(id, hello);
    this.#topics.set(topic, peers);
    mine.add(topic);
    this.#byPeer.set(id, mine);
    return undefined;
  }

  /** True when `id` is under `topic`. */
  has(id: string, topic: string): boolean {
    return this.#byPeer.get(id)?.has(topic) === true;
  }

  /** Takes `id` from under `topic`; false when it was not there. */
  part(id: string, topic: string): boolean {
    const peers = this.#topics.get(topic);
    if (peers === undefined || !peers.delete(id)) return false;
    if (peers.size === 0) this.#topics.delete(topic);
    const mine = this.#byPeer.get(id);
    mine?.delete(topic);
    if (mine?.size === 0) this.#byPeer.delete(id);
    return true;
  }

  /** The topics that `id` is under. */
  topicsOf(id: string): readonly string[] {
    return [...(this.#byPeer.get(id) ?? [])];
  }

  /** The newest peers under `topic` other than `id`, oldest of them first, at most {@link MAX_PRESENT_PEERS}. */
  others(topic: string, id: string): readonly Presence[] {
    const present: Presence[] = [];
    for (const [peer, hello] of this.#topics.get(topic) ?? []) {
      if (peer !== id) present.push({ id: peer, hello });
    }
    return present.slice(-MAX_PRESENT_PEERS);
  }
}

/** True when somebody else shows this very hello: whoever comes with it again has copied it. */
function isShownBy(peers: ReadonlyMap<string, string>, hello: string, id: string): boolean {
  for (const [peer, shown] of peers) if (shown === hello && peer !== id) return true;
  return false;
}
