/* The bits of a block, written, highest first. */
#include "internal.h"

static void put_few(wh_bits_out *bits, uint32_t value, unsigned width) {
  bits->held = bits->held << width | value;
  bits->held_bits += width;
  while (bits->held_bits >= 8u) {
    bits->held_bits -= 8u;
    if (bits->size == bits->room) {
      bits->is_full = 1;
      return;
    }
    bits->bytes[bits->size++] = (uint8_t)(bits->held >> bits->held_bits);
  }
}

/* The low `width` bits, 0 to 64. */
void wh_put(wh_bits_out *bits, uint64_t value, unsigned width) {
  if (bits->is_full) return;
  if (width > 32u) {
    put_few(bits, (uint32_t)(value >> 32 & ((UINT64_C(1) << (width - 32u)) - 1u)), width - 32u);
    width = 32u;
  }
  if (!bits->is_full) put_few(bits, (uint32_t)(value & ((UINT64_C(1) << width) - 1u)), width);
}

unsigned wh_bit_length(uint64_t value) {
  unsigned length = 0;
  for (; value > 0; value >>= 1) length++;
  return length;
}

void wh_put_unsigned(wh_bits_out *bits, uint64_t value) {
  const unsigned length = wh_bit_length(value);
  wh_put(bits, length, 6u);
  if (length > 1u) wh_put(bits, value, length - 1u);
}

void wh_put_signed(wh_bits_out *bits, int64_t value) {
  wh_put_unsigned(bits, wh_magnitude(value));
  if (value != 0) wh_put(bits, value < 0, 1u);
}

void wh_put_gamma(wh_bits_out *bits, uint32_t value) {
  const unsigned length = wh_bit_length(value);
  wh_put(bits, 0, length - 1u);
  wh_put(bits, value, length);
}

void wh_put_end(wh_bits_out *bits) {
  if (bits->held_bits > 0) wh_put(bits, 0, 8u - bits->held_bits);
}
