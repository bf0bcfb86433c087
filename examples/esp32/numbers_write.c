/*
 * Numbers of a column in mini-blocks, as docs/HOUR.md says that the writer of the project chooses ("The fast profile"): the same numbers make the same
 * bytes. The numbers are gone through twice and need no memory but a mini-block's, 512 bytes of stack.
 */
#include "internal.h"

#define MOST_COUNTED (UINT64_C(1) << 40)
#define MAX_RICE 26u
#define PACKED 30u
#define ZEROS 31u

int wh_plan_numbers(const wh_source *source, wh_plan *plan) {
  int64_t number;
  int64_t least;
  int64_t greatest;
  uint64_t unit = 0;
  uint64_t farthest;
  source->restart(source->source);
  (void)source->next(source->source, &plan->base);
  least = plan->base;
  greatest = plan->base;
  while (source->next(source->source, &number)) {
    uint64_t a = wh_magnitude(number - plan->base);
    if (number < least) least = number;
    if (number > greatest) greatest = number;
    /* The greatest common divisor, by Euclid. */
    while (a != 0 && unit != 1u) {
      const uint64_t rest = unit % a;
      unit = a;
      a = rest;
    }
  }
  if (unit == 0 || greatest - least > WH_MAX_NUMBER) unit = 1u;
  farthest = (uint64_t)(greatest - plan->base > plan->base - least ? greatest - plan->base : plan->base - least);
  farthest /= unit;
  plan->unit = unit;
  plan->is_narrow = farthest < (uint64_t)WH_NARROW;
  return farthest < (uint64_t)WH_WIDE;
}

static uint64_t folded(int64_t rest) {
  return rest >= 0 ? (uint64_t)rest << 1 : (wh_magnitude(rest) << 1) - 1u;
}

static uint64_t counted(uint64_t z) { return z < MOST_COUNTED ? z : MOST_COUNTED; }

static void step_on(wh_past *past, int64_t m) {
  past->before_last = past->last;
  past->last = m;
}

/* The first predictor of those that leave least. */
static unsigned best_predictor(const int64_t *m, unsigned count, wh_past past) {
  uint64_t sums[4] = {0, 0, 0, 0};
  unsigned best = 0;
  unsigned predictor;
  unsigned i;
  for (i = 0; i < count; i++) {
    for (predictor = 0; predictor < 4u; predictor++)
      sums[predictor] += counted(folded(m[i] - wh_predicted(predictor, &past)));
    step_on(&past, m[i]);
  }
  for (predictor = 1; predictor < 4u; predictor++) {
    if (sums[predictor] < sums[best]) best = predictor;
  }
  return best;
}

static unsigned mode_for(const uint64_t *z, unsigned count, unsigned *width) {
  uint64_t sum = 0;
  uint64_t greatest = 0;
  uint64_t rice_bits = 0;
  unsigned mode = 0;
  unsigned i;
  for (i = 0; i < count; i++) {
    sum += counted(z[i]);
    if (z[i] > greatest) greatest = z[i];
  }
  if (sum == 0) return ZEROS;
  while (mode < MAX_RICE && (uint64_t)count << (mode + 1u) <= sum) mode++;
  for (i = 0; i < count; i++) {
    const uint64_t zeros = z[i] >> mode;
    rice_bits += zeros < WH_ESCAPE ? zeros + 1u + mode : WH_ESCAPE + 5u + wh_bit_length(z[i]);
  }
  *width = wh_bit_length(greatest);
  return 6u + count * *width < rice_bits ? PACKED : mode;
}

static void write_mini_block(wh_bits_out *bits, const int64_t *m, unsigned count, wh_past *past) {
  const unsigned predictor = best_predictor(m, count, *past);
  uint64_t z[WH_MINI_BLOCK];
  int64_t sum = 0;
  unsigned width = 0;
  unsigned mode;
  unsigned i;
  for (i = 0; i < count; i++) {
    z[i] = folded(m[i] - wh_predicted(predictor, past));
    step_on(past, m[i]);
    sum += m[i];
  }
  past->mean = (sum - (sum & (int64_t)(WH_MINI_BLOCK - 1u))) / (int64_t)WH_MINI_BLOCK;
  mode = mode_for(z, count, &width);
  wh_put(bits, predictor, 2u);
  wh_put(bits, mode, 5u);
  if (mode == ZEROS) return;
  if (mode == PACKED) wh_put(bits, width, 6u);
  for (i = 0; i < count; i++) {
    if (mode == PACKED) {
      wh_put(bits, z[i], width);
    } else if (z[i] >> mode < WH_ESCAPE) {
      wh_put(bits, 1u, (unsigned)(z[i] >> mode) + 1u);
      wh_put(bits, z[i], mode);
    } else {
      wh_put(bits, 0, WH_ESCAPE);
      wh_put_unsigned(bits, z[i]);
    }
  }
}

void wh_write_numbers(wh_bits_out *bits, const wh_source *source, const wh_plan *plan) {
  wh_past past = {0, 0, 0};
  int64_t m[WH_MINI_BLOCK];
  int64_t number;
  unsigned count = 0;
  wh_put_signed(bits, plan->base);
  wh_put(bits, plan->unit == 1u, 1u);
  if (plan->unit != 1u) wh_put_unsigned(bits, plan->unit);
  wh_put(bits, (unsigned)plan->is_narrow, 1u);
  source->restart(source->source);
  while (source->next(source->source, &number)) {
    m[count++] = (number - plan->base) / (int64_t)plan->unit;
    if (count < WH_MINI_BLOCK) continue;
    write_mini_block(bits, m, count, &past);
    count = 0;
  }
  if (count > 0) write_mini_block(bits, m, count, &past);
}
