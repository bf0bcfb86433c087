/** Where a station keeps what is not sealed or published yet: names of logs. */
import type { StationId } from '../core/ids.ts';

/** Begins the name of every log that holds readings of this station which are not sealed. */
export function segmentLogs(station: StationId): string {
  return `wal/${station}/`;
}

/** The log of this station's pictures that are not published. */
export function pictureLog(station: StationId): string {
  return `pictures/${station}`;
}
