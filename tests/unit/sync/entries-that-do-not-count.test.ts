/** Entries that are well formed and lead where they say, and that nobody may be made to keep, pass on, or be parted by. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { feedIdFrom, type SpaceId } from '../../../src/core/ids.ts';
import {
  assembleEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  entryVerification,
  headOf,
  PURPOSE,
} from '../../../src/feed/entry.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { BODY } from '../../../src/identity/bodies.ts';
import { inviteKeys } from '../../../src/identity/invite-keys.ts';
import { ENTRY_BATCH_BYTES, MAX_STRIKES } from '../../../src/sync/limits.ts';
import {
  Actor,
  bytesOf,
  DAY_MS,
  type Invitation,
  nodeCrypto,
  START_MS,
  TestSpace,
} from '../identity/test-space.ts';
import { dataOf, EngineNode } from './engine-node.ts';
import { World } from './engine-world.ts';
import { RawPeer, wantOf } from './raw-peer.ts';

function setting(names: readonly string[]) {
  const world = new World();
  const space = new TestSpace();
  const members = names.map((name) => space.invite(space.admin, 'member', name));
  return { world, space, members };
}

/** A member that says what the test wants, and has opened the space to the node. */
function rawMember(world: World, actor: Actor, node: EngineNode): RawPeer {
  const peer = new RawPeer(world, actor);
  world.connect(peer, node);
  peer.say('open');
  peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
  return peer;
}

/** Tells of the last of these entries of one feed and answers whatever is asked about it. */
function offer(peer: RawPeer, entries: readonly Entry[]): void {
  const last = entries.at(-1) as Entry;
  const asked = () => peer.of('wantEntries').flatMap(({ fields }) => fields[2]);
  let answered = asked().length;
  peer.tell(last);
  for (let i = 0; i < 10; i++) {
    const want = asked()[answered++];
    if (want === undefined) return;
    peer.answer(headOf(last), entries.slice(want[3]));
    peer.world.advance(100);
  }
}

function unsigned(entry: Entry): Entry {
  const payload = encodePayload(encodeHeader(entry.header), entry.body);
  return assembleEntry(entry.header, entry.body, payload, new Uint8Array(64));
}

/** A data feed of `count` entries of 2 kB; those that are not signed have 64 zero bytes for a signature. */
function longFeed(
  space: TestSpace,
  author: Actor,
  name: string,
  count: number,
  isSigned: (seq: number) => boolean = () => true,
): Entry[] {
  const run: Entry[] = [];
  for (let seq = 0; seq < count; seq++) {
    const header: EntryHeader = {
      space: space.id,
      author: author.node,
      feed: feedIdFrom(bytesOf(name, 16)),
      purpose: PURPOSE.data,
      seq,
      previous: run.at(-1)?.id ?? null,
      lamport: 1_000 + seq,
      timeMs: START_MS + 1_000,
      kind: 99,
      blobs: [],
      epoch: null,
      seen: [],
      succeeds: null,
    };
    const entry = author.signEntry(header, dataOf(`${name} ${seq}`, 2_000));
    run.push(isSigned(seq) ? entry : unsigned(entry));
  }
  return run;
}

/** The position of the last entry of each stretch that fits one message. */
function endsOfStretches(run: readonly Entry[]): Set<number> {
  const ends = new Set<number>();
  let size = 0;
  for (const [i, entry] of run.entries()) {
    size += entry.bytes.length;
    const next = run[i + 1];
    if (next !== undefined && size + next.bytes.length <= ENTRY_BATCH_BYTES) continue;
    ends.add(entry.header.seq);
    size = 0;
  }
  return ends;
}

/** What a node that has everything before `from` gets of this feed, asking over again as it must. */
function fetched(peer: RawPeer, head: Entry, from: number): Entry[] {
  const got: Entry[] = [];
  const { seq } = head.header;
  while (from + got.length <= seq) {
    const until = peer.of('entries').length;
    peer.say('wantEntries', [wantOf(headOf(head), from + got.length)]);
    const batches = peer.of('entries').slice(until);
    const entries = batches.map((batch) => peer.entriesOf(batch, head.header.space as SpaceId));
    for (const batch of entries)
      if (batch.length > 0)
        expect(nodeCrypto.verify([entryVerification(batch.at(-1) as Entry)])).toEqual([true]);
    if (entries.flat().length === 0) break;
    got.push(...entries.flat());
  }
  return got;
}

describe('a long run of a data feed', () => {
  it('of which only the last entry is signed is not kept by the first honest node', () => {
    const { world, space, members } = setting(['liar', 'honest']);
    const [liar, other] = members as [Actor, Actor];
    const node = new EngineNode(world, space, space.admin);
    const poisoned = longFeed(space, liar, 'poison', 40, (seq) => seq === 39);
    offer(rawMember(world, liar, node), poisoned);
    expect(poisoned.filter((entry) => node.holdsEntry(entry))).toEqual([]);
    expect(node.dropped('entries-bad-signature')).toBe(1);

    const honest = new EngineNode(world, space, other);
    const link = world.connect(honest, node);
    world.advance(1_000);
    expect(honest.session(link)?.toldIsHeld()).toBe(true);
    expect([...honest.engine.dropped]).toEqual([]);
  });

  it('of which only so much is signed as was checked still goes on to anybody, from any position', () => {
    const { world, space, members } = setting(['liar', 'honest', 'asking']);
    const [liar, other, asking] = members as [Actor, Actor, Actor];
    const node = new EngineNode(world, space, space.admin);
    const ends = endsOfStretches(longFeed(space, liar, 'sparse', 60));
    expect(ends.size).toBeLessThan(10);
    const run = longFeed(space, liar, 'sparse', 60, (seq) => ends.has(seq));
    offer(rawMember(world, liar, node), run);
    const head = run.at(-1) as Entry;
    expect(node.holdsEntry(head)).toBe(true);
    const peer = rawMember(world, asking, node);
    for (let from = 0; from < run.length; from++)
      expect(
        fetched(peer, head, from).map(({ id }) => id),
        `from ${from}`,
      ).toEqual(run.slice(from).map(({ id }) => id));

    const honest = new EngineNode(world, space, other);
    world.connect(honest, node);
    world.advance(1_000);
    expect(honest.holdsEntry(head)).toBe(true);
    expect([...honest.engine.dropped]).toEqual([]);
  });

  it('that is honest goes on over a third node, from any position', () => {
    const { world, space, members } = setting(['writer', 'between', 'asking', 'behind']);
    const [author, carrier, asking, last] = members as [Actor, Actor, Actor, Actor];
    const run = longFeed(space, author, 'honest', 60);
    const writer = new EngineNode(world, space, author);
    for (const entry of run) writer.publish(entry);
    const between = new EngineNode(world, space, carrier);
    world.connect(between, writer);
    world.advance(1_000);
    const head = run.at(-1) as Entry;
    expect(between.holdsEntry(head)).toBe(true);
    const peer = rawMember(world, asking, between);
    for (let from = 0; from < run.length; from++)
      expect(
        fetched(peer, head, from).map(({ id }) => id),
        `from ${from}`,
      ).toEqual(run.slice(from).map(({ id }) => id));
    const behind = new EngineNode(world, space, last, { entries: [...space.entries, ...run.slice(0, 23)] });
    world.connect(behind, between);
    world.advance(1_000);
    expect(behind.holdsEntry(head)).toBe(true);
    expect([...behind.engine.dropped, ...between.engine.dropped]).toEqual([]);
  });
});

describe('a peer that cannot give what it told of', () => {
  it('is not struck, however many feeds that are, and is asked again later', () => {
    const { world, space, members } = setting(['poor']);
    const [poor] = members as [Actor];
    const node = new EngineNode(world, space, space.admin);
    const peer = rawMember(world, poor, node);
    const feeds = Array.from({ length: 2 * MAX_STRIKES }, (_, i) => longFeed(space, poor, `feed ${i}`, 1));
    for (const [only] of feeds as [Entry][]) {
      peer.tell(only);
      peer.answer(headOf(only), []);
    }
    expect(node.dropped('entries-lacking')).toBe(feeds.length);
    expect(peer.closed).toBeNull();
    const asked = () => peer.of('wantEntries').flatMap(({ fields }) => fields[2]).length;
    expect(asked()).toBe(feeds.length);
    world.advance(600_000);
    expect(asked()).toBeGreaterThan(feeds.length);
    expect(peer.closed).toBeNull();
  });
});

describe('membership entries', () => {
  it('in a data feed are not kept, signed or not, and count for nobody', () => {
    for (const isSigned of [false, true]) {
      const { world, space, members } = setting(['liar']);
      const [liar] = members as [Actor];
      const node = new EngineNode(world, space, space.admin);
      const keys = inviteKeys(bytesOf('seed'));
      const header: EntryHeader = {
        space: space.id,
        author: liar.node,
        feed: feedIdFrom(bytesOf('data', 16)),
        purpose: PURPOSE.data,
        seq: 0,
        previous: null,
        lamport: 100,
        timeMs: START_MS,
        kind: KIND.grant,
        blobs: [],
        epoch: null,
        seen: [],
        succeeds: null,
      };
      const body = BODY.grant.encode({
        inviteKey: keys.publicKey,
        inviteSealKey: keys.sealKey,
        role: 'member',
        uses: 3,
        expiresMs: START_MS + DAY_MS,
        owner: null,
      });
      const signed = liar.signEntry(header, body);
      const grant = isSigned ? signed : unsigned(signed);
      const next = { ...header, seq: 1, previous: grant.id, lamport: 101, kind: 99 };
      const last = liar.signEntry(next, bytesOf('body'));
      offer(rawMember(world, liar, node), [grant, last]);
      expect(node.holdsEntry(grant)).toBe(false);
      expect(node.holdsEntry(last)).toBe(false);
      expect(node.replica.membership.grantState(grant.id, START_MS)).toBeUndefined();
      expect(node.dropped('entry-purpose')).toBe(1);
    }
  });
});

describe('a revoked member', () => {
  /** Another entry of a feed than the one that the author showed before. */
  function forked(author: Actor, original: Entry, change: { kind: number; body: Bytes }): Entry {
    const header = { ...original.header, kind: change.kind, lamport: original.header.lamport + 40 };
    return author.signEntry(header, change.body);
  }

  it('lets nobody in by forking its control feed below where it was stopped', () => {
    const { world, space, members } = setting(['revoked', 'accomplice']);
    const [revoked, accomplice] = members as [Actor, Actor];
    const first = space.grant(revoked, 'reader');
    const replaced = space.admit(revoked, first, new Actor('somebody'));
    space.grant(revoked, 'reader');
    space.revokeFromNow(space.admin, revoked);
    const host = new EngineNode(world, space, space.admin);

    const seed = bytesOf('seed of later');
    const keys = inviteKeys(seed);
    const sybil = new Actor('sybil');
    const grant = forked(revoked, replaced, {
      kind: KIND.grant,
      body: BODY.grant.encode({
        inviteKey: keys.publicKey,
        inviteSealKey: keys.sealKey,
        role: 'member',
        uses: 1_000,
        expiresMs: START_MS + 365 * DAY_MS,
        owner: null,
      }),
    });
    const invitation: Invitation = { grant, seed, chain: space.credential(revoked) };
    const redemption = space.redeem(invitation, sybil);
    const admit = forked(revoked, replaced, {
      kind: KIND.admit,
      body: BODY.admit.encode({ grant: grant.id, inviteKey: keys.publicKey, redemption }),
    });
    const peer = rawMember(world, accomplice, host);
    for (const entry of [grant, admit]) offer(peer, [first.grant, entry]);
    expect([grant, admit].map((entry) => host.holdsEntry(entry))).toEqual([false, false]);
    expect(host.dropped('entry-revoked')).toBe(2);
    const { membership } = host.replica;
    expect(membership.member(sybil.node)).toBeUndefined();
    expect(membership.keyRecipients(START_MS).map(({ sealKey }) => sealKey)).not.toContainEqual(
      sybil.sealKey,
    );
  });

  it('gets no data in by forking its data feed below where it was stopped', () => {
    const { world, space, members } = setting(['revoked', 'accomplice']);
    const [revoked, accomplice] = members as [Actor, Actor];
    const run = longFeed(space, revoked, 'data', 5);
    const host = new EngineNode(world, space, space.admin);
    for (const entry of run) host.publish(entry);
    host.publish(space.revoke(space.admin, revoked.node, [revoked.position(run.at(-1) as Entry)]));
    const later = forked(revoked, run[2] as Entry, { kind: 99, body: bytesOf('written later') });
    offer(rawMember(world, accomplice, host), [...run.slice(0, 2), later]);
    expect(host.holdsEntry(later)).toBe(false);
    expect(host.dropped('entry-revoked')).toBe(1);
  });

  it('whose feed is forked keeps every branch that was held, also on nodes that come later', () => {
    for (const isMainFirst of [true, false]) {
      const { world, space, members } = setting(['forked', 'newcomer']);
      const [author, newcomer] = members as [Actor, Actor];
      const main = longFeed(space, author, 'data', 10);
      const side = forked(author, main[3] as Entry, { kind: 99, body: bytesOf('the other branch') });
      const host = new EngineNode(world, space, space.admin);
      for (const entry of [...main, side]) host.publish(entry);
      const before = space.entries.slice();
      const ends = [main.at(-1) as Entry, side].map((entry) => author.position(entry));
      host.publish(space.revoke(space.admin, author.node, isMainFirst ? ends : ends.reverse()));
      const node = new EngineNode(world, space, newcomer, { entries: before });
      const link = world.connect(node, host);
      world.advance(10_000);
      expect([...main, side].filter((entry) => !node.holdsEntry(entry))).toEqual([]);
      expect(node.session(link)?.toldIsHeld()).toBe(true);
    }
  });
});
