/*
 * IEEE 754 binary64 in whole numbers: product, quotient and sum of two patterns, rounded to nearest, ties to even. A microcontroller
 * needs them for a few numbers a block (what the index tells of a column), not for the values themselves.
 *
 * Inside, a finite number that is not 0 is sign x significand x 2^exponent with the significand's highest bit (63) set; a bit that was
 * lost below is kept as a 1 in bit 0.
 */
#include "internal.h"

#define INFINITE UINT64_C(0x7ff0000000000000)
#define NOT_A_NUMBER UINT64_C(0x7ff8000000000000)
#define TOP (UINT64_C(1) << 63)

typedef struct {
  uint64_t sign;
  uint64_t significand;
  int exponent;
} parts;

int wh_is_nan(uint64_t pattern) { return (pattern & ~TOP) > INFINITE; }
int wh_is_finite(uint64_t pattern) { return (pattern & INFINITE) != INFINITE; }
static int is_zero(uint64_t pattern) { return (pattern & ~TOP) == 0; }

/* Moves the highest bit to bit 63; `significand` is not 0. */
static void normalise(parts *p) {
  while (!(p->significand & TOP)) {
    p->significand <<= 1;
    p->exponent--;
  }
}

/* Of a finite pattern that is not 0. */
static parts take_apart(uint64_t pattern) {
  const unsigned biased = (unsigned)(pattern >> 52) & 0x7ffu;
  parts p;
  p.sign = pattern & TOP;
  p.significand = pattern & ((UINT64_C(1) << 52) - 1u);
  if (biased > 0) p.significand |= UINT64_C(1) << 52;
  p.exponent = (int)(biased > 0 ? biased : 1u) - 1075;
  normalise(&p);
  return p;
}

static uint64_t shifted_right(uint64_t significand, int by) {
  if (by <= 0) return significand;
  if (by > 63) return significand != 0;
  return significand >> by | ((significand << (64 - by)) != 0);
}

/* Rounds; `significand` is normalised and not 0. */
static uint64_t put_together(parts p) {
  int biased = p.exponent + 63 + 1023;
  uint64_t rest;
  uint64_t rounded;
  if (biased >= 0x7ff) return p.sign | INFINITE;
  if (biased < 1) {
    p.significand = shifted_right(p.significand, 1 - biased);
    biased = 1;
  }
  rounded = p.significand >> 11;
  rest = p.significand & 0x7ffu;
  if (rest > 0x400u || (rest == 0x400u && (rounded & 1u))) rounded++;
  /* The highest bit of a normal number counts one up in the exponent, as does a carry. */
  return p.sign | (((uint64_t)(biased - 1) << 52) + rounded);
}

uint64_t wh_binary64_scaled(int64_t number, int power_of_two) {
  parts p;
  if (number == 0) return 0;
  p.sign = number < 0 ? TOP : 0;
  p.significand = wh_magnitude(number);
  p.exponent = power_of_two;
  normalise(&p);
  return put_together(p);
}

uint64_t wh_binary64_of(int64_t number) { return wh_binary64_scaled(number, 0); }

uint64_t wh_multiply(uint64_t a, uint64_t b) {
  const uint64_t sign = (a ^ b) & TOP;
  uint64_t low;
  uint64_t cross;
  uint64_t other;
  uint64_t middle;
  parts p;
  parts q;
  if (wh_is_nan(a) || wh_is_nan(b)) return NOT_A_NUMBER;
  if (!wh_is_finite(a) || !wh_is_finite(b)) return is_zero(a) || is_zero(b) ? NOT_A_NUMBER : sign | INFINITE;
  if (is_zero(a) || is_zero(b)) return sign;
  p = take_apart(a);
  q = take_apart(b);
  /* The upper 64 bits of the 128 of the product. */
  low = (p.significand & 0xffffffffu) * (q.significand & 0xffffffffu);
  cross = (p.significand >> 32) * (q.significand & 0xffffffffu);
  other = (p.significand & 0xffffffffu) * (q.significand >> 32);
  middle = (low >> 32) + (cross & 0xffffffffu) + (other & 0xffffffffu);
  p.sign = sign;
  p.exponent += q.exponent + 64;
  p.significand = (p.significand >> 32) * (q.significand >> 32) + (cross >> 32) + (other >> 32) + (middle >> 32);
  p.significand |= (middle & 0xffffffffu) != 0 || (low & 0xffffffffu) != 0;
  normalise(&p);
  return put_together(p);
}

uint64_t wh_divide(uint64_t a, uint64_t b) {
  const uint64_t sign = (a ^ b) & TOP;
  uint64_t quotient = 0;
  uint64_t rest;
  int carry = 0;
  int i;
  parts p;
  parts q;
  if (wh_is_nan(a) || wh_is_nan(b)) return NOT_A_NUMBER;
  if (!wh_is_finite(a)) return wh_is_finite(b) ? sign | INFINITE : NOT_A_NUMBER;
  if (!wh_is_finite(b)) return sign;
  if (is_zero(b)) return is_zero(a) ? NOT_A_NUMBER : sign | INFINITE;
  if (is_zero(a)) return sign;
  p = take_apart(a);
  q = take_apart(b);
  rest = p.significand;
  for (i = 0; i < 64; i++) {
    quotient <<= 1;
    if (carry || rest >= q.significand) {
      rest -= q.significand;
      quotient |= 1u;
    }
    carry = (rest & TOP) != 0;
    rest <<= 1;
  }
  p.sign = sign;
  p.exponent -= q.exponent + 63;
  p.significand = quotient | (rest != 0 || carry);
  normalise(&p);
  return put_together(p);
}

uint64_t wh_add(uint64_t a, uint64_t b) {
  parts p;
  parts q;
  uint64_t less;
  if (wh_is_nan(a) || wh_is_nan(b)) return NOT_A_NUMBER;
  if (!wh_is_finite(a)) return wh_is_finite(b) || a == b ? a : NOT_A_NUMBER;
  if (!wh_is_finite(b)) return b;
  if (is_zero(a)) return is_zero(b) ? a & b : b;
  if (is_zero(b)) return a;
  p = take_apart((a & ~TOP) >= (b & ~TOP) ? a : b);
  q = take_apart((a & ~TOP) >= (b & ~TOP) ? b : a);
  /* One bit of room above. The eleven bits below a significand are 0, so nothing is lost but by the shift. */
  less = shifted_right(q.significand >> 1, p.exponent - q.exponent);
  p.exponent++;
  p.significand >>= 1;
  p.significand = p.sign == q.sign ? p.significand + less : p.significand - less;
  if (p.significand == 0) return 0;
  normalise(&p);
  return put_together(p);
}

/* Patterns in the order of their values. */
static int64_t ordinal(uint64_t pattern) {
  return pattern & TOP ? -(int64_t)(pattern & ~TOP) : (int64_t)pattern;
}

int wh_less(uint64_t a, uint64_t b) { return ordinal(a) < ordinal(b); }
int wh_equal(uint64_t a, uint64_t b) { return !wh_is_nan(a) && !wh_is_nan(b) && ordinal(a) == ordinal(b); }

int64_t wh_floor(uint64_t pattern) {
  parts p;
  uint64_t magnitude;
  if (is_zero(pattern)) return 0;
  p = take_apart(pattern);
  if (p.exponent < -63) return p.sign ? -1 : 0;
  magnitude = p.significand >> -p.exponent;
  if (p.sign == 0) return (int64_t)magnitude;
  return -(int64_t)magnitude - (p.exponent < 0 && (p.significand & ((UINT64_C(1) << -p.exponent) - 1u)) != 0);
}

uint64_t wh_value_of(int64_t number, const wh_step *grid) {
  if (number == 0) return 0;
  return wh_divide(wh_multiply(wh_binary64_of(number), grid->numerator), grid->denominator);
}
