/** Every bound of the hour file and its recorder, with the reason for its value. */

/**
 * Rows per block: four and a half minutes at 60 Hz, 128 KiB of float64 per column. On imu50 8192 rows cost 0.3 % more bytes, and
 * 32,768 save 0.2 %, while a zoom would decode twice as much.
 */
export const MAX_BLOCK_ROWS = 16_384;

/**
 * Values (times included) of one hour: 2^25 are 256 MiB of float64, what a phone's page can still hold, and an hour
 * of six axes at 1.3 kHz. The recorder seals early, as a further part of the same slot, before it gets there.
 */
export const MAX_HOUR_CELLS = 2 ** 25;

/** Room for the most gaps and descriptors that the recorder lets through, and the index of the most blocks. */
export const MAX_HEADER_BYTES = 8 * 2 ** 20;

/**
 * Numbers, texts, lists and maps in a description: 8192 gaps, 64 streams of 256 columns and 2048 blocks more need about 200,000. A reader
 * builds an object of each.
 */
export const MAX_HEADER_ITEMS = 2 ** 20;

/** Streams of one station: a phone has about ten, a rack of loggers some dozens. */
export const MAX_STREAMS = 64;

/** Columns of one stream: the widest logger tables in the field have about a hundred. */
export const MAX_COLUMNS = 256;

/** Gaps of one hour: more than one every half second is no ledger any more; from there on the last one is extended. */
export const MAX_GAPS = 8192;

/** One name, unit, device, or gap detail, in UTF-16 code units. */
export const MAX_TEXT_CHARS = 500;

/** Calibration text, in UTF-16 code units: a table of coefficients fits. */
export const MAX_CALIBRATION_CHARS = 4096;

/** Detail of a gap that the recorder keeps, in UTF-16 code units: 8192 of them still fit the header. */
export const MAX_DETAIL_CHARS = 160;

/** Latest time that ECMAScript's Date can hold, ms: bounds every absolute time. */
export const MAX_TIME_MS = 8.64e15;
