/* Deterministic CBOR (RFC 8949, 4.2.1), written. Map keys are put in their order by who writes them. */
#include "internal.h"

static void put_head(const wh_cbor_out *out, unsigned first, uint64_t value, unsigned bytes) {
  uint8_t head[9];
  unsigned i;
  head[0] = (uint8_t)first;
  for (i = 0; i < bytes; i++) head[1u + i] = (uint8_t)(value >> (8u * (bytes - 1u - i)));
  out->put(out->to, head, 1u + bytes);
}

void wh_cbor_put(const wh_cbor_out *out, unsigned major, uint64_t value) {
  const unsigned top = major << 5;
  if (value < 24u) {
    put_head(out, top | (unsigned)value, 0, 0);
  } else if (value <= 0xffu) {
    put_head(out, top | 24u, value, 1u);
  } else if (value <= 0xffffu) {
    put_head(out, top | 25u, value, 2u);
  } else if (value <= 0xffffffffu) {
    put_head(out, top | 26u, value, 4u);
  } else {
    put_head(out, top | 27u, value, 8u);
  }
}

void wh_cbor_put_whole(const wh_cbor_out *out, int64_t number) {
  if (number >= 0) {
    wh_cbor_put(out, WH_UINT, (uint64_t)number);
  } else {
    wh_cbor_put(out, WH_NEGATIVE, (uint64_t)(-1 - number));
  }
}

void wh_cbor_put_null(const wh_cbor_out *out) { wh_cbor_put(out, WH_SIMPLE, 22u); }

/* A finite binary64 with fewer bits of exponent and fraction, exactly: wh_float_bytes says that it fits. */
static uint64_t narrowed(uint64_t pattern, unsigned exponent_bits, unsigned fraction_bits) {
  const int bias = (int)(1u << (exponent_bits - 1u)) - 1;
  const int exponent = (int)((pattern >> 52) & 0x7ffu) - 1023;
  const uint64_t sign = pattern >> 63 << (exponent_bits + fraction_bits);
  uint64_t fraction = pattern & ((UINT64_C(1) << 52) - 1u);
  if (exponent >= 1 - bias) return sign | (uint64_t)(exponent + bias) << fraction_bits | fraction >> (52u - fraction_bits);
  fraction |= UINT64_C(1) << 52;
  return sign | fraction >> (52u - fraction_bits + (unsigned)(1 - bias - exponent));
}

void wh_cbor_put_number(const wh_cbor_out *out, uint64_t pattern) {
  const unsigned top = (unsigned)WH_SIMPLE << 5;
  unsigned bytes;
  if (wh_is_safe(pattern) && wh_is_whole(pattern)) {
    wh_cbor_put_whole(out, wh_floor(pattern));
    return;
  }
  bytes = wh_float_bytes(pattern);
  if (bytes == 2u) {
    put_head(out, top | 25u, narrowed(pattern, 5u, 10u), 2u);
  } else if (bytes == 4u) {
    put_head(out, top | 26u, narrowed(pattern, 8u, 23u), 4u);
  } else {
    put_head(out, top | 27u, pattern, 8u);
  }
}

static size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

void wh_cbor_put_text(const wh_cbor_out *out, const char *text) {
  const size_t size = length_of(text);
  wh_cbor_put(out, WH_TEXT, size);
  out->put(out->to, (const uint8_t *)text, size);
}

void wh_cbor_put_step(const wh_cbor_out *out, const wh_step *step) {
  wh_cbor_put(out, WH_ARRAY, 2u);
  wh_cbor_put_number(out, step->numerator);
  wh_cbor_put_number(out, step->denominator);
}

int wh_is_text(const char *text, size_t most_units) {
  size_t units;
  return text != NULL && wh_text_units((const uint8_t *)text, length_of(text), &units) == WH_OK && units <= most_units;
}
