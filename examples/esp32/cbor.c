/*
 * Deterministic CBOR (RFC 8949, 4.2.1), read: shortest heads and floats, map keys in bytewise order and each once, valid UTF-8, nothing
 * indefinite, no tags. The whole header is checked once, with a stack of its own; what reads it afterwards cannot run out of it.
 */
#include "internal.h"

#define MAX_DEPTH 32u
#define MAX_ITEMS 1048576u

typedef struct {
  uint64_t left;
  int is_map;
  size_t last_key;
  size_t last_key_size;
} container;

int wh_is_whole(uint64_t pattern) {
  const unsigned biased = (unsigned)(pattern >> 52) & 0x7ffu;
  if ((pattern & ~WH_MINUS_ZERO) == 0) return 1;
  if (biased < 1023u || biased > 1023u + 52u) return 0;
  return (pattern & ((UINT64_C(1) << (1075u - biased)) - 1u) & ((UINT64_C(1) << 52) - 1u)) == 0;
}

/*
 * How many bytes a float takes, 2, 4 or 8, by its binary64: the shortest that gives it back. Of the numbers below 2^-14 only powers of
 * two are written as binary16 (docs/HOUR.md, "Header").
 */
unsigned wh_float_bytes(uint64_t pattern) {
  const int exponent = (int)((pattern >> 52) & 0x7ffu) - 1023;
  const uint64_t fraction = pattern & ((UINT64_C(1) << 52) - 1u);
  if (wh_to_float32(pattern) != pattern) return 8u;
  if (exponent >= -14 && exponent <= 15) return (fraction & ((UINT64_C(1) << 42) - 1u)) == 0 ? 2u : 4u;
  return exponent >= -24 && exponent < -14 && fraction == 0 ? 2u : 4u;
}

/* A binary16 or binary32 as binary64. */
static uint64_t widened(uint64_t bits, unsigned exponent_bits, unsigned fraction_bits) {
  const uint64_t sign = bits >> (exponent_bits + fraction_bits) << 63;
  const unsigned biased = (unsigned)(bits >> fraction_bits) & ((1u << exponent_bits) - 1u);
  const uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1u);
  const int bias = (int)(1u << (exponent_bits - 1u)) - 1;
  if (biased == (1u << exponent_bits) - 1u) return sign | UINT64_C(0x7ff0000000000000) | fraction << (52u - fraction_bits);
  if (biased == 0) return sign | wh_binary64_scaled((int64_t)fraction, 1 - bias - (int)fraction_bits);
  return sign | (uint64_t)((int)biased - bias + 1023) << 52 | fraction << (52u - fraction_bits);
}

/* The next item's head. Its contents, and that there are as many bytes, are not looked at. */
static wh_status head(const uint8_t *bytes, size_t size, size_t at, wh_item *item) {
  unsigned extra;
  unsigned i;
  item->at = at;
  item->major = WH_SIMPLE;
  item->info = 0;
  item->value = 0;
  item->end = at;
  if (at >= size) return WH_MALFORMED;
  item->major = bytes[at] >> 5;
  item->info = bytes[at] & 31u;
  item->value = item->info;
  item->end = at + 1u;
  if (item->info < 24u) return WH_OK;
  if (item->info > 27u) return WH_MALFORMED;
  extra = 1u << (item->info - 24u);
  if (size - item->end < extra) return WH_MALFORMED;
  item->value = 0;
  for (i = 0; i < extra; i++) item->value = item->value << 8 | bytes[item->end + i];
  item->end += extra;
  if (item->major == WH_SIMPLE) {
    if (extra == 2u) item->value = widened(item->value, 5u, 10u);
    if (extra == 4u) item->value = widened(item->value, 8u, 23u);
    return WH_OK;
  }
  if (extra == 1u ? item->value < 24u : item->value >> (extra * 4u) == 0) return WH_MALFORMED;
  return WH_OK;
}

/* Valid UTF-8 (RFC 3629); counts UTF-16 units. */
wh_status wh_text_units(const uint8_t *bytes, size_t size, size_t *units) {
  size_t i = 0;
  *units = 0;
  while (i < size) {
    const unsigned first = bytes[i];
    unsigned more = 0;
    unsigned least = 0x80u;
    unsigned most = 0xbfu;
    if (first >= 0x80u) {
      if (first < 0xc2u || first > 0xf4u) return WH_MALFORMED;
      more = first < 0xe0u ? 1u : first < 0xf0u ? 2u : 3u;
      if (first == 0xe0u) least = 0xa0u;
      if (first == 0xedu) most = 0x9fu;
      if (first == 0xf0u) least = 0x90u;
      if (first == 0xf4u) most = 0x8fu;
    }
    i++;
    *units += more == 3u ? 2u : 1u;
    for (; more > 0; more--, i++) {
      if (i == size || bytes[i] < least || bytes[i] > most) return WH_MALFORMED;
      least = 0x80u;
      most = 0xbfu;
    }
  }
  return WH_OK;
}

/* Checks an item's own contents, and moves its end behind a text or byte string. */
static wh_status contents(const uint8_t *bytes, size_t size, wh_item *item) {
  size_t units;
  switch (item->major) {
    case WH_UINT: return item->value <= (uint64_t)WH_MAX_NUMBER ? WH_OK : WH_MALFORMED;
    case WH_NEGATIVE: return item->value < (uint64_t)WH_MAX_NUMBER ? WH_OK : WH_MALFORMED;
    case WH_BYTES:
    case WH_TEXT:
      if (item->value > size - item->end) return WH_MALFORMED;
      if (item->major == WH_TEXT && wh_text_units(bytes + item->end, (size_t)item->value, &units) != WH_OK)
        return WH_MALFORMED;
      item->end += (size_t)item->value;
      return WH_OK;
    case WH_ARRAY:
    case WH_MAP: return item->value <= size - item->end ? WH_OK : WH_MALFORMED;
    case WH_SIMPLE:
      if (item->info < 25u) return item->info >= 20u && item->info <= 22u ? WH_OK : WH_MALFORMED;
      if (!wh_is_finite(item->value) || wh_is_whole(item->value)) return WH_MALFORMED;
      return wh_float_bytes(item->value) == 1u << (item->info - 24u) ? WH_OK : WH_MALFORMED;
    default: return WH_MALFORMED;
  }
}

static int compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size) {
  size_t i;
  for (i = 0; i < a_size && i < b_size; i++) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return a_size < b_size ? -1 : a_size > b_size;
}

static wh_status take_key(container *map, const uint8_t *bytes, const wh_item *key) {
  const size_t key_size = key->end - key->at;
  if (key->major != WH_UINT && key->major != WH_NEGATIVE && key->major != WH_TEXT) return WH_MALFORMED;
  if (map->last_key_size > 0 &&
      compare(bytes + map->last_key, map->last_key_size, bytes + key->at, key_size) >= 0)
    return WH_MALFORMED;
  map->last_key = key->at;
  map->last_key_size = key_size;
  return WH_OK;
}

wh_status wh_cbor_check(const uint8_t *bytes, size_t size) {
  container open[MAX_DEPTH];
  unsigned depth = 0;
  uint32_t items = 0;
  size_t at = 0;
  do {
    wh_item item;
    wh_status status = head(bytes, size, at, &item);
    if (status == WH_OK) status = contents(bytes, size, &item);
    if (status != WH_OK) return status;
    if (++items > MAX_ITEMS) return WH_LIMIT;
    at = item.end;
    if (depth > 0) {
      container *parent = &open[depth - 1u];
      if (parent->is_map && parent->left % 2u == 0) status = take_key(parent, bytes, &item);
      if (status != WH_OK) return status;
      parent->left--;
    }
    if (item.major == WH_ARRAY || item.major == WH_MAP) {
      if (depth == MAX_DEPTH) return WH_LIMIT;
      open[depth].is_map = item.major == WH_MAP;
      open[depth].left = open[depth].is_map ? item.value * 2u : item.value;
      open[depth].last_key_size = 0;
      depth++;
    }
    while (depth > 0 && open[depth - 1u].left == 0) depth--;
  } while (depth > 0);
  return at == size ? WH_OK : WH_MALFORMED;
}

/* ---- Reading what has been checked ---------------------------------------------------------------------------------------------- */

void wh_cbor_item(const wh_header *header, size_t at, wh_item *item) {
  (void)head(header->bytes, header->size, at, item);
  if (item->major == WH_BYTES || item->major == WH_TEXT) item->end += (size_t)item->value;
}

size_t wh_cbor_skip(const wh_header *header, size_t at) {
  uint64_t left = 1;
  while (left > 0) {
    wh_item item;
    wh_cbor_item(header, at, &item);
    at = item.end;
    left--;
    if (item.major == WH_ARRAY) left += item.value;
    if (item.major == WH_MAP) left += item.value * 2u;
  }
  return at;
}

int wh_cbor_is_null(const wh_item *item) { return item->major == WH_SIMPLE && item->info == 22u; }

int wh_cbor_find(const wh_header *header, size_t map_at, const char *key, wh_item *value) {
  wh_item item;
  uint64_t left;
  size_t at;
  wh_cbor_item(header, map_at, &item);
  at = item.end;
  for (left = item.value; left > 0; left--) {
    wh_item name;
    size_t i = 0;
    wh_cbor_item(header, at, &name);
    at = name.end;
    if (name.major == WH_TEXT) {
      const uint8_t *text = header->bytes + name.end - (size_t)name.value;
      while (i < name.value && key[i] != 0 && text[i] == (uint8_t)key[i]) i++;
      if (i == name.value && key[i] == 0) {
        wh_cbor_item(header, at, value);
        return 1;
      }
    }
    at = wh_cbor_skip(header, at);
  }
  return 0;
}

wh_status wh_cbor_whole(const wh_item *item, int64_t least, int64_t most, int64_t *number) {
  if (item->major != WH_UINT && item->major != WH_NEGATIVE) return WH_MALFORMED;
  *number = item->major == WH_UINT ? (int64_t)item->value : -1 - (int64_t)item->value;
  return *number >= least && *number <= most ? WH_OK : WH_MALFORMED;
}

wh_status wh_cbor_number(const wh_item *item, uint64_t *pattern) {
  if (item->major == WH_UINT || item->major == WH_NEGATIVE) {
    *pattern = wh_binary64_of(item->major == WH_UINT ? (int64_t)item->value : -1 - (int64_t)item->value);
    return WH_OK;
  }
  if (item->major != WH_SIMPLE || item->info < 25u) return WH_MALFORMED;
  *pattern = item->value;
  return WH_OK;
}

wh_status wh_cbor_text(const wh_header *header, const wh_item *item, size_t most_units, wh_text *text) {
  size_t units;
  if (item->major != WH_TEXT) return WH_MALFORMED;
  text->size = (size_t)item->value;
  text->bytes = header->bytes + item->end - text->size;
  if (wh_text_units(text->bytes, text->size, &units) != WH_OK) return WH_MALFORMED;
  return units <= most_units ? WH_OK : WH_MALFORMED;
}

wh_status wh_cbor_list(const wh_item *item, uint64_t least, uint64_t most) {
  return item->major == WH_ARRAY && item->value >= least && item->value <= most ? WH_OK : WH_MALFORMED;
}
