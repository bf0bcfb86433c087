import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeIdText } from '../../../src/core/ids.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { createSpace, invite, revoke } from '../../../src/node/commands/space-commands.ts';
import { createOutput } from '../../../src/node/output.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { connect } from '../../node/in-process.ts';
import { NodeWorld } from '../station/node-world.ts';

const CODE = /[█▀▄]/;

let world: NodeWorld;
let said: string;
const output = createOutput(
  false,
  () => undefined,
  (text) => {
    said += text;
  },
);
beforeEach(() => {
  world = new NodeWorld();
  said = '';
});
afterEach(() => world.close());

async function invited(hosts: readonly string[], columns?: number): Promise<string> {
  const { node } = await world.founded();
  const expiresMs = world.clock.nowMs() + 3_600_000;
  await invite(node, { role: 'member', uses: 1, expiresMs, hosts }, output, columns);
  return said;
}

describe('what is said about a new space', () => {
  it('does not promise what recovery words cannot do yet', async () => {
    const { recoveryWords, node } = await recoveryOf();
    const numbered = [...said.matchAll(/(\d+) ([a-z]+)/g)].map(([, number, word]) => [Number(number), word]);
    expect(numbered).toEqual(recoveryWords.split(' ').map((word, i) => [i + 1, word]));
    expect(said).toContain('cannot use them yet');
    expect(said).toContain('npx waystation invite --data data/valley --role admin');
    expect(Math.max(...said.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(node.space().catalog.names.get(node.id)).not.toBe('Valley');
  });

  async function recoveryOf() {
    const node = await world.open();
    let recoveryWords = '';
    const heard = createOutput(
      true,
      (text) => {
        recoveryWords = JSON.parse(text).recoveryWords;
      },
      (text) => {
        said += text;
      },
      80,
    );
    await createSpace(node, { name: 'Valley', isPublic: false, data: 'data/valley' }, heard);
    return { recoveryWords, node };
  }
});

describe('what is said about an invite', () => {
  it('whose hosts are this machine alone: that it works here only, and what to do for others', async () => {
    const text = await invited(['ws://localhost:7070']);
    expect(text).toContain('works on this machine only');
    expect(text).toContain('--host ws://ADDRESS:PORT');
  });

  it('that others can reach: nothing of the kind', async () => {
    expect(await invited(['ws://localhost:7070', 'ws://192.168.1.20:7070'])).not.toContain(
      'this machine only',
    );
  });

  it('shows a code only where its lines are not wrapped', async () => {
    const hosts = ['ws://192.168.1.20:7070'];
    expect(await invited(hosts)).not.toMatch(CODE);
    expect(await invited(hosts, 80)).not.toMatch(CODE);
    expect(await invited(hosts, 200)).toMatch(CODE);
  });
});

describe('what is said about a removed device', () => {
  async function removed(uses: number): Promise<string> {
    const { node, space } = await world.founded();
    const expiresMs = world.clock.nowMs() + 3_600_000;
    const { link } = await createInvite(space, { role: 'member', uses, expiresMs, hosts: [] });
    const phone = await world.open();
    const its = await phone.join(parseInvite(link));
    connect(phone, node);
    await vi.waitFor(() => expect(its.isAdmitted).toBe(true));
    await revoke(node, { member: nodeIdText(phone.id) }, output);
    return said;
  }

  it('that came by an invite for others, too: that it lets nobody in any more', async () => {
    expect(await removed(20)).toContain('The invite that it came by is withdrawn, too');
  });

  it('that had an invite to itself: nothing of invites', async () => {
    const text = await removed(1);
    expect(text).toContain('Revoked.');
    expect(text).not.toContain('invite');
  });
});
