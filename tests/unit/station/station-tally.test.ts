/** Counting as things come gives the same as counting from scratch, whatever came in which order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BlobRef } from '../../../src/core/ids.ts';
import { spaceStatus } from '../../../src/station/status.ts';
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
  | { readonly do: 'hold' | 'lose'; readonly pick: number }
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
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('key' as const, 'retry' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
);

async function agrees({ space }: ManyStations): Promise<void> {
  const { stations } = await spaceStatus(space);
  const walked = walkedTallies(space);
  const told = stations.map(({ sealed, held, missing, bytes, completeTo }) =>
    JSON.stringify([sealed, held, missing, bytes, completeTo]),
  );
  const counted = walked.map(({ sealed, held, bytes, completeToMs }) =>
    JSON.stringify([
      sealed,
      held,
      sealed - held,
      bytes,
      completeToMs === null ? null : new Date(completeToMs).toISOString(),
    ]),
  );
  expect(told.sort()).toEqual(counted.sort());
}

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
          case 'lose': {
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
    { numRuns: 150 },
  );
});
