/* A block in the fast profile, written, and what the header says of it (docs/HOUR.md, "The fast profile" and "Header"). */
#include "internal.h"

/* ---- The numbers of a column ---- */

typedef struct {
  const wh_values *values;
  /* Instead of values: times. */
  const int64_t *ticks;
  uint32_t rows;
  uint32_t row;
  int64_t last;
} rows_source;

static int is_missing(const wh_values *values, uint32_t row) {
  return values->missing != NULL && wh_bit(values->missing, row);
}

static int64_t number_at(const wh_values *values, uint32_t row) {
  return values->numbers != NULL ? values->numbers[row] : values->small_numbers[row];
}

static int is_apart(const wh_values *values, uint32_t row) {
  return values->grid == NULL || (values->apart != NULL && wh_bit(values->apart, row));
}

static uint64_t pattern_at(const wh_values *values, uint32_t row) {
  if (is_apart(values, row)) return wh_as_pattern(number_at(values, row));
  return wh_value_of(number_at(values, row), values->grid);
}

static void restart(void *context) {
  rows_source *source = context;
  source->row = 0;
  source->last = 0;
}

/* The next row with a value; 0 at the end. */
static int next_row(rows_source *source, uint32_t *row) {
  while (source->row < source->rows && is_missing(source->values, source->row)) source->row++;
  if (source->row == source->rows) return 0;
  *row = source->row++;
  return 1;
}

static int next_tick(void *context, int64_t *number) {
  rows_source *source = context;
  if (source->row == source->rows) return 0;
  *number = source->ticks[source->row++];
  return 1;
}

/* In the place of a value apart stands the number before; 0 for -0, and before the first. */
static int next_on_grid(void *context, int64_t *number) {
  rows_source *source = context;
  uint32_t row;
  if (!next_row(source, &row)) return 0;
  if (!is_apart(source->values, row)) {
    source->last = number_at(source->values, row);
  } else if (wh_as_pattern(number_at(source->values, row)) == WH_MINUS_ZERO) {
    source->last = 0;
  }
  *number = source->last;
  return 1;
}

/* The upper part of the ordinal of a binary32. */
static int next_ordinal(void *context, int64_t *number) {
  rows_source *source = context;
  uint64_t pattern;
  uint32_t row;
  if (!next_row(source, &row)) return 0;
  pattern = pattern_at(source->values, row);
  *number = (int64_t)((pattern & ~WH_MINUS_ZERO) >> 29);
  if (pattern & WH_MINUS_ZERO) *number = -*number;
  return 1;
}

/* ---- Columns ---- */

/* Where nothing is missing: 1 bit. Else also how many have a value and how many have none, in turns. */
static void write_presence(wh_bits_out *bits, const wh_values *values, uint32_t rows, uint32_t present) {
  uint32_t run = 1;
  uint32_t row;
  int here = 1;
  wh_put(bits, present < rows, 1u);
  if (present == rows) return;
  for (row = 0; row < rows; row++) {
    if (is_missing(values, row) != here) {
      run++;
    } else {
      wh_put_gamma(bits, run);
      here = !here;
      run = 1;
    }
  }
  wh_put_gamma(bits, run);
}

static void write_exceptions(wh_bits_out *bits, const wh_values *values, uint32_t rows, uint32_t count) {
  uint32_t between = 0;
  uint32_t row;
  wh_put_unsigned(bits, count);
  for (row = 0; row < rows; row++) {
    if (is_missing(values, row)) continue;
    if (is_apart(values, row) && wh_as_pattern(number_at(values, row)) != WH_MINUS_ZERO) {
      wh_put_unsigned(bits, between);
      wh_put(bits, wh_as_pattern(number_at(values, row)), 64u);
      between = 0;
    } else {
      between++;
    }
  }
}

/* What there is in a column. */
typedef struct {
  uint32_t present;
  uint32_t minus_zeros;
  uint32_t exceptions;
} census;

/* WH_USAGE: a number beyond 2^53 - 1, or NaN. */
static wh_status count_values(const wh_values *values, uint32_t rows, census *found) {
  uint32_t row;
  found->present = 0;
  found->minus_zeros = 0;
  found->exceptions = 0;
  if ((values->numbers == NULL) == (values->small_numbers == NULL)) return WH_USAGE;
  for (row = 0; row < rows; row++) {
    const int64_t number = number_at(values, row);
    if (is_missing(values, row)) continue;
    found->present++;
    if (!is_apart(values, row)) {
      if (number < -WH_MAX_NUMBER || number > WH_MAX_NUMBER) return WH_USAGE;
    } else {
      if (values->numbers == NULL || wh_is_nan(wh_as_pattern(number))) return WH_USAGE;
      if (wh_as_pattern(number) == WH_MINUS_ZERO) {
        found->minus_zeros++;
      } else {
        found->exceptions++;
      }
    }
  }
  return WH_OK;
}

static int are_float32(const wh_values *values, uint32_t rows) {
  uint32_t row;
  for (row = 0; row < rows; row++) {
    uint64_t pattern;
    if (is_missing(values, row)) continue;
    pattern = pattern_at(values, row);
    if (pattern == WH_MINUS_ZERO || wh_to_float32(pattern) != pattern) return 0;
  }
  return 1;
}

static void write_grid(wh_bits_out *bits, const wh_values *values, uint32_t rows, const census *found,
                       const wh_source *source, const wh_plan *plan) {
  rows_source *at = source->source;
  int64_t number;
  wh_put(bits, found->minus_zeros > 0, 1u);
  wh_put(bits, found->exceptions > 0, 1u);
  wh_write_numbers(bits, source, plan);
  if (found->minus_zeros > 0) {
    source->restart(source->source);
    while (source->next(source->source, &number)) {
      const uint32_t row = at->row - 1u;
      if (number == 0)
        wh_put(bits, is_apart(values, row) && wh_as_pattern(number_at(values, row)) == WH_MINUS_ZERO, 1u);
    }
  }
  if (found->exceptions > 0) write_exceptions(bits, values, rows, found->exceptions);
}

static void write_floats(wh_bits_out *bits, const wh_values *values, uint32_t rows) {
  uint32_t row;
  for (row = 0; row < rows; row++) {
    if (!is_missing(values, row)) wh_put(bits, pattern_at(values, row), 64u);
  }
}

/* Writes a column; its form is left for the index. */
static wh_status write_column(wh_bits_out *bits, const wh_values *values, uint32_t rows, wh_form *form) {
  rows_source at;
  wh_source source;
  wh_plan plan;
  census found;
  const wh_status status = count_values(values, rows, &found);
  if (status != WH_OK) return status;
  at.values = values;
  at.ticks = NULL;
  at.rows = rows;
  source.source = &at;
  source.restart = restart;
  source.next = next_on_grid;
  *form = WH_FORM_FLOAT64;
  if (found.present == 0) {
    *form = WH_FORM_MISSING;
  } else if (values->grid != NULL && wh_plan_numbers(&source, &plan)) {
    *form = WH_FORM_GRID;
  } else if (are_float32(values, rows)) {
    source.next = next_ordinal;
    if (wh_plan_numbers(&source, &plan)) *form = WH_FORM_FLOAT32;
  }
  wh_put(bits, (unsigned)*form, 2u);
  if (*form == WH_FORM_MISSING) return WH_OK;
  write_presence(bits, values, rows, found.present);
  if (*form == WH_FORM_GRID) {
    write_grid(bits, values, rows, &found, &source, &plan);
  } else if (*form == WH_FORM_FLOAT32) {
    /* As they are, no exceptions, no binary grid. */
    wh_put(bits, 0, 3u);
    wh_write_numbers(bits, &source, &plan);
  } else {
    write_floats(bits, values, rows);
  }
  return WH_OK;
}

static void write_times(wh_bits_out *bits, const int64_t *ticks, uint32_t rows) {
  rows_source at;
  wh_source source;
  wh_plan plan;
  uint32_t row;
  at.values = NULL;
  at.ticks = ticks;
  at.rows = rows;
  source.source = &at;
  source.restart = restart;
  source.next = next_tick;
  if (wh_plan_numbers(&source, &plan)) {
    wh_put(bits, (unsigned)WH_FORM_GRID << 3, 5u);
    wh_write_numbers(bits, &source, &plan);
    return;
  }
  wh_put(bits, (unsigned)WH_FORM_FLOAT64 << 1, 3u);
  for (row = 0; row < rows; row++) wh_put(bits, wh_binary64_of(ticks[row]), 64u);
}

/* ---- The index ---- */

/* Puts bytes behind an index, as long as there is room. */
typedef struct {
  wh_index *index;
  size_t size;
  int is_full;
} index_end;

static void put_index(void *to, const uint8_t *bytes, size_t size) {
  index_end *end = to;
  size_t i;
  if (end->index->room - end->size < size) end->is_full = 1;
  if (end->is_full) return;
  for (i = 0; i < size; i++) end->index->bytes[end->size++] = bytes[i];
}

/* A number on the grid, a value in a list of one where the grid does not give it back, or the value where there is no grid. */
static void put_told(const wh_cbor_out *out, const wh_told *told, int has_step) {
  if (told->kind == WH_TOLD_NOTHING) {
    wh_cbor_put_null(out);
  } else if (told->kind == WH_TOLD_NUMBER) {
    wh_cbor_put_whole(out, told->number);
  } else {
    if (has_step) wh_cbor_put(out, WH_ARRAY, 1u);
    wh_cbor_put_number(out, told->value);
  }
}

static int is_same_step(const wh_step *a, const wh_step *b) {
  if (a == NULL || b == NULL) return a == b;
  return a->numerator == b->numerator && a->denominator == b->denominator;
}

static void put_column(const wh_cbor_out *out, uint32_t rows, const wh_values *values, wh_form form,
                       const wh_step *declared) {
  const wh_step *step = form == WH_FORM_GRID ? values->grid : NULL;
  wh_column_index index;
  wh_statistics(rows, values, step, values->apart == NULL, 0, &index);
  wh_cbor_put(out, WH_ARRAY, is_same_step(step, declared) ? 4u : 5u);
  wh_cbor_put_whole(out, index.count);
  put_told(out, &index.least, index.has_step);
  put_told(out, &index.greatest, index.has_step);
  put_told(out, &index.sum, index.has_step);
  if (is_same_step(step, declared)) return;
  if (step == NULL) {
    wh_cbor_put_null(out);
  } else {
    wh_cbor_put_step(out, step);
  }
}

/* Writes the columns and keeps their forms. */
static wh_status write_columns(const wh_stream_text *stream, uint32_t rows, const wh_values *columns, wh_bits_out *bits,
                               uint8_t *forms) {
  uint32_t c;
  for (c = 0; c < stream->columns; c++) {
    wh_form form;
    const wh_status status = write_column(bits, &columns[c], rows, &form);
    if (status != WH_OK) return status;
    if (bits->is_full) return WH_ROOM;
    forms[c] = (uint8_t)form;
  }
  return WH_OK;
}

wh_status wh_write_block(const wh_stream_text *stream, uint32_t rows, const int64_t *ticks, const wh_values *columns,
                         uint8_t *out, size_t room, size_t *size, wh_index *index) {
  wh_bits_out bits = {NULL, 0, 0, 0, 0, 0};
  index_end end = {NULL, 0, 0};
  uint8_t forms[WH_MAX_COLUMNS];
  wh_cbor_out cbor;
  int64_t first;
  int64_t last;
  int64_t most;
  uint32_t row;
  uint32_t c;
  wh_status status;
  if (rows == 0 || rows > WH_MAX_BLOCK_ROWS || stream->columns > WH_MAX_COLUMNS || stream->tick_ns == 0) return WH_USAGE;
  most = WH_MAX_NUMBER / (int64_t)stream->tick_ns;
  first = ticks[0];
  last = ticks[0];
  for (row = 0; row < rows; row++) {
    if (ticks[row] < first) first = ticks[row];
    if (ticks[row] > last) last = ticks[row];
  }
  if (first < -most || last > most) return WH_USAGE;
  bits.bytes = out;
  bits.room = room;
  write_times(&bits, ticks, rows);
  status = write_columns(stream, rows, columns, &bits, forms);
  if (status != WH_OK) return status;
  wh_put_end(&bits);
  if (bits.is_full) return WH_ROOM;
  end.index = index;
  end.size = index->size;
  cbor.put = put_index;
  cbor.to = &end;
  wh_cbor_put(&cbor, WH_ARRAY, 7u);
  wh_cbor_put_whole(&cbor, rows);
  wh_cbor_put_whole(&cbor, stream->tick_ns);
  wh_cbor_put_whole(&cbor, (int64_t)bits.size);
  wh_cbor_put_whole(&cbor, wh_crc32(0, out, bits.size));
  wh_cbor_put_whole(&cbor, first);
  wh_cbor_put_whole(&cbor, last);
  wh_cbor_put(&cbor, WH_ARRAY, stream->columns);
  for (c = 0; c < stream->columns; c++)
    put_column(&cbor, rows, &columns[c], (wh_form)forms[c], stream->column[c].step);
  if (end.is_full) return WH_ROOM;
  index->size = end.size;
  index->blocks++;
  index->data_bytes += bits.size;
  *size = bits.size;
  return WH_OK;
}
