import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { parseInvite } from '../../../src/identity/invite.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { createInvite } from '../../../src/station/membership-actions.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import { verifySpace } from '../../../src/station/verify.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { createTestKeys } from './test-keys.ts';

async function openTestNode(): Promise<WaystationNode> {
  return WaystationNode.open({
    store: createMemoryStore(),
    keys: createTestKeys(),
    crypto: createNodeCrypto(),
    clock: SYSTEM_CLOCK,
    random: SYSTEM_RANDOM,
  });
}

function link(a: WaystationNode, b: WaystationNode): void {
  const [left, right] = memoryPair();
  a.attach(left, { host: 'memory', peerNode: b.id, spaces: [] });
  b.attach(right, { host: 'memory', peerNode: a.id, spaces: [] });
}

describe('two nodes', () => {
  it('a joiner is admitted by a member that it meets, gets every entry and blob, and both verify', async () => {
    const admin = await openTestNode();
    const joiner = await openTestNode();
    const { space } = await admin.createSpace({ name: 'Valley', isPublic: false });
    const plaintext = new Uint8Array(300_000).map((_, i) => i * 7);
    await space.writeWithBlob(KIND.clip, () => toUtf8('x'), plaintext);
    const { link: text } = await createInvite(space, {
      role: 'member',
      uses: 1,
      expiresMs: Date.now() + 60_000,
      hosts: ['ws://127.0.0.1:1'],
    });
    const joined = await joiner.join(parseInvite(text));
    expect(joined.isAdmitted).toBe(false);
    const blob = joiner.waitFor((notice) => notice.kind === 'blob-complete', AbortSignal.timeout(10_000));
    link(admin, joiner);
    await blob;
    await joined.settled();
    expect(joined.isAdmitted).toBe(true);
    expect(joined.catalog.spaceName).toBe('Valley');
    expect(joined.sealUnder()).not.toBeNull();
    const report = await verifySpace(joiner.ports.store, joiner.ports.crypto, space.id);
    expect(report.problems).toEqual([]);
    expect(report.blobs).toBe(1);
    await admin.close();
    await joiner.close();
  });
});
