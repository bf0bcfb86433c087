/* A block in the fast profile: the times, then the columns (docs/HOUR.md, "The fast profile": column). */
#include "internal.h"

wh_status wh_block_open(wh_block_reader *reader, const uint8_t *bytes, size_t size, uint32_t rows) {
  if (rows == 0 || rows > WH_MAX_BLOCK_ROWS) return WH_LIMIT;
  wh_bits_open(&reader->bits, bytes, size);
  reader->rows = rows;
  reader->has_times = 0;
  return WH_OK;
}

/* Runs of rows with and without a value, in turns. */
static wh_status presence(wh_bits *bits, uint32_t rows, uint8_t *missing, uint32_t *present) {
  uint32_t row = 0;
  int has_value = 1;
  *present = 0;
  while (row < rows) {
    uint32_t run;
    const wh_status status = wh_gamma(bits, &run);
    if (status != WH_OK) return status;
    if (row == 0 && has_value) run--;
    if (run > rows - row || wh_bits_passed(bits)) return WH_CORRUPT;
    if (has_value) {
      *present += run;
      row += run;
    } else {
      for (; run > 0; run--) wh_set_bit(missing, row++);
    }
    has_value = !has_value;
  }
  return *present > 0 ? WH_OK : WH_CORRUPT;
}

/* Moves the values that are there, which lie together at the beginning, to their rows. */
static void to_rows(wh_column *column, uint32_t rows) {
  uint32_t from = column->present;
  uint32_t row = rows;
  if (from == rows) return;
  while (row > 0) {
    row--;
    if (wh_bit(column->missing, row)) {
      column->numbers[row] = 0;
      wh_clear_bit(column->apart, row);
      continue;
    }
    from--;
    column->numbers[row] = column->numbers[from];
    if (wh_bit(column->apart, from)) {
      wh_set_bit(column->apart, row);
    } else {
      wh_clear_bit(column->apart, row);
    }
  }
}

static void set_apart(wh_column *column, uint32_t i, uint64_t pattern) {
  column->numbers[i] = wh_as_number(pattern);
  wh_set_bit(column->apart, i);
}

/* Values that are given apart, each with how many lie before it. */
static wh_status exceptions(wh_bits *bits, wh_column *column) {
  uint64_t count;
  uint64_t at = 0;
  wh_status status = wh_unsigned(bits, &count);
  if (status != WH_OK) return status;
  if (count > column->present) return WH_CORRUPT;
  for (; count > 0; count--) {
    uint64_t between;
    uint64_t pattern;
    status = wh_unsigned(bits, &between);
    if (status == WH_OK) status = wh_float(bits, &pattern);
    if (status != WH_OK) return status;
    if (between >= column->present - at || wh_bits_passed(bits)) return WH_CORRUPT;
    at += between;
    set_apart(column, (uint32_t)at, pattern);
    at++;
  }
  return WH_OK;
}

static wh_status grid_values(wh_bits *bits, wh_column *column) {
  const unsigned has_minus_zero = wh_fixed(bits, 1u);
  const unsigned has_exceptions = wh_fixed(bits, 1u);
  wh_status status = wh_numbers_read(bits, column->numbers, column->present, &column->base);
  uint32_t i;
  if (status != WH_OK) return status;
  column->has_numbers_only = !has_minus_zero && !has_exceptions;
  for (i = 0; has_minus_zero && i < column->present; i++) {
    if (column->numbers[i] == 0 && wh_fixed(bits, 1u)) set_apart(column, i, WH_MINUS_ZERO);
  }
  return has_exceptions ? exceptions(bits, column) : WH_OK;
}

static wh_status float64_values(wh_bits *bits, wh_column *column) {
  uint32_t i;
  for (i = 0; i < column->present; i++) {
    uint64_t pattern;
    const wh_status status = wh_float(bits, &pattern);
    if (status != WH_OK) return status;
    set_apart(column, i, pattern);
  }
  return WH_OK;
}

/* The binary64 whose ordinal is high x 2^29, less 1 where high is below 0. */
static wh_status pattern_of_high(int64_t high, uint64_t *pattern) {
  const uint64_t magnitude = wh_magnitude(high);
  if (magnitude >= UINT64_C(1) << 34) return WH_CORRUPT;
  *pattern = magnitude << 29 | (high < 0 ? WH_MINUS_ZERO : 0u);
  return wh_is_nan(*pattern) ? WH_CORRUPT : WH_OK;
}

static wh_status float32_values(wh_bits *bits, wh_column *column) {
  const unsigned as_decimals = wh_fixed(bits, 1u);
  const unsigned has_exceptions = wh_fixed(bits, 1u);
  const unsigned is_binary = wh_fixed(bits, 1u);
  const int fraction_bits = is_binary ? (int)wh_fixed(bits, 6u) : 0;
  wh_status status = wh_numbers_read(bits, column->numbers, column->present, &column->base);
  uint32_t i;
  for (i = 0; status == WH_OK && i < column->present; i++) {
    uint64_t pattern = 0;
    if (is_binary) {
      pattern = wh_binary64_scaled(column->numbers[i], -fraction_bits);
    } else {
      status = pattern_of_high(column->numbers[i], &pattern);
    }
    if (wh_to_float32(pattern) != pattern) return WH_CORRUPT;
    if (status == WH_OK && as_decimals) status = wh_decimal_of_float32(&pattern);
    set_apart(column, i, pattern);
  }
  if (status != WH_OK) return status;
  return has_exceptions ? exceptions(bits, column) : WH_OK;
}

wh_status wh_block_column(wh_block_reader *reader, const wh_step *grid, wh_column *column) {
  wh_bits *bits = &reader->bits;
  const uint32_t rows = reader->rows;
  wh_status status = WH_OK;
  uint32_t row;
  if (!reader->has_times) return WH_USAGE;
  wh_zero(column->missing, WH_BITMAP_BYTES(rows));
  wh_zero(column->apart, WH_BITMAP_BYTES(rows));
  column->form = (wh_form)wh_fixed(bits, 2u);
  column->present = 0;
  column->has_numbers_only = 0;
  if (column->form == WH_FORM_MISSING) {
    for (row = 0; row < rows; row++) {
      wh_set_bit(column->missing, row);
      column->numbers[row] = 0;
    }
    return wh_bits_passed(bits) ? WH_CORRUPT : WH_OK;
  }
  column->present = rows;
  if (wh_fixed(bits, 1u)) status = presence(bits, rows, column->missing, &column->present);
  if (status != WH_OK) return status;
  if (column->form == WH_FORM_GRID) {
    if (grid == NULL) return WH_CORRUPT;
    status = grid_values(bits, column);
  } else if (column->form == WH_FORM_FLOAT64) {
    status = float64_values(bits, column);
  } else {
    status = float32_values(bits, column);
  }
  if (status != WH_OK) return status;
  if (wh_bits_passed(bits)) return WH_CORRUPT;
  to_rows(column, rows);
  return WH_OK;
}

/* A whole number of at most 2^53 - 1 from its binary64. */
static wh_status whole(uint64_t pattern, int64_t *number) {
  if (!wh_is_finite(pattern) || pattern == WH_MINUS_ZERO || ((pattern >> 52) & 0x7ffu) > 1023u + 53u) return WH_CORRUPT;
  *number = wh_floor(pattern);
  if (*number < -WH_MAX_NUMBER || *number > WH_MAX_NUMBER) return WH_CORRUPT;
  return wh_equal(wh_binary64_of(*number), pattern) ? WH_OK : WH_CORRUPT;
}

wh_status wh_block_times(wh_block_reader *reader, int64_t *ticks) {
  wh_bits *bits = &reader->bits;
  const unsigned form = wh_fixed(bits, 2u);
  wh_status status = WH_OK;
  int64_t base;
  uint32_t row;
  if (reader->has_times) return WH_USAGE;
  /* Every row has a time. */
  if (wh_fixed(bits, 1u)) return WH_CORRUPT;
  if (form == WH_FORM_GRID) {
    if (wh_fixed(bits, 2u) != 0) return WH_CORRUPT;
    status = wh_numbers_read(bits, ticks, reader->rows, &base);
  } else if (form == WH_FORM_FLOAT64) {
    for (row = 0; status == WH_OK && row < reader->rows; row++) {
      uint64_t pattern;
      status = wh_float(bits, &pattern);
      if (status == WH_OK) status = whole(pattern, &ticks[row]);
    }
  } else {
    return WH_CORRUPT;
  }
  if (status != WH_OK) return status;
  reader->has_times = 1;
  return wh_bits_passed(bits) ? WH_CORRUPT : WH_OK;
}

wh_status wh_block_end(const wh_block_reader *reader) {
  return reader->has_times && wh_bits_ended(&reader->bits) ? WH_OK : WH_CORRUPT;
}
