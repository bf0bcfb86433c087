/*
 * Inflate (RFC 1951) from memory to memory, with a preset dictionary before the output. What comes out is its own window, so nothing is
 * needed beside it but the tables of two codes: under 1 KiB on the stack. A code is decoded bit by bit, by the first code of each length
 * (RFC 1951, 3.2.2).
 */
#include "internal.h"

#define LONGEST_CODE 15u
#define LITERALS 288u
#define DISTANCES 32u

typedef struct {
  const uint8_t *in;
  size_t in_size;
  size_t next;
  uint32_t held;
  unsigned held_bits;
  int is_short;
  uint8_t *out;
  size_t out_size;
  size_t at;
} inflater;

typedef struct {
  /* How many codes have each length, and the symbols in the order of their codes. */
  uint16_t *counts;
  uint16_t *symbols;
} code;

/* 0 to 13 bits, lowest first. */
static unsigned take(inflater *s, unsigned count) {
  unsigned value;
  while (s->held_bits < count) {
    if (s->next == s->in_size) {
      s->is_short = 1;
      return 0;
    }
    s->held |= (uint32_t)s->in[s->next++] << s->held_bits;
    s->held_bits += 8u;
  }
  value = s->held & ((1u << count) - 1u);
  s->held >>= count;
  s->held_bits -= count;
  return value;
}

/* Makes a code of the lengths of its symbols. A single code, or none, may be incomplete (RFC 1951, 3.2.7). */
static wh_status make_code(const code *c, const uint8_t *lengths, unsigned symbols) {
  uint16_t offsets[LONGEST_CODE + 1u];
  unsigned i;
  int left = 1;
  for (i = 0; i <= LONGEST_CODE; i++) c->counts[i] = 0;
  for (i = 0; i < symbols; i++) c->counts[lengths[i]]++;
  for (i = 1; i <= LONGEST_CODE; i++) {
    left = left * 2 - (int)c->counts[i];
    if (left < 0) return WH_CORRUPT;
  }
  if (left > 0 && symbols - c->counts[0] > 1u) return WH_CORRUPT;
  offsets[1] = 0;
  for (i = 1; i < LONGEST_CODE; i++) offsets[i + 1u] = (uint16_t)(offsets[i] + c->counts[i]);
  for (i = 0; i < symbols; i++) {
    if (lengths[i] > 0) c->symbols[offsets[lengths[i]]++] = (uint16_t)i;
  }
  return WH_OK;
}

/* LITERALS where no code fits. */
static unsigned symbol(inflater *s, const code *c) {
  unsigned value = 0;
  unsigned first = 0;
  unsigned index = 0;
  unsigned length;
  for (length = 1; length <= LONGEST_CODE; length++) {
    const unsigned count = c->counts[length];
    value |= take(s, 1u);
    if (s->is_short) return LITERALS;
    if (value < first + count) return c->symbols[index + value - first];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return LITERALS;
}

static wh_status stored(inflater *s) {
  unsigned length;
  s->held = 0;
  s->held_bits = 0;
  if (s->in_size - s->next < 4u) return WH_CORRUPT;
  length = s->in[s->next] | (unsigned)s->in[s->next + 1u] << 8;
  if ((length ^ 0xffffu) != (s->in[s->next + 2u] | (unsigned)s->in[s->next + 3u] << 8)) return WH_CORRUPT;
  s->next += 4u;
  if (s->in_size - s->next < length || s->out_size - s->at < length) return WH_CORRUPT;
  for (; length > 0; length--) s->out[s->at++] = s->in[s->next++];
  return WH_OK;
}

/* Copies from `distance` bytes before, out of the dictionary where the output does not reach that far. */
static wh_status copy(inflater *s, size_t distance, unsigned length) {
  if (distance > s->at + WH_DICTIONARY_BYTES || length > s->out_size - s->at) return WH_CORRUPT;
  for (; length > 0; length--, s->at++) {
    s->out[s->at] =
        distance > s->at ? WH_DICTIONARY[WH_DICTIONARY_BYTES + s->at - distance] : s->out[s->at - distance];
  }
  return WH_OK;
}

static wh_status compressed(inflater *s, const code *literals, const code *distances) {
  for (;;) {
    unsigned sym = symbol(s, literals);
    unsigned length;
    unsigned extra;
    size_t distance;
    if (sym == 256u) return WH_OK;
    if (sym < 256u) {
      if (s->at == s->out_size) return WH_CORRUPT;
      s->out[s->at++] = (uint8_t)sym;
      continue;
    }
    if (sym > 285u) return WH_CORRUPT;
    /* Lengths 3 to 10 have no extra bits; then each four symbols one bit more; 258 stands alone. */
    if (sym < 265u) {
      length = sym - 254u;
    } else if (sym == 285u) {
      length = 258u;
    } else {
      extra = (sym - 261u) / 4u;
      length = 3u + ((4u + (sym - 261u) % 4u) << extra) + take(s, extra);
    }
    sym = symbol(s, distances);
    if (sym > 29u) return WH_CORRUPT;
    extra = sym < 4u ? 0 : sym / 2u - 1u;
    distance = (sym < 4u ? sym : (2u + sym % 2u) << extra) + 1u;
    distance += take(s, extra);
    if (s->is_short || copy(s, distance, length) != WH_OK) return WH_CORRUPT;
  }
}

/* The lengths of two codes, themselves in a code (RFC 1951, 3.2.7). */
static wh_status read_lengths(inflater *s, const code *c, uint8_t *lengths, unsigned count) {
  static const uint8_t ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const unsigned given = take(s, 4u) + 4u;
  unsigned i;
  for (i = 0; i < 19u; i++) lengths[ORDER[i]] = (uint8_t)(i < given ? take(s, 3u) : 0);
  if (s->is_short || make_code(c, lengths, 19u) != WH_OK) return WH_CORRUPT;
  i = 0;
  while (i < count) {
    const unsigned sym = symbol(s, c);
    uint8_t value = 0;
    unsigned times = 1;
    if (sym < 16u) {
      value = (uint8_t)sym;
    } else if (sym == 16u) {
      if (i == 0) return WH_CORRUPT;
      value = lengths[i - 1u];
      times = 3u + take(s, 2u);
    } else if (sym == 17u) {
      times = 3u + take(s, 3u);
    } else if (sym == 18u) {
      times = 11u + take(s, 7u);
    } else {
      return WH_CORRUPT;
    }
    if (s->is_short || times > count - i) return WH_CORRUPT;
    for (; times > 0; times--) lengths[i++] = value;
  }
  return WH_OK;
}

static wh_status with_codes(inflater *s, int is_dynamic) {
  uint16_t literal_counts[LONGEST_CODE + 1u];
  uint16_t literal_symbols[LITERALS];
  uint16_t distance_counts[LONGEST_CODE + 1u];
  uint16_t distance_symbols[DISTANCES];
  uint8_t lengths[LITERALS + DISTANCES];
  const code literals = {literal_counts, literal_symbols};
  const code distances = {distance_counts, distance_symbols};
  unsigned literal_count = LITERALS;
  unsigned distance_count = 30u;
  unsigned i;
  code c = literals;
  if (is_dynamic) {
    literal_count = take(s, 5u) + 257u;
    distance_count = take(s, 5u) + 1u;
    if (literal_count > 286u || distance_count > 30u) return WH_CORRUPT;
    if (read_lengths(s, &c, lengths, literal_count + distance_count) != WH_OK || lengths[256] == 0)
      return WH_CORRUPT;
  } else {
    for (i = 0; i < LITERALS; i++) lengths[i] = (uint8_t)(i < 144u ? 8 : i < 256u ? 9 : i < 280u ? 7 : 8);
    for (i = 0; i < DISTANCES; i++) lengths[LITERALS + i] = 5;
    distance_count = DISTANCES;
  }
  if (make_code(&c, lengths, literal_count) != WH_OK) return WH_CORRUPT;
  c = distances;
  if (make_code(&c, lengths + literal_count, distance_count) != WH_OK) return WH_CORRUPT;
  return compressed(s, &literals, &distances);
}

wh_status wh_inflate(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  inflater s;
  unsigned is_last;
  s.in = in;
  s.in_size = in_size;
  s.next = 0;
  s.held = 0;
  s.held_bits = 0;
  s.is_short = 0;
  s.out = out;
  s.out_size = out_size;
  s.at = 0;
  do {
    unsigned type;
    wh_status status = WH_CORRUPT;
    is_last = take(&s, 1u);
    type = take(&s, 2u);
    if (s.is_short) return WH_CORRUPT;
    if (type == 0) status = stored(&s);
    if (type == 1u || type == 2u) status = with_codes(&s, type == 2u);
    if (status != WH_OK) return status;
  } while (!is_last);
  return s.at == out_size ? WH_OK : WH_CORRUPT;
}
