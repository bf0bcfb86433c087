/** A node in two spaces keeps them apart: what it holds by one of them it holds for members of that one alone. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import { NodeWorld } from './node-world.ts';
import { createTestKeys } from './test-keys.ts';

let world: NodeWorld;

beforeEach(() => {
  world = new NodeWorld();
});

afterEach(async () => {
  await world.close();
});

it.each(['before', 'after'])(
  'a blob of one space is not served to who names it in another, %s a restart',
  async (when) => {
    const disk = new MemoryDisk();
    const keys = createTestKeys();
    const first = await world.open({ store: createMemoryStore(disk), keys });
    const own = (await first.createSpace({ name: 'Own', isPublic: false })).space;
    const shared = (await first.createSpace({ name: 'Shared', isPublic: false })).space;
    const secret = new Uint8Array(50_000).map((_, i) => i * 7);
    const clip = await own.writeWithBlob(KIND.clip, () => toUtf8('clip'), secret);
    const ref = clip.header.blobs[0] as BlobRef;
    const outsider = await world.joined({ node: first, space: shared }, 'member');
    if (when === 'after') await first.close();
    const host = when === 'after' ? await world.open({ store: createMemoryStore(disk), keys }) : first;
    const space = host.space(shared.id);

    world.link(host, outsider.node);
    const named = await outsider.space.write('data', { kind: KIND.clip, body: toUtf8('mine'), blobs: [ref] });
    const { author, feed, seq } = named.header;
    await world.until(() => space.replica.index.has({ author, feed, seq, id: named.id }));
    // What is its own comes over the same link, after whatever else would.
    const later = await space.writeWithBlob(KIND.clip, () => toUtf8('later'), secret);
    await world.until(() => outsider.space.replica.holds(blobKey(later.header.blobs[0] as BlobRef)));
    await world.pass(120_000);
    expect(outsider.space.replica.holds(blobKey(ref))).toBe(false);
    expect(space.replica.holds(blobKey(ref))).toBe(false);
    expect(host.space(own.id).replica.holds(blobKey(ref))).toBe(true);
  },
);
