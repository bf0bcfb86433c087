/**
 * The signaling hub as a pure state machine: connections, texts and time in; texts and closings out. It speaks the
 * PeerServer protocol (peers/peerjs-server 1.x) and our topic extension (`protocol.ts`).
 *
 * Invariants
 * - No I/O, timers or randomness: the same inputs give the same effects.
 * - Nothing that a client sends makes it throw; what is dropped is counted under a fixed reason.
 * - A client id belongs to the token it came with: the same token takes the id over, another gets ID-TAKEN.
 * - `src` is always the sender's own id, whatever the sender wrote.
 * - Clients of another key are in another hub: they neither see nor reach those of this one.
 * - Memory is bounded by `HUB_LIMITS` times the number of connections, which is bounded too.
 */
import { Counters } from '../src/core/counters.ts';
import { TokenBucket } from '../src/core/token-bucket.ts';
import { CHARS_PER_TOKEN, HOSTILE_DROPS, HUB_LIMITS, type HubLimits } from './hub-limits.ts';
import { Mailbox } from './mailbox.ts';
import {
  type ClientMessage,
  MAX_CLIENT_MESSAGE_CHARS,
  PEERJS_KEY,
  parseClientMessage,
  parseConnectParams,
  type RelayedType,
  type ServerMessage,
} from './protocol.ts';
import { TopicBoard } from './topic-board.ts';

export { HUB_LIMITS, type HubLimits } from './hub-limits.ts';

/** Names one socket; the adapter never uses a number twice. */
export type ConnectionNumber = number;

export type HubEffect =
  | { readonly kind: 'send'; readonly conn: ConnectionNumber; readonly text: string }
  /** Close after what was sent before; the adapter answers with `closed` or not, both are fine. */
  | { readonly kind: 'close'; readonly conn: ConnectionNumber; readonly reason: string };

export interface HubOptions {
  /** Stable random name of this host, base64url, at most 64 characters; salts the topics of our nodes. */
  readonly hostId: string;
  /** API key that clients must name. */
  readonly key?: string;
  readonly limits?: Partial<HubLimits>;
  /** What this host believes the date to be, ms since the Unix epoch: its clients meet by it. Without it they are not told. */
  readonly wallMs?: () => number;
}

/** What a hub tells about itself. */
export interface HubStats {
  readonly clients: number;
  readonly topics: number;
  readonly waitingMessages: number;
  /** Connections that were answered with OPEN, since the start. */
  readonly opened: number;
  /** Messages carried or kept for an absent peer, by type, since the start. */
  readonly relayed: Readonly<Record<string, number>>;
  /** What was dropped, refused or cut off, by reason, since the start. */
  readonly counters: Readonly<Record<string, number>>;
}

type RelayedMessage = Extract<ClientMessage, { readonly type: RelayedType }>;

interface Client {
  readonly id: string;
  readonly token: string;
  /** Where it comes from, as the adapter says it; connections from one house have one. */
  readonly origin: string;
  conn: ConnectionNumber;
  readonly bucket: TokenBucket;
  /** Made with the first topic: PeerJS has none. */
  newTopics?: TokenBucket;
  drops: number;
  lastHeardMs: number;
}

export class SignalingHub {
  readonly #hostId: string;
  readonly #key: string;
  readonly #limits: HubLimits;
  readonly #clients = new Map<string, Client>();
  readonly #byConnection = new Map<ConnectionNumber, Client>();
  readonly #board = new TopicBoard();
  readonly #mailbox: Mailbox;
  readonly #counters = new Counters();
  readonly #relayed = new Counters();
  readonly #all: TokenBucket;
  #opened = 0;
  readonly #wallMs: (() => number) | undefined;

  constructor(options: HubOptions) {
    this.#hostId = options.hostId;
    this.#key = options.key ?? PEERJS_KEY;
    this.#limits = { ...HUB_LIMITS, ...options.limits };
    this.#wallMs = options.wallMs;
    this.#all = new TokenBucket(this.#limits.allMessages.burst, this.#limits.allMessages.perSecond, 0);
    this.#mailbox = new Mailbox({
      expireMs: this.#limits.expireMs,
      lettersPerPeer: this.#limits.lettersPerPeer,
      lettersPerOrigin: this.#limits.lettersPerOrigin,
      charsPerSender: this.#limits.charsPerSender,
      charsPerOrigin: this.#limits.charsPerOrigin,
      totalChars: this.#limits.mailboxChars,
    });
  }

  /**
   * A socket opened with these query parameters (`key`, `id`, `token`).
   * @param origin whatever is the same for connections from one house; each is its own when absent.
   */
  connected(conn: ConnectionNumber, query: URLSearchParams, nowMs: number, origin?: string): HubEffect[] {
    const params = parseConnectParams(query);
    if (params === undefined) {
      const msg = 'No id, token, or key supplied to websocket server, or one that is too long';
      return this.#refuse(conn, 'bad-parameters', { type: 'ERROR', payload: { msg } });
    }
    if (params.key !== this.#key) {
      return this.#refuse(conn, 'invalid-key', {
        type: 'INVALID-KEY',
        payload: { msg: 'Invalid key provided' },
      });
    }
    const known = this.#clients.get(params.id);
    if (known !== undefined && known.token !== params.token) {
      return this.#refuse(conn, 'id-taken', { type: 'ID-TAKEN', payload: { msg: 'ID is taken' } });
    }
    if (known === undefined && this.#clients.size >= this.#limits.maxClients) {
      const msg = 'Server has reached its concurrent user limit';
      return this.#refuse(conn, 'server-full', { type: 'ERROR', payload: { msg } });
    }
    const effects: HubEffect[] = [];
    if (known !== undefined) {
      this.#counters.count('taken-over');
      this.#byConnection.delete(known.conn);
      effects.push({ kind: 'close', conn: known.conn, reason: 'taken over by a newer connection' });
    }
    const { burstMessages, messagesPerSecond } = this.#limits;
    const client: Client = known ?? {
      id: params.id,
      token: params.token,
      origin: origin ?? `of ${params.id}`,
      conn,
      bucket: new TokenBucket(burstMessages, messagesPerSecond, nowMs),
      drops: 0,
      lastHeardMs: nowMs,
    };
    this.#opened++;
    client.conn = conn;
    client.lastHeardMs = nowMs;
    this.#clients.set(client.id, client);
    this.#byConnection.set(conn, client);
    effects.push(send(conn, { type: 'OPEN', payload: { hostId: this.#hostId, ...this.#time() } }));
    for (const letter of this.#mailbox.take(client.id)) {
      effects.push({ kind: 'send', conn, text: letter.text });
    }
    return effects;
  }

  #timePayload(): { payload?: { timeMs?: number } } {
    return this.#wallMs === undefined ? {} : { payload: this.#time() };
  }

  #time(): { timeMs?: number } {
    return this.#wallMs === undefined ? {} : { timeMs: Math.round(this.#wallMs()) };
  }

  /** A text message arrived on `conn`. */
  text(conn: ConnectionNumber, text: string, nowMs: number): HubEffect[] {
    const client = this.#byConnection.get(conn);
    if (client === undefined) return [];
    client.lastHeardMs = nowMs;
    const cost = Math.max(1, Math.ceil(text.length / CHARS_PER_TOKEN));
    if (!client.bucket.take(cost, nowMs)) return this.#drop(client, 'rate');
    if (!this.#all.take(cost, nowMs)) return this.#drop(client, 'rate-key');
    if (text.length > MAX_CLIENT_MESSAGE_CHARS) return this.#drop(client, 'too-long');
    const message = parseClientMessage(text);
    if (message === undefined) return this.#drop(client, 'malformed', HOSTILE_DROPS);
    return this.#handle(client, message, text, nowMs);
  }

  /** Something arrived on `conn` that its adapter did not take: it counts as dropped here. @param isHostile nobody sends it by mistake. */
  dropped(conn: ConnectionNumber, reason: string, isHostile = false): HubEffect[] {
    const client = this.#byConnection.get(conn);
    return client === undefined ? [] : this.#drop(client, reason, isHostile ? HOSTILE_DROPS : 1);
  }

  /** The socket showed life below the message layer (a WebSocket pong). */
  heard(conn: ConnectionNumber, nowMs: number): void {
    const client = this.#byConnection.get(conn);
    if (client !== undefined) client.lastHeardMs = nowMs;
  }

  /** The socket is gone. */
  closed(conn: ConnectionNumber): HubEffect[] {
    const client = this.#byConnection.get(conn);
    return client === undefined ? [] : this.#remove(client);
  }

  /** Time passed: call about once a second. */
  tick(nowMs: number): HubEffect[] {
    const effects: HubEffect[] = [];
    for (const { src, dst, letters } of this.#mailbox.expire(nowMs)) {
      this.#counters.count('expired', letters);
      effects.push(...this.#expired(src, dst));
    }
    for (const client of this.#clients.values()) {
      if (nowMs - client.lastHeardMs <= this.#limits.aliveMs) continue;
      this.#counters.count('silent');
      effects.push({ kind: 'close', conn: client.conn, reason: 'silent for too long' });
      effects.push(...this.#remove(client));
    }
    return effects;
  }

  /** The ids of all clients, oldest first: what PeerServer's discovery tells, where it is switched on. */
  ids(): readonly string[] {
    return [...this.#clients.keys()];
  }

  stats(): HubStats {
    return {
      clients: this.#clients.size,
      topics: this.#board.size,
      waitingMessages: this.#mailbox.size,
      opened: this.#opened,
      relayed: this.#relayed.snapshot(),
      counters: this.#counters.snapshot(),
    };
  }

  #handle(client: Client, message: ClientMessage, text: string, nowMs: number): HubEffect[] {
    switch (message.type) {
      case 'HEARTBEAT':
        // Our clients ask for an echo, because a page cannot see WebSocket pings; PeerJS clients expect silence.
        return wantsEcho(message.payload)
          ? [send(client.conn, { type: 'HEARTBEAT', ...this.#timePayload() })]
          : [];
      case 'WS-JOIN':
        return message.payload.topics.flatMap(({ topic, hello }) => this.#join(client, topic, hello, nowMs));
      case 'WS-PART':
        return message.payload.topics.flatMap((topic) => this.#part(client.id, topic));
      default:
        // PeerJS names no sender; whoever names another one is found out, and carried under the true one.
        if (message.src !== undefined && message.src !== null && message.src !== client.id)
          this.#counters.count('forged-source');
        return this.#relay(client, message, text, nowMs);
    }
  }

  #relay(client: Client, message: RelayedMessage, said: string, nowMs: number): HubEffect[] {
    const { type, payload } = message;
    const dst = message.dst ?? undefined;
    if (dst === undefined) {
      if (type !== 'LEAVE') return this.#drop(client, 'no-destination');
      return [{ kind: 'close', conn: client.conn, reason: 'left' }, ...this.#remove(client)];
    }
    let text: string;
    try {
      text =
        message.isPlain === true && said.endsWith('}')
          ? // Ids need no escaping. Writing the payload anew would cost as much as reading it.
            `${said.slice(0, -1)},"src":"${client.id}"}`
          : JSON.stringify({ type, src: client.id, dst, payload });
    } catch {
      return this.#drop(client, 'malformed'); // nested deeper than the serialiser's stack
    }
    const addressee = this.#clients.get(dst);
    if (addressee === undefined && (type === 'LEAVE' || type === 'EXPIRE')) return [];
    this.#relayed.count(type);
    if (addressee !== undefined) return [{ kind: 'send', conn: addressee.conn, text }];
    if (this.#mailbox.put({ src: client.id, dst, origin: client.origin, text }, nowMs)) return [];
    this.#counters.count('mailbox-full');
    return this.#expired(client.id, dst);
  }

  /** Tells `src` that a message of its to `dst` was not fetched, as PeerServer does. */
  #expired(src: string, dst: string): HubEffect[] {
    const sender = this.#clients.get(src);
    if (sender === undefined) return [];
    return [
      { kind: 'send', conn: sender.conn, text: JSON.stringify({ type: 'EXPIRE', src: dst, dst: src }) },
    ];
  }

  #join(client: Client, topic: string, hello: string, nowMs: number): HubEffect[] {
    if (this.#clients.get(client.id) !== client) return []; // cut off by an earlier topic of the same message
    if (!client.bucket.take(1, nowMs)) return this.#drop(client, 'rate');
    const { burst, perSecond } = this.#limits.newTopics;
    client.newTopics ??= new TokenBucket(burst, perSecond, nowMs);
    if (!this.#board.has(client.id, topic) && !client.newTopics.take(1, nowMs))
      return this.#drop(client, 'topic-scan', HOSTILE_DROPS);
    const refusal = this.#board.join(client.id, topic, hello);
    if (refusal !== undefined)
      return this.#drop(client, refusal, refusal === 'copied-hello' ? HOSTILE_DROPS : 1);
    const others = this.#board.others(topic, client.id);
    const present = send(client.conn, { type: 'WS-PRESENT', payload: { topic, peers: [...others] } });
    return [present, ...this.#tell(others, { type: 'WS-ARRIVED', payload: { topic, id: client.id, hello } })];
  }

  #part(id: string, topic: string): HubEffect[] {
    if (!this.#board.part(id, topic)) return [];
    return this.#tell(this.#board.others(topic, id), { type: 'WS-LEFT', payload: { topic, id } });
  }

  #tell(peers: readonly { readonly id: string }[], message: ServerMessage): HubEffect[] {
    const text = JSON.stringify(message);
    return peers.flatMap(({ id }) => {
      const client = this.#clients.get(id);
      return client === undefined ? [] : [{ kind: 'send' as const, conn: client.conn, text }];
    });
  }

  #remove(client: Client): HubEffect[] {
    this.#clients.delete(client.id);
    this.#byConnection.delete(client.conn);
    return this.#board.topicsOf(client.id).flatMap((topic) => this.#part(client.id, topic));
  }

  #drop(client: Client, reason: string, weight = 1): HubEffect[] {
    this.#counters.count(reason);
    client.drops += weight;
    if (client.drops < this.#limits.maxDropsPerConnection) return [];
    this.#counters.count('cut-off');
    return [
      { kind: 'close', conn: client.conn, reason: 'too many messages that had to be dropped' },
      ...this.#remove(client),
    ];
  }

  #refuse(conn: ConnectionNumber, reason: string, message: ServerMessage): HubEffect[] {
    this.#counters.count(reason);
    return [send(conn, message), { kind: 'close', conn, reason }];
  }
}

function send(conn: ConnectionNumber, message: ServerMessage): HubEffect {
  return { kind: 'send', conn, text: JSON.stringify(message) };
}

function wantsEcho(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'echo' in payload && payload.echo === true;
}
