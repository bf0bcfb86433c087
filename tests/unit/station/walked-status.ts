/** The status of stations counted from scratch, by walking every hour: what keeping count must always agree with. */
import { blobKey } from '../../../src/core/ids.ts';
import type { Space } from '../../../src/station/space.ts';
import { type StationTally, toldToMs } from '../../../src/station/station-tally.ts';

export function walkedTallies({ catalog, replica }: Space): StationTally[] {
  return [...catalog.stations.values()].map((station) => {
    let held = 0;
    let inFolder = 0;
    let bytes = 0;
    let completeToMs: number | null = null;
    let isUnbroken = true;
    const entries = [
      ...station.hours.map(({ entry, body }) => ({ entry, endMs: toldToMs(body) })),
      ...station.unopened.map((entry) => ({ entry, endMs: entry.header.timeMs })),
    ];
    for (const { entry, endMs } of entries) {
      if (entry.header.blobs.every((ref) => replica.holds(blobKey(ref)))) {
        held++;
        bytes += entry.header.blobs.reduce((sum, ref) => sum + ref.size, 0);
        if (isUnbroken) completeToMs = endMs;
      } else if (
        entry.header.blobs.every((ref) => replica.holds(blobKey(ref)) || replica.isPutAway(blobKey(ref)))
      ) {
        inFolder++;
        if (isUnbroken) completeToMs = endMs;
      } else {
        isUnbroken = false;
      }
    }
    return { sealed: entries.length, held, inFolder, bytes, completeToMs };
  });
}
