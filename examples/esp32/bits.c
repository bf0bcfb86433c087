/*
 * Plain bits, highest first, and the numbers that are written with them (docs/HOUR.md, "Numbers" and "The fast profile").
 * Beyond the end zeros are read; whoever reads asks wh_bits_passed before believing what came.
 */
#include "internal.h"

void wh_bits_open(wh_bits *bits, const uint8_t *bytes, size_t size) {
  bits->bytes = bytes;
  bits->size = size;
  bits->next = 0;
  bits->held = 0;
  bits->held_bits = 0;
}

/* At least 57 bits are held afterwards. */
void wh_bits_refill(wh_bits *bits) {
  while (bits->held_bits <= 56u) {
    if (bits->next < bits->size) bits->held |= (uint64_t)bits->bytes[bits->next] << (56u - bits->held_bits);
    bits->next++;
    bits->held_bits += 8u;
  }
}

int wh_bits_passed(const wh_bits *bits) {
  /* Whole bytes that were fetched beyond the end must still be held. */
  return bits->next > bits->size && (bits->next - bits->size) * 8u > bits->held_bits;
}

int wh_bits_ended(const wh_bits *bits) {
  const size_t beyond = bits->next > bits->size ? bits->next - bits->size : 0;
  if (wh_bits_passed(bits) || bits->next < bits->size) return 0;
  return bits->held_bits - beyond * 8u < 8u && bits->held == 0;
}

uint64_t wh_fixed_long(wh_bits *bits, unsigned count) {
  uint64_t upper;
  if (count <= 32u) return wh_fixed(bits, count);
  upper = wh_fixed(bits, count - 32u);
  return upper << 32 | wh_fixed(bits, 32u);
}

static unsigned leading_zeros(uint32_t word) {
  unsigned zeros = 0;
  if ((word & 0xffff0000u) == 0) zeros += 16u, word <<= 16;
  if ((word & 0xff000000u) == 0) zeros += 8u, word <<= 8;
  if ((word & 0xf0000000u) == 0) zeros += 4u, word <<= 4;
  if ((word & 0xc0000000u) == 0) zeros += 2u, word <<= 2;
  return zeros + ((word & 0x80000000u) == 0);
}

unsigned wh_zeros(wh_bits *bits, unsigned most) {
  uint32_t word;
  unsigned zeros;
  if (bits->held_bits < 32u) wh_bits_refill(bits);
  word = (uint32_t)(bits->held >> 32);
  zeros = leading_zeros(word | 1u);
  if (zeros >= most) zeros = most;
  (void)wh_fixed(bits, zeros < most ? zeros + 1u : most);
  return zeros;
}

wh_status wh_unsigned(wh_bits *bits, uint64_t *value) {
  const unsigned length = wh_fixed(bits, 6u);
  *value = 0;
  if (length == 0) return WH_OK;
  if (length > 54u) return WH_CORRUPT;
  *value = UINT64_C(1) << (length - 1u) | wh_fixed_long(bits, length - 1u);
  return *value <= UINT64_C(1) << 53 ? WH_OK : WH_CORRUPT;
}

wh_status wh_signed(wh_bits *bits, int64_t *value) {
  uint64_t magnitude;
  const wh_status status = wh_unsigned(bits, &magnitude);
  *value = (int64_t)magnitude;
  if (status == WH_OK && magnitude > 0 && wh_fixed(bits, 1u)) *value = -*value;
  return status;
}

wh_status wh_float(wh_bits *bits, uint64_t *pattern) {
  *pattern = wh_fixed_long(bits, 64u);
  return wh_is_nan(*pattern) ? WH_CORRUPT : WH_OK;
}

wh_status wh_gamma(wh_bits *bits, uint32_t *value) {
  const unsigned zeros = wh_zeros(bits, 16u);
  if (zeros > 15u) return WH_CORRUPT;
  *value = 1u << zeros | wh_fixed(bits, zeros);
  return WH_OK;
}
