import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSpace, invite } from '../../../src/node/commands/space-commands.ts';
import { createOutput } from '../../../src/node/output.ts';
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
    expect(said).toContain(recoveryWords);
    expect(said).toContain('No command can use them yet');
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
    );
    await createSpace(node, { name: 'Valley', isPublic: false }, heard);
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
