/** Who is at the other end, before anything else is said: an honest peer gets through, everybody else learns nothing. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/bytes.ts';
import { idBytes } from '../../../src/core/ids.ts';
import { MAX_BYTES_BEFORE_PROOF, PROOF_TIMEOUT_MS } from '../../../src/sync/limits.ts';
import {
  decodeMessage,
  encodeMessage,
  type MessageName,
  PROTOCOL_VERSION,
} from '../../../src/sync/messages.ts';
import { Actor, bytesOf, TestSpace } from '../identity/test-space.ts';
import { EngineNode } from './engine-node.ts';
import { World, type WorldLink } from './engine-world.ts';
import { RawPeer } from './raw-peer.ts';

function setting() {
  const world = new World();
  const space = new TestSpace();
  const member = space.invite(space.admin, 'member', 'member');
  return { world, space, member };
}

/** What the node said on this link besides proving itself. */
function saidBeyondProof(node: EngineNode, link: WorldLink): MessageName[] {
  return node.namesSent(link).filter((name) => name !== 'hello' && name !== 'prove');
}

describe('proving', () => {
  it('lets two members of a space through, each knowing the other', () => {
    const { world, space, member } = setting();
    const a = new EngineNode(world, space, space.admin);
    const b = new EngineNode(world, space, member);
    const link = world.connect(a, b);
    expect(a.noticed('peer-proved')).toEqual([{ kind: 'peer-proved', link: link.id, node: member.node }]);
    expect(b.noticed('peer-proved')).toEqual([
      { kind: 'peer-proved', link: link.id, node: space.admin.node },
    ]);
    expect(a.noticed('compared')).toHaveLength(1);
    expect(b.noticed('compared')).toHaveLength(1);
    expect([...a.engine.dropped, ...b.engine.dropped]).toEqual([]);
  });

  it('says nothing but hello and a proof before the other side has proved itself', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const peer = new RawPeer(world, member, { proves: false });
    const link = world.connect(peer, node);
    peer.sayHello();
    expect(node.namesSent(link)).toEqual(['hello', 'prove']);
    world.advance(PROOF_TIMEOUT_MS - 1_000);
    expect(node.namesSent(link)).toEqual(['hello', 'prove']);
  });

  it('sends away who dialled directly and shares no space, and nobody else', () => {
    const { world, space, member } = setting();
    const relay = new EngineNode(world, space, space.admin, { mustShare: true });
    const other = space.invite(space.admin, 'member', 'other');
    const stranger = new EngineNode(world, space, other, { meetSecret: bytesOf('of another space') });
    const link = world.connect(stranger, relay);
    expect(link.closedBecause).toBe('no space in common');
    expect(saidBeyondProof(relay, link)).toEqual([]);
    // Nothing is kept of a stranger: made-up identities cost nothing, and what is kept of links is never thrown away.
    expect(relay.noticed('peer-proved')).toEqual([]);
    expect(world.connect(new EngineNode(world, space, member), relay).closedBecause).toBeNull();
    const third = space.invite(space.admin, 'member', 'third');
    expect(world.connect(stranger, new EngineNode(world, space, third)).closedBecause).toBeNull();
  });

  it('closes on a signature with any bit wrong', () => {
    for (const bit of [0, 255, 256, 511]) {
      const { world, space, member } = setting();
      const a = new EngineNode(world, space, space.admin);
      const b = new EngineNode(world, space, member);
      const link = world.connect(a, b, {
        intercept: (from, bytes) => {
          const message = decodeMessage(bytes);
          if (from !== 1 || message.name !== 'prove') return undefined;
          const [, signature, tokens] = message.fields;
          const wrong = signature.slice() as Bytes;
          wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
          return [encodeMessage('prove', wrong, tokens)];
        },
      });
      expect(link.closedBecause).toBe('proof does not fit');
      expect(a.dropped('proof-does-not-fit')).toBe(1);
      expect(saidBeyondProof(a, link)).toEqual([]);
      expect(a.noticed('peer-proved')).toEqual([]);
    }
  });

  it('closes on its own proof thrown back at it, and on its own name', () => {
    const { world, space } = setting();
    const node = new EngineNode(world, space, space.admin);
    const mirror = new RawPeer(world, new Actor('mirror'), { proves: false });
    const link = world.connect(mirror, node);
    mirror.sayHello();
    mirror.sendRaw(mirror.raw.find((bytes) => decodeMessage(bytes).name === 'prove') as Bytes);
    expect(link.closedBecause).toBe('proof does not fit');

    const echo = new RawPeer(world, new Actor('echo'), { proves: false });
    const other = world.connect(echo, node);
    echo.sendRaw(echo.raw[0] as Bytes);
    expect(other.closedBecause).toBe('linked to itself');
    expect(saidBeyondProof(node, other)).toEqual([]);
  });

  it('closes on a proof that was good in another session', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const honest = new EngineNode(world, space, member);
    const first = world.connect(honest, node);
    const recorded = honest.sent.filter((one) => one.name === 'hello' || one.name === 'prove');
    first.close(honest, 'done');
    world.pump();
    const thief = new RawPeer(world, member, { proves: false });
    const second = world.connect(thief, node);
    for (const { bytes } of recorded) thief.sendRaw(bytes);
    expect(second.closedBecause).toBe('proof does not fit');
    expect(saidBeyondProof(node, second)).toEqual([]);
  });

  it('closes at both ends when somebody stands between: the certificates are not the same', () => {
    const { world, space, member } = setting();
    const a = new EngineNode(world, space, space.admin);
    const b = new EngineNode(world, space, member);
    const prints = [
      { local: bytesOf('cert a'), remote: bytesOf('cert of the middle, to a') },
      { local: bytesOf('cert b'), remote: bytesOf('cert of the middle, to b') },
    ] as const;
    const link = world.connect(a, b, { prints });
    expect(link.closedBecause).toBe('proof does not fit');
    expect([...saidBeyondProof(a, link), ...saidBeyondProof(b, link)]).toEqual([]);
  });

  it('closes when one certificate differs in one bit', () => {
    const { world, space, member } = setting();
    const a = new EngineNode(world, space, space.admin);
    const b = new EngineNode(world, space, member);
    const seen = bytesOf('cert a');
    seen[31] = (seen[31] as number) ^ 1;
    const link = world.connect(a, b, {
      prints: [
        { local: bytesOf('cert a'), remote: bytesOf('cert b') },
        { local: bytesOf('cert b'), remote: seen },
      ],
    });
    expect(link.closedBecause).toBe('proof does not fit');
  });

  it('holds to the first hello: a second one does not change who has to prove what', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const stranger = new Actor('stranger');
    const peer = new RawPeer(world, stranger, { proves: false });
    const link = world.connect(peer, node);
    peer.sayHello(idBytes(member.node));
    peer.sayHello(idBytes(stranger.node));
    expect(node.dropped('hello-twice')).toBe(1);
    peer.sendRaw(peer.proof()); // sound for the second name
    expect(link.closedBecause).toBe('proof does not fit');
    expect(node.noticed('peer-proved')).toEqual([]);
  });

  it('takes no proof before a hello, and no second proof', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const peer = new RawPeer(world, member, { proves: false });
    const link = world.connect(peer, node);
    peer.sendRaw(peer.proof());
    expect(node.dropped('prove-out-of-turn')).toBe(1);
    peer.sayHello();
    peer.sendRaw(peer.proof());
    expect(node.noticed('peer-proved')).toHaveLength(1);
    peer.sendRaw(peer.proof());
    expect(node.dropped('prove-out-of-turn')).toBe(2);
    expect(node.noticed('peer-proved')).toHaveLength(1);
    expect(link.closedBecause).toBeNull();
  });

  it('closes on another protocol version', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const peer = new RawPeer(world, member, { proves: false });
    const link = world.connect(peer, node);
    peer.sayHello(idBytes(member.node), PROTOCOL_VERSION + 1);
    expect(link.closedBecause).toMatch(/version/);
  });

  it('drops what an unproved peer asks for, and after three such messages the link', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const peer = new RawPeer(world, member, { proves: false });
    const link = world.connect(peer, node);
    peer.sayHello();
    peer.say('open');
    peer.say('ranges', [[null, null, 0, new Uint8Array(16)]]);
    expect(link.closedBecause).toBeNull();
    peer.say('need', true);
    expect(link.closedBecause).toMatch(/message-before-proof/);
    expect(node.dropped('message-before-proof')).toBe(3);
    expect(saidBeyondProof(node, link)).toEqual([]);
  });

  it('closes after 64 KiB before proof, in one message or in many', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const one = new RawPeer(world, member, { proves: false });
    const first = world.connect(one, node);
    one.sendRaw(new Uint8Array(MAX_BYTES_BEFORE_PROOF + 1));
    expect(first.closedBecause).toBe('too much before proof');

    const many = new RawPeer(world, member, { proves: false });
    const second = world.connect(many, node);
    many.sayHello();
    node.holding.add('verify');
    many.sendRaw(many.proof());
    const filler = encodeMessage('have', new Uint8Array(8), [[new Uint8Array(48), [1, 2]]]);
    for (
      let sent = 0;
      second.closedBecause === null && sent < 2 * MAX_BYTES_BEFORE_PROOF;
      sent += filler.length
    )
      many.sendRaw(filler);
    expect(second.closedBecause).toBe('too much before proof');
    node.release();
    expect(saidBeyondProof(node, second)).toEqual([]);
    expect(node.noticed('peer-proved')).toEqual([]);
  });

  it('closes a peer that does not prove itself within ten seconds, whether it spoke or not', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin);
    const silent = new RawPeer(world, member, { proves: false });
    const talking = new RawPeer(world, member, { proves: false });
    const links = [world.connect(silent, node), world.connect(talking, node)];
    talking.sayHello();
    world.advance(PROOF_TIMEOUT_MS - 100);
    expect(links.map((link) => link.closedBecause)).toEqual([null, null]);
    world.advance(1_200);
    expect(links.map((link) => link.closedBecause)).toEqual(['no proof in time', 'no proof in time']);
    expect(node.engine.sessions.size).toBe(0);
    expect(node.nextWakeMs()).toBeNull();
  });

  it('keeps what a quicker peer says while its proof is still being checked', () => {
    const { world, space, member } = setting();
    const slow = new EngineNode(world, space, space.admin);
    const quick = new EngineNode(world, space, member);
    slow.holding.add('verify');
    const link = world.connect(quick, slow);
    expect(quick.namesSent(link)).toContain('open');
    expect(slow.noticed('peer-proved')).toEqual([]);
    slow.holding.clear();
    slow.release();
    world.pump();
    expect(slow.noticed('compared')).toHaveLength(1);
    expect(quick.noticed('compared')).toHaveLength(1);
    expect([...slow.engine.dropped]).toEqual([]);
  });

  it('forgets a link that closes while its proof is being checked', () => {
    const { world, space, member } = setting();
    const slow = new EngineNode(world, space, space.admin);
    slow.holding.add('verify');
    const link = world.connect(new EngineNode(world, space, member), slow);
    link.close(slow, 'gone');
    slow.release();
    expect(slow.noticed('peer-proved')).toEqual([]);
    expect(slow.engine.sessions.size).toBe(0);
  });

  it('says nothing of a space to a peer that proves itself but does not know its meet secret', () => {
    const { world, space } = setting();
    const node = new EngineNode(world, space, space.admin);
    const stranger = new RawPeer(world, new Actor('stranger'), { meetSecret: bytesOf('guessed') });
    const link = world.connect(stranger, node);
    expect(node.noticed('peer-proved')).toHaveLength(1);
    expect(saidBeyondProof(node, link)).toEqual([]);
    for (const bytes of [idBytes(space.id), space.genesis.bytes.slice(20, 60)])
      expect(stranger.heardBytes(bytes)).toBe(false);
    // Nor does echoing the token that it was shown help: it holds for the other role only.
    const echo = new RawPeer(world, new Actor('echo'), { proves: false, meetSecret: bytesOf('guessed') });
    const second = world.connect(echo, node);
    echo.sayHello();
    const [shown] = echo.of('prove');
    const own = decodeMessage(echo.proof());
    if (shown === undefined || own.name !== 'prove') throw new Error('expected two proofs');
    echo.sendRaw(encodeMessage('prove', own.fields[1], shown.fields[2]));
    expect(node.noticed('peer-proved')).toHaveLength(2);
    expect(saidBeyondProof(node, second)).toEqual([]);
  });

  it('refuses a peer that it was told not to link to, once it has proved who it is', () => {
    const { world, space, member } = setting();
    const node = new EngineNode(world, space, space.admin, { acceptPeer: (id) => id !== member.node });
    const link = world.connect(new EngineNode(world, space, member), node);
    expect(link.closedBecause).toMatch(/not among the peers/);
    expect(saidBeyondProof(node, link)).toEqual([]);
  });

  it('lets a newer link to the same peer take the place of the older one', () => {
    const { world, space, member } = setting();
    const a = new EngineNode(world, space, space.admin);
    const b = new EngineNode(world, space, member);
    const first = world.connect(a, b);
    const second = world.connect(b, a);
    expect(first.closedBecause).toMatch(/replaced by a newer link/);
    expect(second.closedBecause).toBeNull();
    b.write();
    world.advance(100);
    expect(a.replica.index.heads().length).toBe(b.replica.index.heads().length);
  });
});
