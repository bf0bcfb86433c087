import { describe, expect, it } from 'vitest';
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/cbor.ts';
import type { SpaceId } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import {
  type ChainVerdict,
  decodeChain,
  encodeChain,
  type GrantChain,
  MAX_CHAIN_BYTES,
  prepareChain,
} from '../../../src/identity/grant-chain.ts';
import { Actor, bytesOf, nodeCrypto, TestSpace } from './test-space.ts';

function check(space: SpaceId, chain: GrantChain): ChainVerdict {
  const prepared = prepareChain(space, encodeChain(chain));
  return prepared.conclude(nodeCrypto.verify(prepared.verifications) as boolean[]);
}

describe('grant chain', () => {
  it('of the genesis alone is the first admin’s credential', () => {
    const space = new TestSpace();
    const verdict = check(space.id, space.credential(space.admin));
    expect(verdict).toMatchObject({ holder: space.admin.node, role: 'admin', depth: 0, invite: null });
    expect(verdict.sealKey).toEqual(space.admin.sealKey);
  });

  it('of an invite names its issuer and its terms', () => {
    const space = new TestSpace();
    const { chain, grant } = space.grant(space.admin, 'reader', { uses: 3, owner: new Actor('owner').node });
    const verdict = check(space.id, chain);
    expect(verdict).toMatchObject({ holder: space.admin.node, role: 'admin', depth: 0 });
    expect(verdict.invite).toMatchObject({
      id: grant.id,
      body: { role: 'reader', uses: 3, owner: new Actor('owner').node },
    });
  });

  it('carries a member four grants down, over the recovery key and over hand-overs', () => {
    const space = new TestSpace();
    const one = space.invite(space.recovery, 'admin', 'one');
    const heir = new Actor('heir of one');
    space.succeed(one, heir);
    const two = space.invite(heir, 'admin', 'two');
    const three = space.invite(two, 'member', 'three');
    const four = space.invite(three, 'reader', 'four');
    const verdict = check(space.id, space.credential(four));
    expect(verdict).toMatchObject({ holder: four.node, role: 'reader', depth: 4, invite: null });
    expect(check(space.id, space.credential(heir))).toMatchObject({
      holder: heir.node,
      role: 'admin',
      depth: 1,
    });
    const decoded = decodeChain(encodeChain(space.credential(four)));
    expect(decoded.levels.map(({ grant }) => grant.id)).toEqual(
      space.credential(four).levels.map(({ grant }) => grant.id),
    );
  });

  it('lets the first admin’s heir invite', () => {
    const space = new TestSpace();
    const heir = new Actor('heir');
    space.succeed(space.admin, heir);
    const guest = space.invite(heir, 'member', 'guest');
    expect(check(space.id, space.credential(guest))).toMatchObject({ holder: guest.node, depth: 1 });
    const late = space.grant(space.admin, 'member');
    expect(() => check(space.id, { ...late.chain, heirs: space.credential(heir).heirs ?? [] })).toThrow(
      /node before/,
    );
  });

  it('puts every entry together again byte for byte, also those whose headers hold more', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const { grant, chain } = space.grant(member, 'reader');
    const seen = [{ author: space.admin.node, feed: space.admin.feed, seq: 0, id: space.genesis.id }];
    const rich = member.signEntry({ ...grant.header, seen }, grant.body);
    for (const last of [grant, rich]) {
      const decoded = decodeChain(encodeChain({ ...chain, last }));
      expect(decoded.last?.bytes).toEqual(last.bytes);
      expect(decoded.genesis.bytes).toEqual(space.genesis.bytes);
      expect(decoded.levels[0]?.grant.bytes).toEqual(space.entries[1]?.bytes);
    }
  });

  it('is refused for another space', () => {
    const space = new TestSpace();
    const other = new TestSpace(true);
    expect(() => check(other.id, space.credential(space.admin))).toThrow(/genesis entry of this space/);
  });

  it('is refused when a grant is not by the node before it, or of another kind', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const stranger = new Actor('stranger');
    const byStranger = space.write(stranger, KIND.grant, space.grant(space.admin, 'reader').grant.body);
    expect(() => check(space.id, { ...space.credential(member), last: byStranger })).toThrow(/node before/);
    const admit = space.entries.find(({ header }) => header.kind === KIND.admit);
    expect(() => check(space.id, { ...space.credential(space.admin), last: admit ?? null })).toThrow(
      /expected/,
    );
  });

  it('is refused when a role widens', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const { chain } = space.grant(member, 'admin');
    expect(() => check(space.id, chain)).toThrow(/cannot give/);
  });

  it('is refused when any signature in it does not fit', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    const { chain } = space.grant(member, 'reader');
    const prepared = prepareChain(space.id, encodeChain(chain));
    expect(prepared.verifications).toHaveLength(4);
    for (let i = 0; i < 4; i++) {
      const results = [true, true, true, true].map((_, at) => at !== i);
      expect(() => prepared.conclude(results)).toThrow(/forged/);
    }
    expect(() => prepared.conclude([])).toThrow(/forged/);
    const [level] = space.credential(member).levels;
    if (level === undefined) throw new Error('expected a level');
    const stolen = { ...level, redemption: { ...level.redemption, node: new Actor('thief').node } };
    expect(() => check(space.id, { ...space.credential(member), levels: [stolen] })).toThrow(/forged/);
  });

  it('is bounded in bytes, depth and steps', () => {
    const space = new TestSpace();
    expect(() => prepareChain(space.id, new Uint8Array(MAX_CHAIN_BYTES + 1))).toThrow(/at most/);
    let issuer = space.admin;
    for (let i = 0; i < 4; i++) issuer = space.invite(issuer, 'member', `member ${i}`);
    const { chain } = space.grant(issuer, 'member');
    expect(() => check(space.id, chain)).toThrow(/at most 4 grants/);
    const value = decodeCbor(encodeChain(space.credential(space.admin)), MAX_CHAIN_BYTES) as CborValue[];
    const padded = encodeCbor([value[0] as CborValue, Array.from({ length: 13 }, () => [null]), null]);
    expect(() => decodeChain(padded)).toThrow(/fewer steps/);
  });

  it('refuses a chain whose entries are of the wrong shape', () => {
    const space = new TestSpace();
    const shapes: CborValue[] = [
      [],
      [null, [], null],
      [[null, null, 0, null, 1, 1, bytesOf('x'), bytesOf('s', 32)], [], null],
      [bytesOf('not an entry'), [], null],
    ];
    for (const shape of shapes) {
      expect(() => prepareChain(space.id, encodeCbor(shape))).toThrow(/expected/);
    }
  });
});
