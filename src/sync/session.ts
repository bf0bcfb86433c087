/**
 * One link from hello to close: proves who is at the other end, finds the spaces that both are in, and hands
 * messages to the right {@link SpaceSession}. Until the proof is checked at most 64 KiB and ten seconds are spent on a peer,
 * and nothing about any space is said.
 */
import { asBytes, type Bytes, toHex } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import { idBytes, type NodeId, nodeIdFrom, type SpaceId } from '../core/ids.ts';
import {
  otherRole,
  type ProveEnd,
  type ProveRole,
  type ProveTranscript,
  proveStatement,
  proveTranscript,
  proveVerification,
  spaceAlias,
  spaceToken,
  transcriptHash,
} from '../identity/prove.ts';
import type { Channel } from '../mesh/port.ts';
import type { LinkId, Outbox } from './effects.ts';
import { MAX_BYTES_BEFORE_PROOF, MAX_MESSAGE_BYTES, MAX_STRIKES, PROOF_TIMEOUT_MS } from './limits.ts';
import { LinkNames } from './link-names.ts';
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type MessageName,
  PROTOCOL_VERSION,
} from './messages.ts';
import type { Replica } from './replica.ts';
import type { SpaceHooks } from './session-context.ts';
import { SpaceSession } from './space-session.ts';

/** What the session is told of the link under it. */
export interface LinkFacts {
  readonly link: LinkId;
  readonly initiator: boolean;
  /** SHA-256 of the DTLS certificates as this side used and saw them. */
  readonly localFingerprint: Bytes;
  readonly remoteFingerprint: Bytes;
  /** A peer that shows the token of no space of ours is sent away. */
  readonly mustShare?: boolean;
}

/** What the session needs from the engine. */
export interface SessionHost {
  readonly self: NodeId;
  readonly replicas: ReadonlyMap<SpaceId, Replica>;
  readonly out: Outbox;
  readonly hooks: SpaceHooks;
  /** The peer has proved its key: false closes the link (`--only-peer`, or a second link to the same peer). */
  proved(session: Session, node: NodeId): boolean;
}

/** Messages by which a peer takes something from us. */
const ASKING: ReadonlySet<MessageName> = new Set([
  'chain',
  'need',
  'ranges',
  'wantEntries',
  'wantChunks',
  'pull',
]);

export class Session {
  readonly facts: LinkFacts;
  readonly sinceMs: number;
  /** Set once the peer has proved that it holds this key. */
  peer: NodeId | null = null;
  closed = false;
  /** When the peer last asked for something, monotonic ms: somebody who is about to leave waits for it to be done. */
  lastAskedMs = 0;
  readonly spaces = new Map<SpaceId, SpaceSession>();
  /** Bytes the bulk channel still takes, as last told. */
  credit: number;
  readonly #host: SessionHost;
  readonly #role: ProveRole;
  readonly #nonce: Bytes;
  readonly #byAlias = new Map<string, SpaceSession>();
  /** Tokens of the peer that matched no space of ours yet. */
  #unmatched: Bytes[] = [];
  #transcript: ProveTranscript | null = null;
  #peerHello: ProveEnd | null = null;
  /** The peer's proof came and is being checked, or holds. */
  #proofPending = false;
  #proofHolds = false;
  #proofSent = false;
  #bytesBeforeProof = 0;
  /** What came while the proof is being checked: the peer has checked ours already and goes on. */
  #early: Message[] = [];
  #strikes = 0;

  /** @param nonce 32 random bytes, fresh for this link. */
  constructor(host: SessionHost, facts: LinkFacts, nonce: Bytes, credit: number) {
    this.#host = host;
    this.facts = facts;
    this.#role = facts.initiator ? 'initiator' : 'responder';
    this.#nonce = nonce;
    this.credit = credit;
    this.sinceMs = host.out.nowMs;
    this.#send(encodeMessage('hello', PROTOCOL_VERSION, idBytes(host.self), nonce));
  }

  get link(): LinkId {
    return this.facts.link;
  }

  #send(bytes: Bytes): void {
    if (!this.closed) this.#host.out.send(this.link, 'control', bytes);
  }

  close(reason: string): void {
    if (this.closed) return;
    this.#host.out.close(this.link, reason);
    this.stop();
  }

  /** The link is gone. */
  stop(): void {
    if (this.closed) return;
    this.closed = true;
    this.#early = [];
    for (const space of this.spaces.values()) space.stop();
  }

  strike(reason: string): void {
    this.#host.out.drop(this.link, reason);
    this.#strikes++;
    if (this.#strikes >= MAX_STRIKES) this.close(`too much wrong data: ${reason}`);
  }

  /** Time bounds: an unproved peer is closed after ten seconds, unanswered requests go to others. */
  expire(nowMs: number): void {
    if (this.peer === null && nowMs - this.sinceMs > PROOF_TIMEOUT_MS) return this.close('no proof in time');
    for (const space of this.spaces.values()) {
      space.entries.expire(nowMs);
      space.blobs.expire(nowMs);
    }
  }

  /** The bulk channel takes `credit` bytes again. */
  drained(credit: number): void {
    this.credit = credit;
    for (const space of this.spaces.values()) space.blobServing.pump();
  }

  onMessage(_channel: Channel, bytes: Bytes): void {
    const { out } = this.#host;
    if (this.closed) return;
    if (bytes.length > MAX_MESSAGE_BYTES) return this.strike('message-too-long');
    if (this.peer === null) {
      this.#bytesBeforeProof += bytes.length;
      if (this.#bytesBeforeProof > MAX_BYTES_BEFORE_PROOF) {
        out.drop(this.link, 'too-much-before-proof');
        return this.close('too much before proof');
      }
    }
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      return this.strike(isWaystationError(error) ? `message-${error.code}` : 'message-malformed');
    }
    this.#guarded(message);
  }

  #guarded(message: Message): void {
    try {
      this.#dispatch(message);
    } catch (error) {
      // Fields of the right shape with impossible contents (run lists, ids): the peer's fault, not ours.
      this.strike(isWaystationError(error) ? `message-${error.code}` : 'message-failed');
    }
  }

  #dispatch(message: Message): void {
    if (message.name === 'hello') return this.#onHello(message.fields);
    if (message.name === 'prove') return this.#onProve(message.fields);
    if (this.peer === null) {
      if (!this.#proofPending) return this.strike('message-before-proof');
      // Bounded by the bytes allowed before proof.
      this.#early.push(message);
      return;
    }
    if (ASKING.has(message.name)) this.lastAskedMs = this.#host.out.nowMs;
    const alias = toHex(message.fields[1]);
    const space = this.#byAlias.get(alias) ?? this.#joinedLate(alias);
    if (space === undefined) return this.#host.out.drop(this.link, 'unknown-space');
    space.onMessage(message);
  }

  #onHello([, version, node, nonce]: Message<'hello'>['fields']): void {
    const { self, out } = this.#host;
    if (this.#peerHello !== null) return this.strike('hello-twice');
    if (version !== PROTOCOL_VERSION)
      return this.close(`speaks version ${version}, we speak ${PROTOCOL_VERSION}`);
    const peer = nodeIdFrom(node);
    if (peer === self) return this.close('linked to itself');
    this.#peerHello = { node: peer, nonce, fingerprint: this.facts.remoteFingerprint };
    const own: ProveEnd = { node: self, nonce: this.#nonce, fingerprint: this.facts.localFingerprint };
    const transcript = proveTranscript(this.#role, own, this.#peerHello);
    this.#transcript = transcript;
    const tokens = [...this.#host.replicas.values()].map((replica) =>
      spaceToken(replica.meetSecret, this.#role, transcriptHash(transcript)),
    );
    out.request(
      'sign',
      { message: proveStatement(this.#role, transcript) },
      (signature) => {
        this.#send(encodeMessage('prove', signature, tokens));
        this.#proofSent = true;
        this.#begin();
      },
      () => this.close('could not sign'),
    );
  }

  #onProve([, signature, tokens]: Message<'prove'>['fields']): void {
    const transcript = this.#transcript;
    if (transcript === null || this.#proofPending || this.peer !== null)
      return this.strike('prove-out-of-turn');
    this.#proofPending = true;
    const verification = proveVerification(otherRole(this.#role), transcript, signature);
    this.#host.out.request(
      'verify',
      { items: [verification] },
      ([ok]) => {
        if (this.closed) return;
        if (ok !== true) {
          this.#host.out.drop(this.link, 'proof-does-not-fit');
          return this.close('proof does not fit');
        }
        this.#proofHolds = true;
        this.#unmatched = [...tokens];
        this.#begin();
      },
      () => this.close('could not verify'),
    );
  }

  /** Both proofs are made: nothing is said before the peer can have ours. */
  #begin(): void {
    if (!this.#proofSent || !this.#proofHolds || this.closed) return;
    const node = (this.#peerHello as ProveEnd).node;
    this.peer = node;
    if (!this.#host.proved(this, node)) return;
    // Before anybody hears of it: what is kept of every proved peer would be room that any stranger can take.
    if (this.facts.mustShare === true && !this.#sharesSpace()) return this.close('no space in common');
    this.#host.out.notice({ kind: 'peer-proved', link: this.link, node });
    for (const replica of this.#host.replicas.values()) this.match(replica);
    const early = this.#early;
    this.#early = [];
    for (const message of early) if (!this.closed) this.#guarded(message);
  }

  /**
   * Opens a space's session when the peer showed its token. Called again when a space is added to this node: the peer may be
   * in it without knowing that we are, so its alias is said once, which means nothing to anybody else.
   */
  match(replica: Replica, isNew = false): void {
    const transcript = this.#transcript;
    if (transcript === null || this.peer === null || this.spaces.has(replica.space)) return;
    const found = this.#tokenOf(replica, transcript);
    if (found >= 0) {
      this.#unmatched.splice(found, 1);
      this.#open(replica, this.peer, transcript);
    } else if (isNew) {
      const alias = spaceAlias(replica.meetSecret, transcriptHash(transcript));
      this.#send(encodeMessage('need', alias, replica.membership.isActive(this.#host.self)));
    }
  }

  #sharesSpace(): boolean {
    const transcript = this.#transcript;
    if (transcript === null) return false;
    return [...this.#host.replicas.values()].some((replica) => this.#tokenOf(replica, transcript) >= 0);
  }

  /** Which of the tokens that the peer showed is that of this space; -1 for none. */
  #tokenOf(replica: Replica, transcript: ProveTranscript): number {
    const expected = toHex(spaceToken(replica.meetSecret, otherRole(this.#role), transcriptHash(transcript)));
    return this.#unmatched.findIndex((token) => toHex(token) === expected);
  }

  /** The space that a peer means whose token we did not know, or that we joined later: who knows the alias knows the secret. */
  #joinedLate(alias: string): SpaceSession | undefined {
    const transcript = this.#transcript;
    if (transcript === null || this.peer === null) return undefined;
    for (const replica of this.#host.replicas.values()) {
      if (this.spaces.has(replica.space)) continue;
      if (toHex(spaceAlias(replica.meetSecret, transcriptHash(transcript))) !== alias) continue;
      return this.#open(replica, this.peer, transcript);
    }
    return undefined;
  }

  #open(replica: Replica, peer: NodeId, transcript: ProveTranscript): SpaceSession {
    const alias = spaceAlias(replica.meetSecret, transcriptHash(transcript));
    const { self, out, hooks } = this.#host;
    const names = new LinkNames();
    const session = new SpaceSession((own) => ({
      self,
      link: this.link,
      peer,
      initiator: this.facts.initiator,
      alias,
      names,
      replica,
      out,
      hooks,
      mayServe: () => !this.closed && own.mayServe,
      mayTake: () => !this.closed && own.mayTake,
      strike: (reason) => this.strike(reason),
      bulkCredit: () => (this.closed ? 0 : this.credit),
      sendBulk: (bytes) => {
        this.credit -= bytes.length;
        if (!this.closed) out.send(this.link, 'bulk', asBytes(bytes));
      },
    }));
    this.spaces.set(replica.space, session);
    this.#byAlias.set(toHex(alias), session);
    session.evaluateGate();
    return session;
  }
}
