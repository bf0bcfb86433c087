/**
 * One space that this node is in: its feeds and members, its keys, what its entries say, and writing to it. Making, joining and
 * inviting are in `membership-actions.ts`.
 */
import { leafHashes } from '../blob/digest.ts';
import { chunkCount, chunkLeaves, type MerkleTree, merkleTree } from '../blob/merkle.ts';
import { sealBlob } from '../blob/seal.ts';
import type { Bytes } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import {
  type BlobRef,
  blobKey,
  blobRootFrom,
  type EpochId,
  type FeedId,
  type NodeId,
  type SpaceId,
} from '../core/ids.ts';
import type { Clock, Crypto, NodeKeys, Random } from '../core/ports.ts';
import { beatPayload } from '../feed/beat.ts';
import { type Entry, encodeSign1, type Head, signedBytes } from '../feed/entry.ts';
import { branchHead } from '../feed/feed-index.ts';
import { KIND } from '../feed/kinds.ts';
import { BODY } from '../identity/bodies.ts';
import { authorKey, openEpochEntry, UnprovedKeys } from '../identity/epochs.ts';
import { decodeChain } from '../identity/grant-chain.ts';
import { MAX_INVITE_HOSTS } from '../identity/invite.ts';
import type { Membership } from '../identity/membership.ts';
import type { Role } from '../identity/roles.ts';
import type { KnownHost } from '../mesh/known-host.ts';
import type { Store } from '../store/port.ts';
import type { SyncEngine } from '../sync/engine.ts';
import { type BlobPolicy, Replica } from '../sync/replica.ts';
import { Turns } from '../sync/turns.ts';
import { loadBeats, saveBeat } from './beat-store.ts';
import { claimBlob, foreignBlobs } from './blob-claims.ts';
import { Catalog } from './catalog.ts';
import { encodeProfile, type ProfileBody } from './entry-bodies.ts';
import { type LoadedSpace, loadSpace } from './entry-log.ts';
import { type Draft, FeedWriter, type Seal } from './feed-writer.ts';
import { KnownHosts } from './known-hosts.ts';
import { LetGo } from './let-go.ts';
import { loadSpaceRecord, type SpaceRecord, saveSpaceRecord } from './space-record.ts';

/** What a space needs from its node. */
export interface SpaceContext {
  readonly self: NodeId;
  readonly store: Store;
  readonly keys: NodeKeys;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly engine: SyncEngine;
  readonly policy: BlobPolicy;
  /** Performs what the engine asks for. */
  readonly run: () => void;
  /** Other hosts are known to a space than before. */
  readonly onHosts: () => void;
  /** New epoch keys are here. */
  readonly onKeys: (space: Space) => void;
  /** Keeps a blob's tree for serving it. */
  readonly rememberTree: (ref: BlobRef, tree: MerkleTree) => void;
}

/** Chunks that the store has of blobs it does not have whole, and the keys of those it has; not what other spaces brought. */
async function heldBlobs(
  store: Store,
  space: SpaceId,
): Promise<{ whole: Set<string>; partial: Map<string, Set<number>> }> {
  const whole = new Set<string>();
  const partial = new Map<string, Set<number>>();
  const foreign = await foreignBlobs(store, space);
  for (const { ref, complete } of await store.blobs.list()) {
    if (foreign.has(blobKey(ref))) continue;
    if (complete) whole.add(blobKey(ref));
    else partial.set(blobKey(ref), await heldChunks(store, ref));
  }
  return { whole, partial };
}

async function heldChunks(store: Store, ref: BlobRef): Promise<Set<number>> {
  const chunks = new Set<number>();
  const held = await store.blobs.held(ref);
  if (held === undefined) return chunks;
  for (let chunk = 0; chunk < chunkCount(ref.size); chunk++) {
    const { firstLeaf, leaves } = chunkLeaves(ref, chunk);
    let all = true;
    for (let leaf = firstLeaf; leaf < firstLeaf + leaves; leaf++) {
      all &&= (((held.bits[leaf >> 3] ?? 0) >> (leaf & 7)) & 1) === 1;
    }
    if (all) chunks.add(chunk);
  }
  return chunks;
}

/** The role that a credential's last grant promises; null for the one who made the space. */
function roleOf(credential: Bytes): Role | null {
  const grant = decodeChain(credential).levels.at(-1)?.grant;
  return grant === undefined ? null : BODY.grant.decode(grant.body).role;
}

/** A joiner knows from its link, where all this was checked, what has not come to it in any feed: the genesis and its grants. */
function addChain(membership: Membership, credential: Bytes): void {
  const { genesis, levels } = decodeChain(credential);
  membership.add(genesis);
  for (const { grant } of levels) membership.add(grant);
}

export class Space {
  readonly id: SpaceId;
  readonly self: NodeId;
  readonly replica: Replica;
  readonly catalog: Catalog;
  readonly writer: FeedWriter;
  /** What its entries say of hosts. */
  readonly hosts = new KnownHosts();
  /** What is in a folder of the person's and need not be held here. */
  readonly letGo: LetGo;
  readonly context: SpaceContext;
  /** The role that the invite promises while nobody has admitted this node yet. */
  invitedRole: Role | null;
  /** This node records here: two recordings at once would write to the same segments. */
  isRecording = false;
  /** Hours are sealed one at a time, so that none is sealed twice. */
  readonly sealings = new Turns();
  /** Ends when what was recorded before there was a key has been sealed. */
  sealing: Promise<void> = Promise.resolve();
  #record: SpaceRecord;
  readonly #keys: Map<EpochId, Bytes>;
  /** Keys that were named for epochs whose own entries are not here. */
  readonly #unproved = new UnprovedKeys();
  #saving: Promise<void> = Promise.resolve();
  #work: Promise<void> = Promise.resolve();
  /** Keys were found that could not be remembered yet. */
  #unsaved = false;
  /** Members as they were when hosts were looked at last, and what those were. */
  #hostsAt = { members: -1, known: '' };
  /** Entries with keys that could not be opened for now: what opens them could not be loaded. Tried again with the next that come. */
  readonly #putOff: Entry[] = [];

  private constructor(
    context: SpaceContext,
    record: SpaceRecord,
    replica: Replica,
    letGo: LetGo,
    invitedRole: Role | null,
  ) {
    this.context = context;
    this.id = record.space;
    this.self = context.self;
    this.#record = record;
    this.replica = replica;
    this.letGo = letGo;
    this.invitedRole = invitedRole;
    this.#keys = new Map(record.epochKeys);
    this.catalog = new Catalog(
      context.crypto,
      record.space,
      (epoch, author) => this.keyOf(epoch, author),
      (author) => replica.membership.member(author)?.role === 'admin',
    );
    this.writer = new FeedWriter({
      ...context,
      replica,
      sealUnder: () => this.sealUnder(),
      ownFeed: (purpose) => this.#record[purpose],
      replaceFeed: (purpose, feed) => this.#save({ [purpose]: feed }),
      publish: (entries) => {
        context.engine.localEntries(this.id, entries, context.clock.monotonicMs());
        context.run();
      },
    });
  }

  /** Reads a space back from the store. @throws WaystationError `corrupt` when its record cannot be read. */
  static async load(context: SpaceContext, id: SpaceId): Promise<Space> {
    const record = await loadSpaceRecord(context.store, id);
    if (record === undefined) throw new WaystationError('not-found', `this node is not in a space ${id}`);
    return Space.open(context, record);
  }

  /** Puts a space together from its record and whatever the store has of it. */
  static async open(context: SpaceContext, record: SpaceRecord): Promise<Space> {
    const loaded: LoadedSpace = await loadSpace(context.store, record.space);
    const { membership } = loaded;
    addChain(membership, record.credential);
    const { whole, partial } = await heldBlobs(context.store, record.space);
    const letGo = await LetGo.open(context.store, record.space);
    const { meetSecret, credential } = record;
    const replica = new Replica(
      {
        space: record.space,
        meetSecret,
        membership,
        index: loaded.index,
        policy: context.policy,
        credential,
      },
      whole,
      partial,
      letGo.blobs(),
    );
    for (const [author, beat] of await loadBeats(context.store, record.space))
      replica.beats.set(author, beat);
    const space = new Space(context, record, replica, letGo, roleOf(record.credential));
    space.catalog.damaged.push(...loaded.problems);
    // Keys that cannot be remembered now are found in their entries again.
    space.#take(loaded.entries).catch(() => undefined);
    return space;
  }

  get record(): SpaceRecord {
    return this.#record;
  }

  get isAdmitted(): boolean {
    return this.replica.membership.isActive(this.self);
  }

  /** The key and epoch to seal under, null in a public space. @throws WaystationError `no-key` before admission. */
  sealUnder(): Seal | null {
    if (this.replica.membership.isPublic) return null;
    const seal = this.#currentKey();
    if (seal === undefined) {
      throw new WaystationError(
        'no-key',
        'this device has not been let in yet: it keeps what it records and seals it then',
      );
    }
    return seal;
  }

  /** The current epoch and its key, if this node holds that. */
  #currentKey(): Seal | undefined {
    const epoch = this.replica.membership.currentEpoch();
    const key = epoch === undefined ? undefined : this.#keys.get(epoch);
    return epoch === undefined || key === undefined ? undefined : { epoch, key };
  }

  /** Whether {@link sealUnder} would give a key now, or none is needed. */
  canSeal(): boolean {
    return this.replica.membership.isPublic ? this.isAdmitted : this.#currentKey() !== undefined;
  }

  /** This node's role, or the one it was promised while nobody has let it in; null when it has none any more. */
  get role(): Role | null {
    return this.replica.membership.member(this.self)?.role ?? this.invitedRole;
  }

  /** The key that opens what `author` sealed in `epoch`; undefined when this node holds none. A recorder opens its own only. */
  keyOf(epoch: EpochId, author: NodeId): Bytes | undefined {
    const key = this.#keys.get(epoch);
    if (key === undefined) return undefined;
    if (this.role === 'recorder') return author === this.self ? key : undefined;
    return authorKey(key, this.id, this.replica.membership.member(author));
  }

  epochKeys(): ReadonlyMap<EpochId, Bytes> {
    return this.#keys;
  }

  /** Remembers an epoch key that this node made itself. */
  async keepEpochKey(epoch: EpochId, key: Bytes): Promise<void> {
    if (this.#keys.has(epoch)) return;
    this.#keys.set(epoch, key);
    await this.#save({});
  }

  /** Where its members meet, as far as this node knows. */
  knownHosts(): KnownHost[] {
    return this.hosts.list(this.replica.membership, this.#record.hosts);
  }

  /** Entries came: tells when they change what is known of hosts, by what they say or by who is believed. */
  #noteHosts(entries: readonly Entry[]): void {
    const { version } = this.replica.membership;
    if (!this.hosts.note(entries) && version === this.#hostsAt.members) return;
    const known = JSON.stringify(this.knownHosts());
    const isNews = known !== this.#hostsAt.known;
    this.#hostsAt = { members: version, known };
    if (isNews) this.context.onHosts();
  }

  /** Remembers hosts that this node told others to meet on, so that it is there as well. */
  async learnHosts(hosts: readonly string[]): Promise<void> {
    const known = new Set(this.#record.hosts);
    if (hosts.every((host) => known.has(host))) return;
    await this.#save({ hosts: [...new Set([...known, ...hosts])].slice(0, MAX_INVITE_HOSTS) });
    this.context.onHosts();
  }

  /** Goes on with another invite's credential; links that were shown the old one are to be closed. */
  async replaceCredential({ credential, inviteSeed, hosts }: SpaceRecord): Promise<void> {
    await this.#save({ credential, inviteSeed, hosts });
    this.context.onHosts();
    this.replica.credential = credential;
    addChain(this.replica.membership, credential);
    this.invitedRole = roleOf(credential);
  }

  #save(change: Partial<SpaceRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change, epochKeys: [...this.#keys] };
    const record = this.#record;
    const saved = this.#saving.then(() => saveSpaceRecord(this.context.store, record));
    // A write that failed (a full disk) fails for whoever asked for it; the next one is tried all the same.
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Entries were taken in: opens keys and bodies. */
  onEntries(entries: readonly Entry[]): Promise<void> {
    return this.#take(entries);
  }

  #take(entries: readonly Entry[]): Promise<void> {
    const taken = this.#work.then(async () => {
      let news = this.#unsaved;
      for (const entry of [...this.#putOff.splice(0), ...entries]) {
        if (entry.header.kind !== KIND.epoch) continue;
        try {
          news = (await this.#openEpoch(entry)) || news;
        } catch (error) {
          if (isWaystationError(error, 'unavailable')) {
            this.#putOff.push(entry);
            continue;
          }
          // One bad box must not keep this node from opening the others.
          this.catalog.damaged.push(`epoch ${entry.id}: ${errorMessage(error)}`);
        }
      }
      if (news) {
        await this.catalog.retry();
        this.context.onKeys(this);
      }
      await this.catalog.add(entries);
      this.#noteHosts(entries);
      const isSeedSpent = this.#record.inviteSeed !== null && this.#needsSeedNoMore();
      if (!news && !isSeedSpent) return;
      this.#unsaved = true;
      await this.#save(isSeedSpent ? { inviteSeed: null } : {});
      this.#unsaved = false;
    });
    this.#work = taken.catch(() => undefined);
    return taken;
  }

  /** Let in, and with the current key: what comes from now on is sealed to this node itself. Others may enter by that seed. */
  #needsSeedNoMore(): boolean {
    const { membership } = this.replica;
    const needsNone = membership.isPublic || membership.member(this.self)?.role === 'mirror';
    return this.isAdmitted && (needsNone || this.#currentKey() !== undefined);
  }

  async #openEpoch(entry: Entry): Promise<boolean> {
    const { keys, crypto } = this.context;
    const { membership } = this.replica;
    const opener = {
      crypto,
      keys,
      inviteSeed: this.#record.inviteSeed,
      isRecorder: this.role === 'recorder' && membership.member(entry.header.author)?.role === 'admin',
      commitmentOf: (epoch: EpochId) => membership.commitmentOf(epoch),
    };
    const { keys: found, unproved } = await openEpochEntry(opener, this.id, entry);
    for (const [epoch, key] of unproved) this.#unproved.add(epoch, key);
    const proved = this.#unproved.take(entry.id, membership.commitmentOf(entry.id));
    let news = false;
    for (const [epoch, key] of proved === undefined ? found : [...found, [entry.id, proved] as const]) {
      // A key that is held is never replaced: a later box could hold another under its name.
      if (this.#keys.has(epoch)) continue;
      this.#keys.set(epoch, key);
      news = true;
    }
    return news;
  }

  /** Everything taken in so far has been opened, and everything remembered is on disk. */
  async settled(): Promise<void> {
    await this.#work;
    await this.catalog.settled();
    await this.#saving;
  }

  /** This node's feed turned out to have entries elsewhere that it lacks. */
  abandonFeed(head: Head): void {
    this.writer.abandon(head.feed);
  }

  write(purpose: 'control' | 'data', draft: Draft): Promise<Entry> {
    return this.writer.write(purpose, draft);
  }

  /** Writes an `admit` that the engine has checked. */
  async writeAdmit(body: Bytes): Promise<void> {
    await this.write('control', { kind: KIND.admit, body });
  }

  /** Says what this node is called, unless it has said so already. A mirror cannot: it has no key to say it under. */
  async writeProfile(profile: ProfileBody): Promise<void> {
    await this.settled();
    const { names, relays } = this.catalog;
    const isSameKind = relays.has(this.self) === (profile.isRelay === true);
    const same = names.get(this.self) === profile.name && profile.spaceName === null && isSameKind;
    if (same && (profile.station === null || this.catalog.station(this.self, profile.station) !== undefined))
      return;
    await this.write('data', { kind: KIND.profile, body: encodeProfile(profile) });
  }

  /** Seals bytes (plain in a public space), stores them durably and writes the entry that names them. */
  writeWithBlob(
    kind: number,
    body: (ref: BlobRef) => Bytes,
    plaintext: Bytes,
    pad: 'none' | 'padme' = 'none',
  ): Promise<Entry> {
    return this.writer.write('data', async (feed, seal) => {
      const ref = await this.#putBlob(feed, seal, plaintext, pad);
      return { kind, body: body(ref), blobs: [ref] };
    });
  }

  async #putBlob(feed: FeedId, seal: Seal | null, plaintext: Bytes, pad: 'none' | 'padme'): Promise<BlobRef> {
    const { crypto, random, store, engine, clock } = this.context;
    const context = { space: this.id, author: this.self, feed };
    const bytes =
      seal === null
        ? plaintext
        : await sealBlob(crypto, { epochKey: seal.key, ...context }, random.bytes(32), plaintext, pad);
    const tree = merkleTree(await leafHashes(crypto, bytes));
    const ref: BlobRef = { root: blobRootFrom(tree.root), size: bytes.length };
    await claimBlob(store, this.id, ref);
    await store.blobs.put(ref, bytes);
    this.context.rememberTree(ref, tree);
    engine.localBlob(this.id, blobKey(ref), clock.monotonicMs());
    return ref;
  }

  /** A newer beat of `author` is known: remembers it, so that "last heard" survives a restart. */
  async keepBeat(author: NodeId): Promise<void> {
    const beat = this.replica.beats.get(author);
    if (beat !== undefined) await saveBeat(this.context.store, this.id, author, beat.timeMs, beat.bytes);
  }

  /** Signs and gives this node's beat: alive now, with these heads. Only admitted nodes have a beat. */
  async beat(): Promise<void> {
    if (!this.isAdmitted) return;
    const { clock, keys, engine, store, run } = this.context;
    // Later than the last one, also of an earlier run whose clock was ahead: others take only newer ones.
    const lastMs = this.replica.beats.get(this.self)?.timeMs ?? 0;
    const timeMs = Math.max(Math.round(clock.nowMs()), lastMs + 1);
    const heads: Head[] = [];
    for (const branch of this.replica.index.branches()) {
      const head = branch.author === this.self ? branchHead(branch) : undefined;
      if (head !== undefined) heads.push(head);
    }
    const payload = beatPayload({
      space: this.id,
      author: this.self,
      timeMs,
      heads,
      extra: new Uint8Array(0),
    });
    const [signature] = await keys.sign([signedBytes(payload)]);
    if (signature === undefined) return;
    const bytes = encodeSign1(payload, signature);
    await saveBeat(store, this.id, this.self, timeMs, bytes);
    engine.localBeat(this.id, timeMs, bytes, clock.monotonicMs());
    run();
  }
}
