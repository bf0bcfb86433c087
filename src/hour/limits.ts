/** Every bound of the hour file and its write-ahead segments, with the reason for its value. */

/** Rows per block: 8 plots' width of points, and 32 KiB of float64 per column, which stays in a phone's L1 cache. */
export const MAX_BLOCK_ROWS = 4096;

/**
 * Values (time axis included) of one hour: 2^25 are 256 MiB of float64, what a phone's page can still hold, and
 * an hour of six axes at 1.3 kHz. The recorder seals early, as a further part of the same slot, when it gets there.
 */
export const MAX_HOUR_CELLS = 2 ** 25;

/** The compressed file: no coding makes a value larger than 9 bytes, and blobs beyond this do not move well. */
export const MAX_HOUR_BYTES = 2 ** 29;

/** Header bytes: room for the three limits below at once (gaps 2.2 MB, descriptors 1 MiB, block index 0.4 MB). */
export const MAX_HEADER_BYTES = 4 * 2 ** 20;

/** Streams of one station: a phone has about ten, a rack of loggers some dozens. */
export const MAX_STREAMS = 64;

/** Columns of one stream: the widest logger tables in the field have about a hundred. */
export const MAX_COLUMNS = 256;

/** All names, units and devices of one hour together, in UTF-8 bytes, so that the header always fits. */
export const MAX_DESCRIPTOR_BYTES = 2 ** 20;

/** Gaps of one hour: more than one every half second is not a gap ledger any more; the last one is extended. */
export const MAX_GAPS = 8192;

/** One name or unit, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 256;

/** One free text (device, gap detail, responsible party), in UTF-8 bytes; calibration text may be longer. */
export const MAX_TEXT_BYTES = 512;
export const MAX_CALIBRATION_BYTES = 4096;

/** Detail of a gap, in UTF-8 bytes: 8192 gaps with full details still fit the header. */
export const MAX_DETAIL_BYTES = 200;

/** A slot's length: an hour by default, a day at most (times are nanoseconds from its start in 53 bits). */
export const MAX_SLOT_MS = 86_400_000;

/** Latest time that ECMAScript's Date can hold, in ms: bounds every absolute time. */
export const MAX_TIME_MS = 8.64e15;
