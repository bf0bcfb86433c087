/** A peer that says whatever a test wants, with real keys: it can prove itself, or lie about anything. */
import { type Bytes, toHex } from '../../../src/core/bytes.ts';
import { idBytes, nodeIdFrom, type SpaceId } from '../../../src/core/ids.ts';
import type { Entry, Head } from '../../../src/feed/entry.ts';
import {
  type ProveEnd,
  type ProveRole,
  type ProveTranscript,
  proveStatement,
  proveTranscript,
  spaceAlias,
  spaceToken,
  transcriptHash,
} from '../../../src/identity/prove.ts';
import type { Channel } from '../../../src/mesh/port.ts';
import { runFromWire } from '../../../src/sync/entry-wire.ts';
import { feedNameBytes, LinkNames } from '../../../src/sync/link-names.ts';
import {
  decodeMessage,
  ENTRY_ID_START_BYTES,
  encodeMessage,
  type Message,
  type MessageName,
  PROTOCOL_VERSION,
} from '../../../src/sync/messages.ts';
import { type Actor, bytesOf, sign } from '../identity/test-space.ts';
import { MEET_SECRET } from './engine-node.ts';
import type { Peer, World, WorldLink } from './engine-world.ts';

export type RawFields<N extends MessageName> =
  Parameters<typeof encodeMessage<N>> extends [unknown, unknown, ...infer Rest] ? Rest : never;

export interface RawOptions {
  /** Says hello and proves itself as an honest node would; true by default. */
  readonly proves?: boolean;
  readonly meetSecret?: Bytes;
}

/** A request for the entries from `from` to this head. */
export function wantOf({ author, feed, seq, id }: Head, from = 0): [Bytes, number, Bytes, number] {
  return [feedNameBytes(author, feed), seq, idBytes(id).slice(0, ENTRY_ID_START_BYTES), from];
}

/** A run of whole entries, as an answer or news may have them. */
export function wholeRun(entries: readonly (Entry | Bytes)[]): Message<'news'>['fields'][3] {
  return [0, 0, null, entries.map((entry) => (entry instanceof Uint8Array ? entry : entry.bytes))];
}

export class RawPeer implements Peer {
  readonly world: World;
  readonly actor: Actor;
  readonly received: Message[] = [];
  /** What the peer has named. */
  readonly named = new LinkNames();
  readonly raw: Bytes[] = [];
  link: WorldLink | undefined;
  transcript: ProveTranscript | undefined;
  role: ProveRole = 'initiator';
  readonly nonce: Bytes;
  readonly #proves: boolean;
  readonly #meetSecret: Bytes;
  closed: string | null = null;

  constructor(world: World, actor: Actor, options: RawOptions = {}) {
    this.world = world;
    this.actor = actor;
    this.nonce = bytesOf(`raw nonce ${actor.name}`);
    this.#proves = options.proves ?? true;
    this.#meetSecret = options.meetSecret ?? MEET_SECRET;
    world.add(this);
  }

  get alias(): Bytes {
    if (this.transcript === undefined) throw new Error('no hello has come yet');
    return spaceAlias(this.#meetSecret, transcriptHash(this.transcript));
  }

  /** Sends a message of the space. */
  say<N extends MessageName>(name: N, ...fields: RawFields<N>): void {
    const all = [name, this.alias, ...fields] as unknown as Parameters<typeof encodeMessage<N>>;
    this.sendRaw(encodeMessage(...all));
  }

  sendRaw(bytes: Bytes, channel: Channel = 'control'): void {
    if (this.link === undefined) throw new Error('no link yet');
    this.link.send(this, channel, bytes);
    this.world.pump();
  }

  sayHello(node: Bytes = idBytes(this.actor.node), version = PROTOCOL_VERSION): void {
    this.sendRaw(encodeMessage('hello', version, node, this.nonce));
  }

  /** The proof for what was heard; needs the peer's hello. */
  proof(): Bytes {
    const { transcript } = this;
    if (transcript === undefined) throw new Error('no hello has come yet');
    return encodeMessage('prove', sign(this.actor.signSeed, proveStatement(this.role, transcript)), [
      spaceToken(this.#meetSecret, this.role, transcriptHash(transcript)),
    ]);
  }

  /** Says that it has this entry and all before it. */
  tell(entry: Entry): void {
    const { author, feed, seq, purpose } = entry.header;
    this.say('heads', [[feedNameBytes(author, feed), purpose, seq, idBytes(entry.id)]]);
  }

  /** Answers a request for entries. */
  answer(head: Head, entries: readonly Entry[], last = true): void {
    this.say('entries', feedNameBytes(head.author, head.feed), wholeRun(entries), last);
  }

  /** The entries of an answer, or of news, put together again. */
  entriesOf({ fields: [, , name, run] }: Message<'entries'> | Message<'news'>, space: SpaceId): Entry[] {
    return runFromWire(this.named, space, this.named.feedOf(name), run, () => []) ?? [];
  }

  /** Says this chunk as the answer to the newest request for a chunk of that index, or to none. */
  giveChunk(chunk: number, proof: Bytes[], bytes: Bytes): void {
    const asked = this.of('wantChunks').flatMap(({ fields: [, , first, wants] }) =>
      wants.map((want, i) => ({ request: first + i, chunk: want.at(-1) })),
    );
    const request = asked.findLast((one) => one.chunk === chunk)?.request ?? 1_000_000 + chunk;
    this.say('chunk', request, proof, bytes);
  }

  of<N extends MessageName>(name: N): Message<N>[] {
    return this.received.filter((message) => message.name === name) as unknown as Message<N>[];
  }

  names(): MessageName[] {
    return this.received.map((message) => message.name);
  }

  heardBytes(bytes: Uint8Array): boolean {
    const hex = toHex(bytes);
    return this.raw.some((message) => toHex(message).includes(hex));
  }

  linkUp(link: WorldLink, end: 0 | 1): void {
    this.link = link;
    this.role = end === 0 ? 'initiator' : 'responder';
    if (this.#proves)
      link.send(
        this,
        'control',
        encodeMessage('hello', PROTOCOL_VERSION, idBytes(this.actor.node), this.nonce),
      );
  }

  receive(link: WorldLink, _channel: Channel, bytes: Bytes): void {
    this.raw.push(bytes);
    const message = decodeMessage(bytes);
    this.received.push(message);
    if (message.name === 'names') this.named.learn(message.fields[2]);
    if (message.name !== 'hello') return;
    const [, , node, nonce] = message.fields;
    const end = link.endOf(this);
    const self: ProveEnd = { node: this.actor.node, nonce: this.nonce, fingerprint: link.prints[end].local };
    const peer: ProveEnd = { node: nodeIdFrom(node), nonce, fingerprint: link.prints[end].remote };
    this.transcript = proveTranscript(this.role, self, peer);
    if (this.#proves) link.send(this, 'control', this.proof());
  }

  linkDown(_link: WorldLink, reason: string): void {
    this.closed = reason;
  }

  nextWakeMs(): number | null {
    return null;
  }

  wake(): void {}
}
