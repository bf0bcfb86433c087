/* What the files of this library share with each other and with nobody else. */
#ifndef WAYSTATION_INTERNAL_H
#define WAYSTATION_INTERNAL_H

#include "waystation_hour.h"

#define WH_MINI_BLOCK 64u
/* A quotient of so many zeros or more is written as so many zeros and the whole number. */
#define WH_ESCAPE 20u
#define WH_NARROW (INT64_C(1) << 28)
#define WH_WIDE (INT64_C(1) << 46)
#define WH_MINUS_ZERO (UINT64_C(1) << 63)

/* ---- bits.c ---- */
void wh_bits_open(wh_bits *bits, const uint8_t *bytes, size_t size);
/* Whether more bits were read than there are. */
int wh_bits_passed(const wh_bits *bits);
/* Whether what is left are zeros up to the end of the byte, and nothing more. */
int wh_bits_ended(const wh_bits *bits);
void wh_bits_refill(wh_bits *bits);

/* 0 to 32 bits. */
static inline uint32_t wh_fixed(wh_bits *bits, unsigned count) {
  uint32_t value;
  if (count == 0) return 0;
  if (bits->held_bits < count) wh_bits_refill(bits);
  value = (uint32_t)(bits->held >> (64u - count));
  bits->held <<= count;
  bits->held_bits -= count;
  return value;
}

/* 0 to 64 bits. */
uint64_t wh_fixed_long(wh_bits *bits, unsigned count);
/* How many zeros come before the next 1, at most `most`, and takes them and the 1 (no 1 after `most` zeros). */
unsigned wh_zeros(wh_bits *bits, unsigned most);
/* WH_CORRUPT above 2^53 - 1. */
wh_status wh_unsigned(wh_bits *bits, uint64_t *value);
wh_status wh_signed(wh_bits *bits, int64_t *value);
/* WH_CORRUPT for NaN. */
wh_status wh_float(wh_bits *bits, uint64_t *pattern);
/* 1 to 65,535. */
wh_status wh_gamma(wh_bits *bits, uint32_t *value);

/* ---- numbers_read.c ---- */
/* `count` numbers, at least one, and the base that they were counted from. */
wh_status wh_numbers_read(wh_bits *bits, int64_t *numbers, uint32_t count, int64_t *base);

/* ---- binary64.c ---- */
int wh_is_nan(uint64_t pattern);
int wh_is_finite(uint64_t pattern);
uint64_t wh_binary64_scaled(int64_t number, int power_of_two);
uint64_t wh_multiply(uint64_t a, uint64_t b);
uint64_t wh_divide(uint64_t a, uint64_t b);
uint64_t wh_add(uint64_t a, uint64_t b);
/* a < b, of patterns that are no NaN; -0 is 0. */
int wh_less(uint64_t a, uint64_t b);
int wh_equal(uint64_t a, uint64_t b);
/* The whole number at or below a finite pattern of magnitude below 2^62. */
int64_t wh_floor(uint64_t pattern);

/* ---- float32.c ---- */
/* The binary64 nearest to `pattern` that a binary32 is; an infinity where it is too large. */
uint64_t wh_to_float32(uint64_t pattern);
/* The decimal of the fewest digits that leads back to a binary32; WH_CORRUPT where the format has none. */
wh_status wh_decimal_of_float32(uint64_t *pattern);

/* ---- dictionary.c, inflate.c ---- */
#define WH_DICTIONARY_BYTES 517u
extern const uint8_t WH_DICTIONARY[WH_DICTIONARY_BYTES];
/* WH_CORRUPT unless `in` inflates to exactly `out_size` bytes. Bytes of `in` behind the end of the stream are not looked at. */
wh_status wh_inflate(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

/* ---- cbor.c ---- */
enum { WH_UINT = 0, WH_NEGATIVE = 1, WH_BYTES = 2, WH_TEXT = 3, WH_ARRAY = 4, WH_MAP = 5, WH_SIMPLE = 7 };
typedef struct {
  size_t at;
  /* Behind a text or byte string, behind the head of a list or map. */
  size_t end;
  unsigned major;
  unsigned info;
  /* The number, length or count; a float's binary64. */
  uint64_t value;
} wh_item;
wh_status wh_cbor_check(const uint8_t *bytes, size_t size);
unsigned wh_float_bytes(uint64_t pattern);
void wh_cbor_item(const wh_header *header, size_t at, wh_item *item);
size_t wh_cbor_skip(const wh_header *header, size_t at);
int wh_cbor_is_null(const wh_item *item);
/* Whether the map has the text as a key, and its value. */
int wh_cbor_find(const wh_header *header, size_t map_at, const char *key, wh_item *value);
wh_status wh_cbor_whole(const wh_item *item, int64_t least, int64_t most, int64_t *number);
wh_status wh_cbor_number(const wh_item *item, uint64_t *pattern);
wh_status wh_cbor_text(const wh_header *header, const wh_item *item, size_t most_units, wh_text *text);
wh_status wh_cbor_list(const wh_item *item, uint64_t least, uint64_t most);

/* ---- index_read.c ---- */
/* Leaves the function with what went wrong. */
#define TRY(what)                     \
  do {                                \
    const wh_status tried = (what);   \
    if (tried != WH_OK) return tried; \
  } while (0)
wh_status wh_index_tick(const wh_item *item, uint32_t *tick_ns);
/* null or [numerator, denominator]. */
wh_status wh_index_step(const wh_header *header, size_t at, int *has_step, wh_step *step);
wh_status wh_index_column(const wh_header *header, size_t at, const wh_column_info *column, uint32_t rows,
                          wh_column_index *index);
/* The block at `at` of the header; where it lies in the file is set by who calls. */
wh_status wh_index_block(const wh_header *header, size_t at, wh_block *block);

/* ---- statistics.c ---- */
/*
 * What the index tells of values, on `step` (NULL for none). `base`: what the numbers were counted from, where all are numbers; `may_add`
 * 0 where some may be apart.
 */
void wh_statistics(uint32_t rows, const wh_values *values, const wh_step *step, int may_add, int64_t base,
                   wh_column_index *found);

/* ---- bits_write.c ---- */
typedef struct {
  uint8_t *bytes;
  size_t room;
  size_t size;
  uint64_t held;
  unsigned held_bits;
  int is_full;
} wh_bits_out;
void wh_put(wh_bits_out *bits, uint64_t value, unsigned width);
void wh_put_unsigned(wh_bits_out *bits, uint64_t value);
void wh_put_signed(wh_bits_out *bits, int64_t value);
void wh_put_gamma(wh_bits_out *bits, uint32_t value);
void wh_put_end(wh_bits_out *bits);
unsigned wh_bit_length(uint64_t value);

/* ---- numbers_write.c ---- */
/* The numbers of a column one after the other, as often as wanted. */
typedef struct {
  /* The next number of those that are there; 0 at the end. */
  int (*next)(void *source, int64_t *number);
  void (*restart)(void *source);
  void *source;
} wh_source;
typedef struct {
  int64_t base;
  uint64_t unit;
  int is_narrow;
} wh_plan;
/* Whether the numbers are near enough to each other to be written. */
int wh_plan_numbers(const wh_source *source, wh_plan *plan);
void wh_write_numbers(wh_bits_out *bits, const wh_source *source, const wh_plan *plan);

/* ---- cbor_write.c ---- */
typedef struct {
  void (*put)(void *to, const uint8_t *bytes, size_t size);
  void *to;
} wh_cbor_out;
void wh_cbor_put(const wh_cbor_out *out, unsigned major, uint64_t value);
void wh_cbor_put_whole(const wh_cbor_out *out, int64_t number);
void wh_cbor_put_number(const wh_cbor_out *out, uint64_t pattern);
void wh_cbor_put_text(const wh_cbor_out *out, const char *text);
void wh_cbor_put_null(const wh_cbor_out *out);
void wh_cbor_put_step(const wh_cbor_out *out, const wh_step *step);
/* Whether a text is UTF-8 of at most so many UTF-16 units. */
int wh_is_text(const char *text, size_t most_units);
wh_status wh_text_units(const uint8_t *bytes, size_t size, size_t *units);
int wh_is_whole(uint64_t pattern);
/* A finite pattern of a whole number of at most 2^53 - 1, or a fraction of less. */
int wh_is_safe(uint64_t pattern);

/* What a number of a mini-block is expected to be: `last` and the one before it, and the mean of the mini-block before. */
typedef struct {
  int64_t last;
  int64_t before_last;
  int64_t mean;
} wh_past;
int64_t wh_predicted(unsigned predictor, const wh_past *past);

/* ---- small things ---- */
static inline int wh_bit(const uint8_t *bitmap, uint32_t row) { return (bitmap[row >> 3] >> (row & 7u)) & 1; }
static inline void wh_set_bit(uint8_t *bitmap, uint32_t row) {
  bitmap[row >> 3] = (uint8_t)(bitmap[row >> 3] | (1u << (row & 7u)));
}
static inline void wh_clear_bit(uint8_t *bitmap, uint32_t row) {
  bitmap[row >> 3] = (uint8_t)(bitmap[row >> 3] & ~(1u << (row & 7u)));
}
static inline void wh_zero(uint8_t *bytes, size_t size) {
  size_t i;
  for (i = 0; i < size; i++) bytes[i] = 0;
}
/* A pattern as the int64 with the same bits, and back. */
static inline int64_t wh_as_number(uint64_t pattern) {
  return pattern < (UINT64_C(1) << 63) ? (int64_t)pattern
                                       : (int64_t)(pattern - (UINT64_C(1) << 63)) + INT64_MIN;
}
static inline uint64_t wh_as_pattern(int64_t number) { return (uint64_t)number; }
static inline uint64_t wh_magnitude(int64_t number) { return number < 0 ? 0u - (uint64_t)number : (uint64_t)number; }
/* The floor of half a number. */
static inline int64_t wh_half(int64_t number) { return (number - (number & 1)) / 2; }

#endif
