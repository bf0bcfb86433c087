/** Before and beside the proof: requests that come too early, proofs that are another's, somebody in between. */
import { afterEach, expect, test } from 'vitest';
import type { Bytes } from '../../src/core/bytes.ts';
import { idBytes, nodeIdFrom } from '../../src/core/ids.ts';
import {
  proveStatement,
  proveTranscript,
  spaceAlias,
  spaceToken,
  transcriptHash,
} from '../../src/identity/prove.ts';
import { memoryPair } from '../../src/mesh/memory.ts';
import { SYSTEM_RANDOM } from '../../src/node/open-node.ts';
import type { WaystationNode } from '../../src/station/node.ts';
import type { Space } from '../../src/station/space.ts';
import { feedNameBytes } from '../../src/sync/link-names.ts';
import { encodeMessage, PROTOCOL_VERSION } from '../../src/sync/messages.ts';
import { createTestKeys } from '../unit/station/test-keys.ts';
import { closeNodes, HANDSHAKE, link, makeHost, member, noticed, TappedLink, until } from './in-process.ts';

afterEach(closeNodes);

/** The far end of a link to a node, speaking whatever it likes. */
class RawPeer {
  readonly keys: ReturnType<typeof createTestKeys>;
  readonly host: WaystationNode;
  readonly hostLink: TappedLink;
  readonly nonce: Bytes;
  readonly #link: TappedLink;
  readonly #role: 'initiator' | 'responder';

  constructor(
    host: WaystationNode,
    keys = createTestKeys(),
    options: { claims?: Bytes; nonce?: Bytes; dials?: boolean } = {},
  ) {
    const [left, right] = memoryPair().map((one) => new TappedLink(one)) as [TappedLink, TappedLink];
    const dials = options.dials !== false;
    this.keys = keys;
    this.host = host;
    this.hostLink = dials ? right : left;
    this.#link = dials ? left : right;
    this.#role = dials ? 'initiator' : 'responder';
    this.nonce = options.nonce ?? SYSTEM_RANDOM.bytes(32);
    const claims = options.claims ?? keys.publicKey;
    host.attach(this.hostLink, { host: 'memory', peerNode: nodeIdFrom(claims), spaces: [] });
    this.#link.attach({ onMessage: () => undefined, onDrain: () => undefined, onClose: () => undefined });
    this.send(encodeMessage('hello', PROTOCOL_VERSION, claims, this.nonce));
  }

  send(bytes: Uint8Array): void {
    this.#link.send('control', bytes);
  }

  /** The transcript once the host has said hello, with what this end's stack saw. */
  async transcript(claims = this.keys.publicKey) {
    await until(() => this.hostLink.sent.some(({ name }) => name === 'hello'));
    const hello = this.hostLink.sent.find(({ name }) => name === 'hello');
    const nonce = hello?.fields[3] as Bytes;
    const own = { node: nodeIdFrom(claims), nonce: this.nonce, fingerprint: this.#link.localFingerprint };
    const theirs = { node: this.host.id, nonce, fingerprint: this.#link.remoteFingerprint };
    return proveTranscript(this.#role, own, theirs);
  }

  /** Proves its own key, showing the token of the space when it has the secret. */
  async prove(meetSecret?: Uint8Array): Promise<Bytes> {
    const transcript = await this.transcript();
    const [signature] = await this.keys.sign([proveStatement(this.#role, transcript)]);
    const hash = transcriptHash(transcript);
    const tokens = meetSecret === undefined ? [] : [spaceToken(meetSecret, this.#role, hash)];
    const proved = noticed(this.host, 'peer-proved');
    this.send(encodeMessage('prove', signature as Bytes, tokens));
    await proved;
    return meetSecret === undefined ? SYSTEM_RANDOM.bytes(8) : spaceAlias(meetSecret, hash);
  }
}

/** Everything that a member may ask for, asked for. */
function requests(alias: Bytes, space: Space): Bytes[] {
  const [head] = space.replica.index.heads();
  const [blob] = [...space.replica.index.branches()].flatMap(({ entries }) =>
    entries.flatMap(({ blobs }) => blobs),
  );
  if (head === undefined || blob === undefined) throw new Error('expected something worth asking for');
  const { author, feed, seq, id } = head;
  return [
    encodeMessage('ranges', alias, [[null, null, 0, new Uint8Array(16)]]),
    encodeMessage('wantEntries', alias, [[feedNameBytes(author, feed), seq, idBytes(id).slice(0, 8), 0]]),
    encodeMessage('wantChunks', alias, 0, [[idBytes(blob.root), blob.size, 0]]),
    encodeMessage('pull', alias, [[idBytes(blob.root), blob.size]], 3),
    encodeMessage('open', alias),
    encodeMessage('heads', alias, [[feedNameBytes(author, feed), 0, seq + 1, idBytes(id)]]),
  ];
}

test('requests before any proof are counted, answered with nothing, and end the link', async () => {
  const { host, space } = await makeHost();
  const peer = new RawPeer(host);
  for (const request of requests(SYSTEM_RANDOM.bytes(8), space)) peer.send(request);
  expect(await peer.hostLink.closed).toContain('message-before-proof');
  expect(peer.hostLink.sent.every(({ name }) => name === 'hello' || name === 'prove')).toBe(true);
});

test.each([true, false])(
  'a proved stranger without the meet secret is told nothing of any space (it dials: %s)',
  async (dials) => {
    const { host, space } = await makeHost();
    const peer = new RawPeer(host, createTestKeys(), { dials });
    const alias = await peer.prove();
    const dropped = noticed(host, 'dropped', ({ reason }) => reason === 'unknown-space');
    for (const request of requests(alias, space)) peer.send(request);
    await dropped;
    await until(() => (host.engine.dropped.get('unknown-space') ?? 0) >= 6);
    expect(peer.hostLink.sent.map(({ name }) => name).sort()).toEqual(['hello', 'prove']);
  },
);

test('a proved stranger with the meet secret that dials is asked for its chain and told nothing else', async () => {
  const { host, space } = await makeHost();
  const peer = new RawPeer(host);
  const alias = await peer.prove(space.record.meetSecret);
  peer.send(encodeMessage('need', alias, true));
  for (const request of requests(alias, space)) peer.send(request);
  await until(() => host.engine.dropped.get('pull-before-open') === 1);
  const names = peer.hostLink.sent.map(({ name }) => name);
  expect(names.filter((name) => !HANDSHAKE.has(name))).toEqual([]);
  const { dropped } = host.engine;
  expect([dropped.get('ranges-before-open'), dropped.get('want-before-open')]).toEqual([1, 2]);
  expect(Buffer.concat(peer.hostLink.sentBytes).indexOf(idBytes(space.id))).toBe(-1);
});

test('a proof that another made is refused: with another’s key, replayed from an earlier link, or reflected', async () => {
  const { host, space } = await makeHost();
  const memberKeys = createTestKeys();
  const honest = new RawPeer(host, memberKeys);
  const transcript = await honest.transcript();
  const [proof] = await memberKeys.sign([proveStatement('initiator', transcript)]);
  const proved = noticed(host, 'peer-proved');
  honest.send(encodeMessage('prove', proof as Bytes, []));
  await proved;

  const replaying = new RawPeer(host, createTestKeys(), {
    claims: memberKeys.publicKey,
    nonce: honest.nonce,
  });
  await replaying.transcript();
  replaying.send(encodeMessage('prove', proof as Bytes, []));
  expect(await replaying.hostLink.closed).toBe('proof does not fit');

  const claiming = new RawPeer(host, createTestKeys(), { claims: memberKeys.publicKey });
  const [own] = await claiming.keys.sign([
    proveStatement('initiator', await claiming.transcript(memberKeys.publicKey)),
  ]);
  claiming.send(
    encodeMessage('prove', own as Bytes, [
      spaceToken(space.record.meetSecret, 'initiator', SYSTEM_RANDOM.bytes(32)),
    ]),
  );
  expect(await claiming.hostLink.closed).toBe('proof does not fit');

  const reflecting = new RawPeer(host);
  await reflecting.transcript();
  await until(() => reflecting.hostLink.sent.some(({ name }) => name === 'prove'));
  const theirs = reflecting.hostLink.sent.findIndex(({ name }) => name === 'prove');
  reflecting.send(reflecting.hostLink.sentBytes[theirs] as Bytes);
  expect(await reflecting.hostLink.closed).toBe('proof does not fit');
  for (const peer of [replaying, claiming, reflecting]) {
    expect(peer.hostLink.sent.map(({ name }) => name).sort()).toEqual(['hello', 'prove']);
  }
});

test('whoever stands between two members, with a link to each, is not taken for either', async () => {
  const { host, space } = await makeHost();
  const { node } = await member(host, await link(space, 'member'));
  for (const { link: id } of node.peers()) node.driver.closeLink(id, 'away');
  // Each side sees the certificate of the one in the middle, who passes every message on unchanged.
  const [left, right] = memoryPair();
  const toNode = new TappedLink(left, { remoteFingerprint: SYSTEM_RANDOM.bytes(32) });
  const toHost = new TappedLink(right, { remoteFingerprint: SYSTEM_RANDOM.bytes(32) });
  node.attach(toNode, { host: 'memory', peerNode: host.id, spaces: [] });
  host.attach(toHost, { host: 'memory', peerNode: node.id, spaces: [] });
  expect(['proof does not fit', 'closed by the other side']).toContain(await toHost.closed);
  expect(toHost.sent.map(({ name }) => name).filter((name) => !HANDSHAKE.has(name))).toEqual([]);
});
