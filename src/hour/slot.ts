/** What an hour's slot is, for whoever needs no more of the hour than that. */

/** The usual length of a slot: slots begin at full hours of UTC. */
export const HOUR_MS = 3_600_000;
