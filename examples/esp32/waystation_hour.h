/*
 * Waystation's hour file in its fast profile, read and written by a microcontroller (docs/HOUR.md has the format).
 *
 * C99. No heap, no floating point, no library: all memory is the caller's, and a binary64 (IEEE 754 double) is only ever
 * its 64-bit pattern. Everything that is read is taken as hostile: nothing reads or writes out of bounds, overflows a signed integer, or
 * runs longer than a small multiple of what it was given.
 *
 * Words: a value is "missing" when its bit in `missing` is set. Else it is a whole number k on the column's step, value =
 * (k x numerator) / denominator, unless its bit in `apart` is set: then the number is the value's binary64 pattern (an infinity, -0, or
 * anything else that does not lie on the step). Row i is bit i & 7 (least significant first) of byte i >> 3.
 */
#ifndef WAYSTATION_HOUR_H
#define WAYSTATION_HOUR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  WH_OK = 0,
  /* There is no further stream, column or block. */
  WH_END = 1,
  /* Not an hour file, a newer one, or a header that breaks the format. */
  WH_MALFORMED = 2,
  /* Larger than a bound of the format. */
  WH_LIMIT = 3,
  /* Damaged: fetch it again. */
  WH_CORRUPT = 4,
  /* Blocks of a stream in the small profile, which this library does not read. */
  WH_SMALL_PROFILE = 5,
  /* The memory that the caller gave is too small. */
  WH_ROOM = 6,
  /* The caller's own mistake: calls out of order, or numbers beyond what the format holds. */
  WH_USAGE = 7
} wh_status;

/* Bounds of the format. */
#define WH_MAX_BLOCK_ROWS 16384u
#define WH_MAX_HEADER_BYTES 8388608u
#define WH_MAX_STREAMS 64u
#define WH_MAX_COLUMNS 256u
#define WH_MAX_GAPS 8192u
/* Numbers are at most this in magnitude: 2^53 - 1. */
#define WH_MAX_NUMBER INT64_C(9007199254740991)
/* Bytes of a bitmap of so many rows. */
#define WH_BITMAP_BYTES(rows) (((size_t)(rows) + 7u) / 8u)

/* A grid: value = (k x numerator) / denominator, in that order, each rounded to binary64; both as binary64 patterns. */
typedef struct {
  uint64_t numerator;
  uint64_t denominator;
} wh_step;

/* binary64 patterns of some numbers, for steps. wh_binary64_of() makes others. */
#define WH_ONE UINT64_C(0x3ff0000000000000)
#define WH_TEN UINT64_C(0x4024000000000000)
#define WH_HUNDRED UINT64_C(0x4059000000000000)
#define WH_THOUSAND UINT64_C(0x408f400000000000)

/* ---- Blocks, read ------------------------------------------------------------------------------------------------------------- */

/* Bits of a block, highest first. Its fields are the library's. */
typedef struct {
  const uint8_t *bytes;
  size_t size;
  /* The next byte to fetch; beyond the end zeros are fetched and counted. */
  size_t next;
  uint64_t held;
  unsigned held_bits;
} wh_bits;

/* How a column of one block is coded. */
typedef enum {
  WH_FORM_MISSING = 0, /* every value is missing */
  WH_FORM_GRID = 1,    /* numbers on the column's grid, some values apart */
  WH_FORM_FLOAT64 = 2, /* binary64 patterns: every value that is there is apart */
  WH_FORM_FLOAT32 = 3  /* the same, of numbers that were binary32 */
} wh_form;

/* Where a column's values go. */
typedef struct {
  /* The caller's: `rows` numbers, and two bitmaps of WH_BITMAP_BYTES(rows). A missing value's number is 0. */
  int64_t *numbers;
  uint8_t *missing;
  uint8_t *apart;
  /* Set by wh_block_column. */
  wh_form form;
  /* Values that are there; whether all are numbers and may not be anything else; and what the numbers were counted from. */
  uint32_t present;
  int has_numbers_only;
  int64_t base;
} wh_column;

typedef struct {
  wh_bits bits;
  uint32_t rows;
  int has_times;
} wh_block_reader;

/*
 * Begins to read a block of `rows` rows (from its index). `bytes` stay the caller's and must live as long as the reader.
 * Check the block's CRC-32 first: wh_crc32.
 */
wh_status wh_block_open(wh_block_reader *reader, const uint8_t *bytes, size_t size, uint32_t rows);

/* Reads the times, `rows` whole ticks from the slot's start. Always the first thing to be read. */
wh_status wh_block_times(wh_block_reader *reader, int64_t *ticks);

/* Reads the next column. `grid` is the one that the index names for it, NULL for none. */
wh_status wh_block_column(wh_block_reader *reader, const wh_step *grid, wh_column *column);

/* After the last column: whether the block ends as it must. */
wh_status wh_block_end(const wh_block_reader *reader);

/* ---- The file, read ------------------------------------------------------------------------------------------------------------- */

/* UTF-8, not ended by a zero. */
typedef struct {
  const uint8_t *bytes;
  size_t size;
} wh_text;

/* The header, inflated into the caller's memory, checked as a whole. */
typedef struct {
  const uint8_t *bytes;
  size_t size;
} wh_header;

typedef struct {
  wh_header header;
  /* 16 bytes. */
  const uint8_t *station;
  wh_text name;
  /* Start of the slot and its length, ms since the Unix epoch. */
  int64_t start_ms;
  int64_t length_ms;
  uint32_t streams;
  uint32_t gaps;
  /* Where the blocks begin in the file. */
  uint64_t data_at;
  size_t streams_at;
  size_t gaps_at;
} wh_hour;

typedef struct {
  wh_text name;
  wh_text driver;
  wh_text device;
  /* Nothing (bytes NULL) when it is not said. */
  wh_text calibration;
  /* Readings per second asked of the device, binary64; 0 and has_asked 0 when it was not asked. */
  uint64_t asked;
  int has_asked;
  /* ns per tick. */
  uint32_t tick_ns;
  int is_replay;
  int is_fast;
  uint32_t columns;
  uint32_t blocks;
  size_t columns_at;
  size_t blocks_at;
  /* Where the stream's first block begins in the file. */
  uint64_t data_at;
} wh_stream;

typedef struct {
  wh_text name;
  wh_text unit;
  int has_step;
  wh_step step;
} wh_column_info;

typedef struct {
  uint32_t rows;
  uint32_t tick_ns;
  /* Where it lies in the file, its size in bytes, and the CRC-32 of these. */
  uint64_t at;
  uint32_t size;
  uint32_t crc;
  /* Earliest and latest time in ticks from the slot's start. */
  int64_t first;
  int64_t last;
  int is_fast;
  /* For wh_block_index and wh_next_block. */
  size_t columns_at;
  size_t next_at;
  uint32_t left;
} wh_block;

/* A least, greatest or sum: nothing, a number on the grid, or a value as binary64. */
typedef enum { WH_TOLD_NOTHING = 0, WH_TOLD_NUMBER = 1, WH_TOLD_VALUE = 2 } wh_told_kind;
typedef struct {
  wh_told_kind kind;
  int64_t number;
  uint64_t value;
} wh_told;

/* What the index tells of one column of one block. */
typedef struct {
  int has_step;
  wh_step step;
  /* Finite values. */
  uint32_t count;
  wh_told least;
  wh_told greatest;
  wh_told sum;
} wh_column_index;

typedef struct {
  /* Index of a stream, -1 for the whole station. */
  int32_t stream;
  /* ms since the Unix epoch, binary64. */
  uint64_t from_ms;
  uint64_t to_ms;
  wh_text cause;
  wh_text detail;
} wh_gap;

/* Bytes of the beginning of a file that tell how much more to read. */
#define WH_PREAMBLE_BYTES 13u

/*
 * From the first WH_PREAMBLE_BYTES of a file: how many of its first bytes wh_open needs, and how much memory for the inflated header.
 */
wh_status wh_preamble(const uint8_t *bytes, size_t size, size_t *head_bytes, size_t *memory_bytes);

/*
 * Reads and checks the whole header. `bytes` are the file's first `size`, at least what wh_preamble says (they are not needed afterwards);
 * `file_bytes` is the size of the whole file. `memory` must live as long as `hour`.
 */
wh_status wh_open(wh_hour *hour, const uint8_t *bytes, size_t size, uint64_t file_bytes, uint8_t *memory,
                  size_t memory_bytes);

/* WH_END beyond the last one. */
wh_status wh_stream_at(const wh_hour *hour, uint32_t index, wh_stream *stream);
wh_status wh_column_at(const wh_hour *hour, const wh_stream *stream, uint32_t index, wh_column_info *column);
wh_status wh_gap_at(const wh_hour *hour, uint32_t index, wh_gap *gap);

/* The first block of a stream, and the one after a block; WH_END when there is none. */
wh_status wh_first_block(const wh_hour *hour, const wh_stream *stream, wh_block *block);
wh_status wh_next_block(const wh_hour *hour, wh_block *block);

/* What the index tells of a column of a block. */
wh_status wh_block_index(const wh_hour *hour, const wh_stream *stream, const wh_block *block, uint32_t column,
                         wh_column_index *index);

/*
 * Checks size and CRC-32 of a block's bytes and begins to read it; WH_SMALL_PROFILE where that is how it is coded. Then
 * wh_block_times, wh_check_times, for each column wh_block_column and wh_check_column, and wh_block_end.
 */
wh_status wh_block_begin(wh_block_reader *reader, const wh_block *block, const uint8_t *bytes, size_t size);

/* Whether first and last are the earliest and latest of the times, and each is a whole ns of at most 2^53 - 1. */
wh_status wh_check_times(const wh_block *block, const int64_t *ticks);

/* Whether count, least, greatest and sum are what the values say. */
wh_status wh_check_column(const wh_block *block, const wh_column_index *index, const wh_column *column);

/* ---- Written ---------------------------------------------------------------------------------------------------------------------- */

/* One column of a block to be written. */
typedef struct {
  /* One of the two, the other NULL: a number for each row (of a missing row any). */
  const int64_t *numbers;
  const int32_t *small_numbers;
  /* Bitmaps; NULL where nothing is missing, or apart (that needs `numbers`). */
  const uint8_t *missing;
  const uint8_t *apart;
  /* The grid of the numbers. NULL: every number is a binary64 pattern. */
  const wh_step *grid;
} wh_values;

/* What a column is called. Texts are UTF-8 of at most 500 UTF-16 units. */
typedef struct {
  const char *name;
  /* UCUM, such as "Cel", "hPa", "m/s2"; "" when unknown. */
  const char *unit;
  /* Its rounding; NULL for none. */
  const wh_step *step;
} wh_column_text;

/* What a stream is called. */
typedef struct {
  const char *name;
  const char *driver;
  const char *device;
  /* NULL where there is none. */
  const char *calibration;
  /* Readings per second asked of the device as binary64; 0 when it was not asked. */
  uint64_t asked;
  /* ns per tick of its times: 1000000000, 1000000, 1000 or 1. */
  uint32_t tick_ns;
  int is_replay;
  uint32_t columns;
  const wh_column_text *column;
} wh_stream_text;

/*
 * What the header will say of the blocks, about 28 bytes a block and 18 a column: in the caller's memory until the hour ends. Begin with
 * `bytes` and `room` set and the rest 0.
 */
typedef struct {
  uint8_t *bytes;
  size_t room;
  size_t size;
  uint32_t blocks;
  /* Bytes of all blocks together. */
  uint64_t data_bytes;
} wh_index;

/* Enough for a block of so many rows and columns whose values are on their grids; 12 bytes more for each value apart. */
#define WH_BLOCK_BYTES(rows, columns) (((size_t)(columns) + 1u) * ((size_t)(rows) * 9u + 32u))

/*
 * Writes a block of 1 to 16,384 rows to `out`, and what the header says of it to `index`. Times are whole ticks from the slot's start. After anything
 * but WH_OK nothing was written. WH_USAGE: a number or time is beyond 2^53 - 1 (times also in ns), or a pattern is NaN.
 */
wh_status wh_write_block(const wh_stream_text *stream, uint32_t rows, const int64_t *ticks, const wh_values *columns,
                         uint8_t *out, size_t room, size_t *size, wh_index *index);

/* Part of the slot without readings. */
typedef struct {
  /* Index of a stream, -1 for the whole station. */
  int32_t stream;
  int64_t from_ms;
  int64_t to_ms;
  /* "start", "stop", "sensor", "crash", "clock", "store" or "unknown". */
  const char *cause;
  const char *detail;
} wh_gap_text;

/* true time = station time + offset, give or take error. */
typedef struct {
  int64_t offset_ms;
  int64_t error_ms;
  /* Where that comes from, such as "gnss" or "ntp". */
  const char *source;
} wh_clock;

typedef struct {
  uint8_t station[16];
  const char *name;
  /* NULL where nobody is named. */
  const char *responsible;
  int64_t start_ms;
  int64_t length_ms;
  /* NULL when it is not known. */
  const wh_clock *clock;
  uint32_t gaps;
  const wh_gap_text *gap;
  uint32_t streams;
  const wh_stream_text *stream;
  /* As many as streams. */
  const wh_index *index;
} wh_hour_text;

/* Takes the next bytes of a file; anything but WH_OK ends the writing. */
typedef wh_status (*wh_sink)(void *context, const uint8_t *bytes, size_t size);

/*
 * Writes what stands before the blocks. Behind it belong the blocks, end to end: all of the first stream in their order, then those of the
 * second, and so on. The bytes depend on nothing but what is given.
 */
wh_status wh_write_head(const wh_hour_text *hour, wh_sink sink, void *context);

/* ---- Row by row ------------------------------------------------------------------------------------------------------------------- */

/* Collects rows of a stream for a block. Its fields are the library's. */
typedef struct {
  const wh_stream_text *stream;
  wh_values *columns;
  int64_t *ticks;
  int32_t *numbers;
  uint8_t *missing;
  uint32_t room;
  uint32_t rows;
} wh_recorder;

/*
 * Begins to collect blocks of at most `rows` rows, a multiple of 8, in the caller's memory: `rows` times, rows x columns numbers, and columns x rows / 8
 * bytes for what is missing; `columns` as many as the stream has, each with a step. All of it must live as long as the recorder.
 */
wh_status wh_recorder_open(wh_recorder *recorder, const wh_stream_text *stream, uint32_t rows, wh_values *columns,
                           int64_t *ticks, int32_t *numbers, uint8_t *missing);

/*
 * Takes a row: a time, a number on its step for each column, and a bit for each column that is missing (NULL for none). WH_ROOM when the block is
 * full: wh_recorder_write it, then give the row again.
 */
wh_status wh_record(wh_recorder *recorder, int64_t tick, const int32_t *numbers, const uint8_t *missing);

/* Writes the rows as a block, as wh_write_block does, and begins the next one. WH_END when there are none. */
wh_status wh_recorder_write(wh_recorder *recorder, uint8_t *out, size_t room, size_t *size, wh_index *index);

/* ---- binary64 as patterns, in whole numbers ------------------------------------------------------------------------------------ */

/* The binary64 pattern of a whole number, rounded to nearest. */
uint64_t wh_binary64_of(int64_t number);

/* The value of number k on a grid, as every reader computes it. */
uint64_t wh_value_of(int64_t number, const wh_step *grid);

/* CRC-32 (ISO-HDLC, as in gzip) of more bytes: begin with 0, and give the last result to go on. */
uint32_t wh_crc32(uint32_t crc, const uint8_t *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif
