/** Counting as things come gives the same as counting from scratch, whatever came in which order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type BlobRef, blobKey } from '../../../src/core/ids.ts';
import { spaceStatus } from '../../../src/station/status.ts';
import type { Replica } from '../../../src/sync/replica.ts';
import { ManyStations } from './many-stations.ts';
import { walkedTallies } from './walked-status.ts';

type Step =
  | {
      readonly do: 'hour';
      readonly station: number;
      readonly isSealed: boolean;
      readonly blobs: number;
      readonly isFork: boolean;
    }
  | { readonly do: 'shared'; readonly station: number; readonly pick: number }
  | { readonly do: 'hold' | 'lose' | 'putAway' | 'takeBack'; readonly pick: number }
  | { readonly do: 'key' | 'retry' | 'look' };

const station = fc.integer({ min: 0, max: 2 });
const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('hour' as const),
      station,
      isSealed: fc.boolean(),
      blobs: fc.integer({ min: 0, max: 3 }),
      isFork: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shared' as const), station, pick }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hold' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('putAway' as const, 'takeBack' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('key' as const, 'retry' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
);

async function agrees({ space }: ManyStations): Promise<void> {
  const { stations } = await spaceStatus(space);
  const walked = walkedTallies(space);
  const told = stations.map(({ sealed, held, inFolder, missing, bytes, completeTo }) =>
    JSON.stringify([sealed, held, inFolder, missing, bytes, completeTo]),
  );
  const counted = walked.map(({ sealed, held, inFolder, bytes, completeToMs }) =>
    JSON.stringify([
      sealed,
      held,
      inFolder,
      sealed - held - inFolder,
      bytes,
      completeToMs === null ? null : new Date(completeToMs).toISOString(),
    ]),
  );
  expect(told.sort()).toEqual(counted.sort());
  positionsAgree(space.replica);
}

/** What lacks only what is put away is not missing, and what is missing is what is wanted. */
function positionsAgree(replica: Replica): void {
  const lacking = new Set<string>();
  const away = new Set<string>();
  for (const branch of replica.index.branches())
    branch.entries.forEach(({ blobs }, i) => {
      for (const ref of blobs) {
        const key = blobKey(ref);
        if (replica.isPutAway(key)) away.add(key);
        else if (!replica.holds(key)) lacking.add(key);
      }
      // A fork's position lacks what either of its entries lacks: it is asked of all entries there.
      const entries = [...replica.index.branches()]
        .filter((other) => other.key === branch.key)
        .flatMap((other) => other.entries[branch.base + i - other.base] ?? []);
      const isMissing = entries.some((entry) => entry.blobs.some((ref) => lacks(replica, blobKey(ref))));
      const seq = branch.base + i;
      const found = replica.missingUpTo(branch.key, seq).some(({ last }) => last === seq);
      expect([branch.key, seq, found]).toEqual([branch.key, seq, isMissing]);
    });
  expect([...replica.wants.keys()].sort()).toEqual([...lacking].sort());
  expect([replica.putAwayCount, replica.blobCounts().missing]).toEqual([away.size, lacking.size]);
}

function lacks(replica: Replica, key: string): boolean {
  return !replica.holds(key) && !replica.isPutAway(key);
}

/** A position that lacked only what is put away lacks more again. */
const LOST_BESIDE_PUT_AWAY: Step[] = [
  { do: 'hour', station: 0, isSealed: false, blobs: 2, isFork: false },
  { do: 'putAway', pick: 1 },
  { do: 'hold', pick: 0 },
  { do: 'lose', pick: 0 },
];

it('the status that is kept up to date equals a walk over all hours', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = new ManyStations();
      const blobs: BlobRef[] = [];
      const picked = (n: number) => blobs[n % Math.max(1, blobs.length)];
      for (const one of steps) {
        switch (one.do) {
          case 'hour': {
            const made = Array.from({ length: one.blobs }, (_, i) => world.blob(100 + i));
            blobs.push(...made);
            await world.addHour(one.station, { isSealed: one.isSealed, isFork: one.isFork, blobs: made });
            break;
          }
          case 'shared': {
            const blob = picked(one.pick);
            if (blob !== undefined) await world.addHour(one.station, { blobs: [blob] });
            break;
          }
          case 'hold':
          case 'lose':
          case 'putAway':
          case 'takeBack': {
            const blob = picked(one.pick);
            if (blob !== undefined) world[one.do](blob);
            break;
          }
          case 'key':
            await world.giveKey();
            break;
          case 'retry':
            await world.catalog.retry();
            break;
          case 'look':
            await agrees(world);
        }
      }
      await agrees(world);
    }),
    { numRuns: 150, examples: [[LOST_BESIDE_PUT_AWAY]] },
  );
});

it.each(['takeBack', 'pull'] as const)(
  'asks for all of what comes again (%s), also for the part that was here at the start and went with the rest',
  async (again) => {
    const ref: BlobRef = { root: 'ab'.repeat(32) as BlobRef['root'], size: 3_000_000 };
    const key = blobKey(ref);
    const world = new ManyStations(new Map([[key, new Set([0])]]));
    await world.addHour(0, { blobs: [ref] });
    const { replica } = world;
    expect([...(replica.wants.get(key)?.held ?? [])]).toEqual([0]);
    world.hold(ref);
    world.putAway(ref);
    expect(replica.wants.has(key)).toBe(false);
    if (again === 'takeBack') replica.takeBack(key);
    else replica.pull(key, 1);
    expect([...(replica.wants.get(key)?.held ?? ['not wanted'])]).toEqual([]);
  },
);
