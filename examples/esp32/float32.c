/* Numbers that were binary32, as phones and loggers print them (docs/HOUR.md, form 3). */
#include "internal.h"

#define INFINITE UINT64_C(0x7ff0000000000000)
#define HALF UINT64_C(0x3fe0000000000000)
#define LARGEST_POWER 22

uint64_t wh_to_float32(uint64_t pattern) {
  const uint64_t sign = pattern & WH_MINUS_ZERO;
  uint64_t magnitude = pattern & ~WH_MINUS_ZERO;
  const int exponent = (int)(magnitude >> 52) - 1023;
  uint64_t unit;
  uint64_t rest;
  int lost;
  if (magnitude >= INFINITE) return pattern;
  if (exponent < -150) return sign;
  /* Bits of the significand that binary32 has no place for: 29, and more below its normal numbers. */
  lost = exponent < -126 ? 29 - 126 - exponent : 29;
  if (lost > 52) {
    /* Half of the least binary32, 2^-150, is a tie with 0; above it the least one. */
    return magnitude > UINT64_C(0x3690000000000000) ? sign | UINT64_C(0x36a0000000000000) : sign;
  }
  unit = UINT64_C(1) << lost;
  rest = magnitude & (unit - 1u);
  magnitude -= rest;
  /* The last bit that is kept may be the significand's first, which is not written: then it is odd. */
  if (rest > unit / 2u || (rest == unit / 2u && (lost == 52 || (magnitude & unit)))) magnitude += unit;
  return sign | (magnitude >= UINT64_C(0x47f0000000000000) ? INFINITE : magnitude);
}

/* 10^power, -22 to 22: above, a power is exact; below, its reciprocal rounded. Beyond, infinite or 0. */
static uint64_t power_of_ten(int power) {
  uint64_t result = WH_ONE;
  int left = power < 0 ? -power : power;
  if (left > LARGEST_POWER) return power < 0 ? 0 : INFINITE;
  for (; left > 0; left--) result = wh_multiply(result, WH_TEN);
  return power < 0 ? wh_divide(WH_ONE, result) : result;
}

/* The floor of log10 of a number above 0: 1233 / 4096 is a little less than log10 2, and the table mends the guess by one. */
static int decimal_exponent(uint64_t pattern) {
  const int scaled = ((int)(pattern >> 52) - 1023) * 1233;
  const int guess = (scaled - (scaled & 4095)) / 4096;
  if (wh_less(pattern, power_of_ten(guess))) return guess - 1;
  return wh_less(pattern, power_of_ten(guess + 1)) ? guess : guess + 1;
}

wh_status wh_decimal_of_float32(uint64_t *pattern) {
  const uint64_t magnitude = *pattern & ~WH_MINUS_ZERO;
  int exponent;
  int digits;
  if (magnitude == 0 || magnitude >= INFINITE) return WH_OK;
  exponent = decimal_exponent(magnitude);
  for (digits = 6; digits <= 9; digits++) {
    const int shift = digits - 1 - exponent;
    uint64_t power;
    uint64_t value;
    if (shift > LARGEST_POWER || shift < -LARGEST_POWER) return WH_CORRUPT;
    power = power_of_ten(shift < 0 ? -shift : shift);
    value = shift < 0 ? wh_divide(magnitude, power) : wh_multiply(magnitude, power);
    value = wh_binary64_of(wh_floor(wh_add(value, HALF)));
    value = shift < 0 ? wh_multiply(value, power) : wh_divide(value, power);
    if (wh_to_float32(value) == magnitude) {
      *pattern = value | (*pattern & WH_MINUS_ZERO);
      return WH_OK;
    }
  }
  return WH_CORRUPT;
}
