/** A blob that turns out to be damaged counts as missing at once, and is fetched again from whoever holds it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LeafMap } from '../../../src/blob/leaf-map.ts';
import { LEAF_BYTES } from '../../../src/blob/merkle.ts';
import { toUtf8 } from '../../../src/core/bytes.ts';
import { WaystationError } from '../../../src/core/errors.ts';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { KIND } from '../../../src/feed/kinds.ts';
import { spaceStatus } from '../../../src/station/status.ts';
import { createMemoryStore, MemoryDisk } from '../../../src/store/memory.ts';
import type { Store } from '../../../src/store/port.ts';
import { seededRandom } from '../mesh/virtual-clock.ts';
import { type Member, NodeWorld } from './node-world.ts';
import { readingsOf, startRecording } from './station-recording.ts';

/** A store that finds damage when it reads, as those with checksums do: the damaged leaf counts as missing from then on. */
class RottingStore {
  readonly store: Store;
  readonly #disk = new MemoryDisk();
  readonly #rotten = new Set<string>();

  constructor() {
    const inner = createMemoryStore(this.#disk);
    this.store = {
      ...inner,
      blobs: {
        ...inner.blobs,
        read: async (ref, offset, length) => {
          if (this.#rotten.delete(blobKey(ref))) this.#demote(ref);
          return inner.blobs.read(ref, offset, length);
        },
      },
    };
  }

  rot(ref: BlobRef): void {
    this.#rotten.add(blobKey(ref));
  }

  #demote(ref: BlobRef): never {
    const key = blobKey(ref);
    const whole = this.#disk.blobs.get(key);
    if (whole === undefined) throw new Error('only what is held can rot');
    const map = LeafMap.full(ref.size);
    map.clearRange(0, 1);
    whole.bytes.fill(0, 0, LEAF_BYTES);
    this.#disk.blobs.delete(key);
    this.#disk.partials.set(key, { ref, bytes: whole.bytes, map, synced: undefined, unsyncedBytes: 0 });
    throw new WaystationError('corrupt', 'a leaf does not match its checksum');
  }
}

let world: NodeWorld;
let rotting: RottingStore;
let here: Member;
let neighbour: Member;

beforeEach(async () => {
  world = new NodeWorld();
  rotting = new RottingStore();
  here = await world.founded({ store: rotting.store });
  neighbour = await world.joined(here, 'member');
});

afterEach(async () => {
  await world.close();
});

/** The only blob in the space, once the neighbour holds it; the result of linking is that of parting. */
async function copied(ref: BlobRef): Promise<() => void> {
  const part = world.link(here.node, neighbour.node);
  await world.until(() => neighbour.space.replica.holds(blobKey(ref)));
  return part;
}

describe('a damaged blob', () => {
  it('that is found while it is served is fetched again, and then served', async () => {
    const bytes = seededRandom(11).bytes(3 * 2 ** 20);
    const entry = await here.space.writeWithBlob(KIND.clip, () => toUtf8('a clip'), bytes);
    const [ref] = entry.header.blobs as [BlobRef];
    const part = await copied(ref);
    part();
    rotting.rot(ref);
    const late = await world.joined(here, 'member');
    world.link(here.node, late.node);
    await world.until(() => !here.space.replica.holds(blobKey(ref)));
    expect((await spaceStatus(here.space)).blobs).toEqual({ held: 0, missing: 1, bytes: 0 });
    await world.pass(60_000);
    expect(late.space.replica.holds(blobKey(ref))).toBe(false);

    world.link(here.node, neighbour.node);
    await world.until(() => here.space.replica.holds(blobKey(ref)));
    await world.until(() => late.space.replica.holds(blobKey(ref)));
    const read = ({ node }: Member) => node.ports.store.blobs.read(ref, 0, ref.size);
    const copy = await read(neighbour);
    expect([Buffer.compare(await read(here), copy), Buffer.compare(await read(late), copy)]).toEqual([0, 0]);
    expect((await spaceStatus(here.space)).blobs).toEqual({ held: 1, missing: 0, bytes: ref.size });
  });

  it('that is found while it is read is fetched again from a neighbour that is linked', async () => {
    const { space, node } = here;
    const { recording, sensor } = await startRecording(space);
    sensor.deliver(7, world.clock.nowMs());
    await recording.stop();
    const [station] = space.catalog.stations.values();
    const [hour] = station?.hours ?? [];
    const [ref] = (hour?.entry.header.blobs ?? []) as [BlobRef];
    await copied(ref);
    rotting.rot(ref);
    await expect(readingsOf(space, node.id)).rejects.toMatchObject({ code: 'corrupt' });
    expect((await spaceStatus(space)).stations[0]).toMatchObject({ sealed: 1, held: 0, missing: 1 });
    await world.until(() => space.replica.holds(blobKey(ref)));
    expect(await readingsOf(space, node.id)).toEqual([7]);
    expect((await spaceStatus(space)).stations[0]).toMatchObject({ sealed: 1, held: 1, missing: 0 });
  });
});
