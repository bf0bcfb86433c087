/** What an hour says besides its rows: where these come in pieces, it is told last. */
import type { HourContent, StreamDescriptor } from './types.ts';

/** What an hour says besides its rows. Gaps name a stream by its place in the list. */
export interface HourLedger extends Omit<HourContent, 'streams'> {
  /** In the order of the file, each with the number that its rows come under. */
  readonly streams: readonly { readonly number: number; readonly descriptor: StreamDescriptor }[];
}

/** The ledger of an hour that is there as a whole: its streams are numbered in order. */
export function ledgerOf({ streams, ...ledger }: HourContent): HourLedger {
  return { ...ledger, streams: streams.map(({ descriptor }, number) => ({ number, descriptor })) };
}
