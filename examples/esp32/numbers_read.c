/* Numbers of a column in mini-blocks with Rice's code (docs/HOUR.md, "The fast profile": numbers). */
#include "internal.h"

int64_t wh_predicted(unsigned predictor, const wh_past *past) {
  switch (predictor) {
    case 0: return past->mean;
    case 1: return past->last;
    case 2: return 2 * past->last - past->before_last;
    default: return past->last + wh_half(past->last - past->before_last);
  }
}

/* One z of a mini-block. */
static wh_status folded(wh_bits *bits, unsigned mode, unsigned width, uint64_t *z) {
  unsigned quotient;
  if (mode == 31u) return *z = 0, WH_OK;
  if (mode == 30u) return *z = wh_fixed_long(bits, width), WH_OK;
  quotient = wh_zeros(bits, WH_ESCAPE);
  if (quotient == WH_ESCAPE) return wh_unsigned(bits, z);
  *z = (uint64_t)quotient << mode | wh_fixed(bits, mode);
  return WH_OK;
}

static wh_status mini_block(wh_bits *bits, int is_narrow, wh_past *past, int64_t *m, uint32_t count) {
  const unsigned predictor = wh_fixed(bits, 2u);
  const unsigned mode = wh_fixed(bits, 5u);
  const int64_t bound = is_narrow ? WH_NARROW : WH_WIDE;
  const uint64_t largest = is_narrow ? (UINT64_C(1) << 31) - 1u : UINT64_C(1) << 53;
  unsigned width = 0;
  int64_t sum = 0;
  uint32_t i;
  if (mode > 26u && mode < 30u) return WH_CORRUPT;
  if (mode == 30u) {
    width = wh_fixed(bits, 6u);
    if (width == 0 || width > (is_narrow ? 31u : 53u)) return WH_CORRUPT;
  }
  for (i = 0; i < count; i++) {
    uint64_t z;
    int64_t residual;
    const wh_status status = folded(bits, mode, width, &z);
    if (status != WH_OK) return status;
    if (z > largest) return WH_CORRUPT;
    residual = z & 1u ? -(int64_t)(z >> 1) - 1 : (int64_t)(z >> 1);
    m[i] = wh_predicted(predictor, past) + residual;
    if (m[i] <= -bound || m[i] >= bound) return WH_CORRUPT;
    past->before_last = past->last;
    past->last = m[i];
    sum += m[i];
  }
  /* Only the last mini-block is shorter, and nobody asks for its mean. */
  past->mean = (sum - (sum & (int64_t)(WH_MINI_BLOCK - 1u))) / (int64_t)WH_MINI_BLOCK;
  return wh_bits_passed(bits) ? WH_CORRUPT : WH_OK;
}

/* number = base + unit x m; the product and the number are at most 2^53 - 1 in magnitude. */
static wh_status spread(int64_t base, uint64_t unit, int64_t *m, uint32_t count) {
  const int64_t most = WH_MAX_NUMBER / (int64_t)unit;
  uint32_t i;
  for (i = 0; i < count; i++) {
    if (m[i] < -most || m[i] > most) return WH_CORRUPT;
    m[i] = base + (int64_t)unit * m[i];
    if (m[i] < -WH_MAX_NUMBER || m[i] > WH_MAX_NUMBER) return WH_CORRUPT;
  }
  return WH_OK;
}

wh_status wh_numbers_read(wh_bits *bits, int64_t *numbers, uint32_t count, int64_t *first) {
  wh_past past = {0, 0, 0};
  int64_t base;
  uint64_t unit = 1;
  int is_narrow;
  uint32_t at;
  wh_status status = wh_signed(bits, &base);
  if (status != WH_OK) return status;
  *first = base;
  if (!wh_fixed(bits, 1u)) {
    status = wh_unsigned(bits, &unit);
    if (status != WH_OK) return status;
    if (unit == 0) return WH_CORRUPT;
  }
  is_narrow = (int)wh_fixed(bits, 1u);
  for (at = 0; at < count; at += WH_MINI_BLOCK) {
    const uint32_t left = count - at;
    status = mini_block(bits, is_narrow, &past, numbers + at, left < WH_MINI_BLOCK ? left : WH_MINI_BLOCK);
    if (status != WH_OK) return status;
  }
  return spread(base, unit, numbers, count);
}
