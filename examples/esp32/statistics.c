/*
 * What the index tells of a block: count, least, greatest and sum of each column's finite values (docs/HOUR.md, "Header"). On a grid whose
 * numbers add up exactly everything is whole numbers; only where values are given apart, or are no numbers on a grid, or sums come near 2^53,
 * each is looked at as binary64.
 */
#include "internal.h"

#define HALF UINT64_C(0x3fe0000000000000)
#define EXACT (UINT64_C(1) << 52)
#define MODERATE (UINT64_C(1) << 48)

int wh_is_safe(uint64_t pattern) {
  return wh_is_finite(pattern) && (pattern & ~WH_MINUS_ZERO) <= wh_binary64_of(WH_MAX_NUMBER);
}

/* The whole number nearest to value x denominator / numerator, halves upwards. 0 where it is beyond 2^53 - 1. */
static int number_on(const wh_step *step, uint64_t value, int64_t *number) {
  const uint64_t quotient = wh_divide(wh_multiply(value, step->denominator), step->numerator);
  if (!wh_is_safe(quotient)) return 0;
  *number = wh_floor(quotient);
  if (!wh_less(wh_add(quotient, wh_binary64_of(-*number)), HALF)) (*number)++;
  return *number <= WH_MAX_NUMBER;
}

/* The sum of numbers on a grid is told where the grid gives it back. */
static void tell_sum(wh_column_index *found, int64_t sum) {
  int64_t back;
  found->sum.number = sum;
  found->sum.value = wh_value_of(sum, &found->step);
  if (!number_on(&found->step, found->sum.value, &back) || back != sum) return;
  found->sum.kind = WH_TOLD_NUMBER;
}

static void tell_number(wh_told *told, int64_t number, const wh_step *step) {
  told->kind = WH_TOLD_NUMBER;
  told->number = number;
  told->value = wh_value_of(number, step);
}

static int is_missing(const wh_values *values, uint32_t row) {
  return values->missing != NULL && wh_bit(values->missing, row);
}

static int64_t number_at(const wh_values *values, uint32_t row) {
  return values->numbers != NULL ? values->numbers[row] : values->small_numbers[row];
}

static int is_apart(const wh_values *values, uint32_t row) {
  return values->grid == NULL || (values->apart != NULL && wh_bit(values->apart, row));
}

/*
 * Whether the values of numbers below 2^48 lead back to them: four roundings of 2^-53 each move none by half of 1, as long as nothing overflows or
 * underflows.
 */
static int is_moderate(const wh_step *step) {
  const unsigned numerator = (unsigned)(step->numerator >> 52);
  const unsigned denominator = (unsigned)(step->denominator >> 52);
  return numerator > 823u && numerator < 1223u && denominator > 823u && denominator < 1223u;
}

/* Counts the numbers and finds the ends of them; -0 is number 0. 0 where a value is no number. */
static int ends_of(uint32_t rows, const wh_values *values, int64_t *least, int64_t *greatest, uint32_t *count) {
  uint32_t row;
  for (row = 0; row < rows; row++) {
    int64_t number = number_at(values, row);
    if (is_missing(values, row)) continue;
    if (is_apart(values, row)) {
      if (wh_as_pattern(number) != WH_MINUS_ZERO) return 0;
      number = 0;
    }
    if (number < *least) *least = number;
    if (number > *greatest) *greatest = number;
    (*count)++;
  }
  return *count > 0;
}

/* Of numbers alone. 0 where they, or their differences from the base, may not add up exactly in binary64. */
static int of_numbers(uint32_t rows, const wh_values *values, int may_add, int64_t base, wh_column_index *found) {
  int64_t least = INT64_MAX;
  int64_t greatest = INT64_MIN;
  int64_t sum = 0;
  uint64_t farthest = wh_magnitude(base);
  uint32_t count = 0;
  uint32_t row;
  if (!ends_of(rows, values, &least, &greatest, &count)) return 0;
  if (wh_magnitude(least) > farthest) farthest = wh_magnitude(least);
  if (wh_magnitude(greatest) > farthest) farthest = wh_magnitude(greatest);
  if (farthest > (EXACT - 1u) / count) return 0;
  if (!may_add && (farthest >= MODERATE || !is_moderate(&found->step))) return 0;
  for (row = 0; row < rows; row++) {
    if (!is_missing(values, row) && !is_apart(values, row)) sum += number_at(values, row);
  }
  found->count = count;
  tell_number(&found->least, least, &found->step);
  tell_number(&found->greatest, greatest, &found->step);
  tell_sum(found, sum);
  return 1;
}

static uint64_t value_at(const wh_values *values, uint32_t row) {
  if (is_apart(values, row)) return wh_as_pattern(number_at(values, row));
  return wh_value_of(number_at(values, row), values->grid);
}

/* Least and greatest value as their numbers where the grid gives them back. */
static void tell_value(wh_told *told, uint64_t value, const wh_column_index *index) {
  told->kind = WH_TOLD_VALUE;
  told->value = value == WH_MINUS_ZERO ? 0 : value;
  if (!index->has_step || !number_on(&index->step, told->value, &told->number)) return;
  if (wh_equal(wh_value_of(told->number, &index->step), value)) told->kind = WH_TOLD_NUMBER;
}

static void of_values(uint32_t rows, const wh_values *values, wh_column_index *found) {
  uint64_t least = 0;
  uint64_t greatest = 0;
  uint64_t sum = 0;
  uint64_t sum_of_numbers = 0;
  int is_on_grid = found->has_step;
  uint32_t row;
  for (row = 0; row < rows; row++) {
    uint64_t value;
    int64_t number;
    if (is_missing(values, row)) continue;
    value = value_at(values, row);
    if (!wh_is_finite(value)) continue;
    if (found->count == 0 || wh_less(value, least)) least = value;
    if (found->count == 0 || wh_less(greatest, value)) greatest = value;
    found->count++;
    sum = wh_add(sum, value);
    if (!is_on_grid) continue;
    is_on_grid = number_on(&found->step, value, &number) && wh_equal(wh_value_of(number, &found->step), value);
    if (is_on_grid) sum_of_numbers = wh_add(sum_of_numbers, wh_binary64_of(number));
  }
  if (found->count == 0) return;
  tell_value(&found->least, least, found);
  tell_value(&found->greatest, greatest, found);
  if (is_on_grid) {
    if (wh_is_safe(sum_of_numbers)) tell_sum(found, wh_floor(sum_of_numbers));
  } else if (wh_is_finite(sum)) {
    tell_value(&found->sum, sum, found);
  }
}

void wh_statistics(uint32_t rows, const wh_values *values, const wh_step *step, int may_add, int64_t base,
                   wh_column_index *found) {
  const wh_told nothing = {WH_TOLD_NOTHING, 0, 0};
  const wh_step none = {WH_ONE, WH_ONE};
  found->has_step = step != NULL;
  found->step = step != NULL ? *step : none;
  found->count = 0;
  found->least = nothing;
  found->greatest = nothing;
  found->sum = nothing;
  if (step != NULL && of_numbers(rows, values, may_add, base, found)) return;
  of_values(rows, values, found);
}

/* By their values, as several numbers of a grid may be rounded to one. */
static int is_same(const wh_told *found, const wh_told *told, const wh_step *step) {
  const uint64_t value = told->kind == WH_TOLD_NUMBER ? wh_value_of(told->number, step) : told->value;
  if (found->kind == WH_TOLD_NOTHING || told->kind == WH_TOLD_NOTHING) return found->kind == told->kind;
  return wh_equal(found->value, value);
}

wh_status wh_check_column(const wh_block *block, const wh_column_index *index, const wh_column *column) {
  const wh_step *step = index->has_step ? &index->step : NULL;
  wh_column_index found;
  wh_values values;
  values.numbers = column->numbers;
  values.small_numbers = NULL;
  values.missing = column->missing;
  values.apart = column->apart;
  values.grid = step;
  wh_statistics(block->rows, &values, step, column->has_numbers_only, column->base, &found);
  if (found.count != index->count) return WH_CORRUPT;
  return is_same(&found.least, &index->least, &index->step) && is_same(&found.greatest, &index->greatest, &index->step) &&
                 is_same(&found.sum, &index->sum, &index->step)
             ? WH_OK
             : WH_CORRUPT;
}

wh_status wh_check_times(const wh_block *block, const int64_t *ticks) {
  const int64_t most = WH_MAX_NUMBER / (int64_t)block->tick_ns;
  int64_t first = ticks[0];
  int64_t last = ticks[0];
  uint32_t row;
  for (row = 1; row < block->rows; row++) {
    if (ticks[row] < first) first = ticks[row];
    if (ticks[row] > last) last = ticks[row];
  }
  if (first < -most || last > most) return WH_CORRUPT;
  return first == block->first && last == block->last ? WH_OK : WH_CORRUPT;
}

wh_status wh_block_begin(wh_block_reader *reader, const wh_block *block, const uint8_t *bytes, size_t size) {
  if (!block->is_fast) return WH_SMALL_PROFILE;
  if (size != block->size || wh_crc32(0, bytes, size) != block->crc) return WH_CORRUPT;
  return wh_block_open(reader, bytes, size, block->rows);
}
