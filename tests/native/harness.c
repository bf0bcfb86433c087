/*
 * Runs the library of examples/esp32 for the tests in this folder. Its input is a list of cases, each a length (u32, little endian) and so many
 * bytes, the first of which says what to do. Its output says for each what came of it, in lines, the last of them "= STATUS".
 *
 *   0  reads the file that follows. For each block "b STREAM ROWS TICK", "t TIME …", and per column "c FORM NUMERATOR DENOMINATOR VALUE …":
 *      "-" missing, "k…" a number, "x…" a binary64 (hexadecimal); grids as binary64 too.
 *   2  reads a block alone, whatever an index would say of it: u32 rows, u16 columns, for each a byte and (if 1) its grid, then the block. Lines as for 0.
 *   3  pairs of binary64: "f PRODUCT QUOTIENT SUM LESS FLOAT32" of each, the last of the first one.
 *   1  writes an hour from what follows (native.ts has its order): "d BYTES" for each block, "h BYTES" for what stands before them.
 */
#include "../../examples/esp32/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each piece of memory is one of its own, as long as it must be, so that a sanitizer sees where it ends. */
static void *room(size_t size) {
  void *memory = malloc(size > 0 ? size : 1);
  if (memory == NULL) abort();
  return memory;
}

/* ---- Reading ---- */

static wh_column column_of(uint32_t rows) {
  wh_column column;
  column.numbers = room(sizeof(int64_t) * rows);
  column.missing = room(WH_BITMAP_BYTES(rows));
  column.apart = room(WH_BITMAP_BYTES(rows));
  return column;
}

static void give_back(wh_column *column) {
  free(column->numbers);
  free(column->missing);
  free(column->apart);
}

static void print_column(uint32_t rows, const wh_step *grid, const wh_column *column) {
  uint32_t row;
  printf("c %d %" PRIx64 " %" PRIx64, (int)column->form, grid != NULL ? grid->numerator : 0, grid != NULL ? grid->denominator : 0);
  for (row = 0; row < rows; row++) {
    const int64_t number = column->numbers[row];
    if (column->missing[row >> 3] >> (row & 7) & 1) {
      printf(" -");
    } else if (column->apart[row >> 3] >> (row & 7) & 1) {
      printf(" x%" PRIx64, (uint64_t)number);
    } else {
      printf(" k%" PRId64, number);
    }
  }
  printf("\n");
}

static void print_times(uint32_t stream, uint32_t rows, uint32_t tick_ns, const int64_t *ticks) {
  uint32_t row;
  printf("b %u %u %u\nt", stream, rows, tick_ns);
  for (row = 0; row < rows; row++) printf(" %" PRId64, ticks[row]);
  printf("\n");
}

static wh_status read_columns(const wh_hour *hour, const wh_stream *stream, const wh_block *block, wh_block_reader *reader) {
  wh_column column = column_of(block->rows);
  wh_status status = WH_OK;
  uint32_t c;
  for (c = 0; status == WH_OK && c < stream->columns; c++) {
    wh_column_index index;
    status = wh_block_index(hour, stream, block, c, &index);
    if (status == WH_OK) status = wh_block_column(reader, index.has_step ? &index.step : NULL, &column);
    if (status == WH_OK) status = wh_check_column(block, &index, &column);
    if (status == WH_OK) print_column(block->rows, index.has_step ? &index.step : NULL, &column);
  }
  give_back(&column);
  return status == WH_OK ? wh_block_end(reader) : status;
}

static wh_status read_block(const wh_hour *hour, const wh_stream *stream, uint32_t s, const wh_block *block, const uint8_t *file) {
  uint8_t *bytes = room(block->size);
  int64_t *ticks = room(sizeof(int64_t) * block->rows);
  wh_block_reader reader;
  wh_status status;
  memcpy(bytes, file + block->at, block->size);
  status = wh_block_begin(&reader, block, bytes, block->size);
  if (status == WH_OK) status = wh_block_times(&reader, ticks);
  if (status == WH_OK) status = wh_check_times(block, ticks);
  if (status == WH_OK) {
    print_times(s, block->rows, block->tick_ns, ticks);
    status = read_columns(hour, stream, block, &reader);
  }
  free(bytes);
  free(ticks);
  return status;
}

/* What the header says besides is asked for, and thrown away. */
static wh_status ask_all(const wh_hour *hour, const wh_stream *stream) {
  wh_column_info column;
  wh_gap gap;
  wh_status status;
  uint32_t i;
  for (i = 0; (status = wh_column_at(hour, stream, i, &column)) == WH_OK; i++)
    if (column.name.size > 0 && column.name.bytes[column.name.size - 1] > 0xf4) return WH_MALFORMED;
  if (status != WH_END) return status;
  for (i = 0; (status = wh_gap_at(hour, i, &gap)) == WH_OK; i++)
    if (gap.detail.size > 0 && gap.detail.bytes[gap.detail.size - 1] > 0xf4) return WH_MALFORMED;
  return status == WH_END ? WH_OK : status;
}

static wh_status read_file(const uint8_t *file, size_t size) {
  size_t head_bytes;
  size_t memory_bytes;
  uint8_t *memory;
  uint32_t s;
  wh_hour hour;
  wh_status status = wh_preamble(file, size, &head_bytes, &memory_bytes);
  if (status != WH_OK) return status;
  memory = room(memory_bytes);
  status = wh_open(&hour, file, size, size, memory, memory_bytes);
  for (s = 0; status == WH_OK && s < hour.streams; s++) {
    wh_stream stream;
    wh_block block;
    status = wh_stream_at(&hour, s, &stream);
    if (status == WH_OK) status = ask_all(&hour, &stream);
    if (status != WH_OK) break;
    for (status = wh_first_block(&hour, &stream, &block); status == WH_OK; status = wh_next_block(&hour, &block)) {
      status = read_block(&hour, &stream, s, &block, file);
      if (status != WH_OK) break;
    }
    if (status == WH_END) status = WH_OK;
  }
  free(memory);
  return status;
}

/* ---- Writing ---- */

static const uint8_t *next;

static uint64_t take(unsigned bytes) {
  uint64_t value = 0;
  unsigned i;
  for (i = 0; i < bytes; i++) value |= (uint64_t)next[i] << (8 * i);
  next += bytes;
  return value;
}

static char *take_text(void) {
  const size_t size = take(2);
  char *text = room(size + 1);
  memcpy(text, next, size);
  text[size] = 0;
  next += size;
  return text;
}

static const wh_step *take_step(void) {
  wh_step *step = room(sizeof *step);
  step->numerator = take(8);
  step->denominator = take(8);
  return step;
}

static void print_bytes(const char *kind, const uint8_t *bytes, size_t size) {
  size_t i;
  printf("%s", kind);
  for (i = 0; i < size; i++) printf("%02x", bytes[i]);
  printf("\n");
}

static wh_values take_values(const wh_column_text *column, uint32_t rows) {
  const unsigned grid = (unsigned)take(1); /* 0 the declared one, 1 another, 2 none */
  const unsigned small = (unsigned)take(1);
  const size_t bitmap = WH_BITMAP_BYTES(rows);
  int64_t *numbers = room(8 * (size_t)rows);
  int32_t *small_numbers = room(4 * (size_t)rows);
  uint8_t *missing = room(bitmap);
  uint8_t *apart = room(bitmap);
  uint32_t row;
  int any_apart = 0;
  wh_values values;
  values.grid = grid == 0 ? column->step : grid == 1 ? take_step() : NULL;
  for (row = 0; row < rows; row++) {
    numbers[row] = (int64_t)take(8);
    small_numbers[row] = (int32_t)numbers[row];
  }
  memcpy(missing, next, bitmap);
  memcpy(apart, next + bitmap, bitmap);
  next += 2 * bitmap;
  for (row = 0; row < bitmap; row++) any_apart |= apart[row];
  values.numbers = small ? NULL : numbers;
  values.small_numbers = small ? small_numbers : NULL;
  values.missing = missing;
  values.apart = any_apart ? apart : NULL;
  return values;
}

static wh_status write_block(const wh_stream_text *stream, wh_index *index) {
  const uint32_t rows = (uint32_t)take(4);
  int64_t *ticks = room(8 * (size_t)rows);
  wh_values *columns = room(sizeof *columns * stream->columns);
  size_t size = 0;
  /* Values apart take 12 bytes more each. */
  const size_t most = WH_BLOCK_BYTES(rows, stream->columns) + (size_t)rows * stream->columns * 12;
  uint8_t *out = room(most);
  wh_status status;
  uint32_t i;
  for (i = 0; i < rows; i++) ticks[i] = (int64_t)take(8);
  for (i = 0; i < stream->columns; i++) columns[i] = take_values(&stream->column[i], rows);
  status = wh_write_block(stream, rows, ticks, columns, out, most, &size, index);
  if (status == WH_OK) {
    uint8_t *exact = room(size);
    wh_index again = *index;
    size_t size_again = 0;
    print_bytes("d ", out, size);
    /* In just the room that it takes, and in one byte less. */
    again.bytes = room(again.room);
    again.size = 0;
    if (wh_write_block(stream, rows, ticks, columns, exact, size, &size_again, &again) != WH_OK || size_again != size) abort();
    if (memcmp(exact, out, size) != 0) abort();
    if (wh_write_block(stream, rows, ticks, columns, exact, size - 1, &size_again, &again) != WH_ROOM) abort();
    free(exact);
    free(again.bytes);
  }
  free(out);
  return status;
}

static wh_status collect(void *context, const uint8_t *bytes, size_t size) {
  size_t i;
  (void)context;
  for (i = 0; i < size; i++) printf("%02x", bytes[i]);
  return WH_OK;
}

static wh_status write_hour(const uint8_t *bytes) {
  wh_hour_text hour;
  wh_stream_text *streams;
  wh_index *indexes;
  wh_gap_text *gaps;
  wh_status status = WH_OK;
  uint32_t s;
  uint32_t i;
  next = bytes;
  memcpy(hour.station, next, 16);
  next += 16;
  hour.name = take_text();
  hour.responsible = NULL;
  hour.clock = NULL;
  hour.start_ms = (int64_t)take(8);
  hour.length_ms = (int64_t)take(8);
  hour.gaps = (uint32_t)take(2);
  hour.gap = gaps = room(sizeof *gaps * hour.gaps);
  for (i = 0; i < hour.gaps; i++) {
    gaps[i].stream = (int32_t)take(4);
    gaps[i].from_ms = (int64_t)take(8);
    gaps[i].to_ms = (int64_t)take(8);
    gaps[i].cause = take_text();
    gaps[i].detail = take_text();
  }
  hour.streams = (uint32_t)take(1);
  hour.stream = streams = room(sizeof *streams * hour.streams);
  hour.index = indexes = room(sizeof *indexes * hour.streams);
  for (s = 0; s < hour.streams; s++) {
    wh_stream_text *stream = &streams[s];
    wh_index *index = &indexes[s];
    wh_column_text *columns;
    uint32_t blocks;
    stream->name = take_text();
    stream->driver = take_text();
    stream->device = take_text();
    stream->calibration = take_text();
    if (stream->calibration[0] == 0) stream->calibration = NULL;
    stream->asked = take(8);
    stream->tick_ns = (uint32_t)take(4);
    stream->is_replay = (int)take(1);
    stream->columns = (uint32_t)take(2);
    stream->column = columns = room(sizeof *columns * stream->columns);
    for (i = 0; i < stream->columns; i++) {
      columns[i].name = take_text();
      columns[i].unit = take_text();
      columns[i].step = take(1) ? take_step() : NULL;
    }
    blocks = (uint32_t)take(4);
    index->room = blocks * (48 + (size_t)stream->columns * 64);
    index->bytes = room(index->room);
    index->size = 0;
    index->blocks = 0;
    index->data_bytes = 0;
    for (i = 0; i < blocks; i++) {
      const wh_status written = write_block(stream, index);
      if (written != WH_OK) status = written;
    }
  }
  if (status != WH_OK) return status;
  printf("h ");
  status = wh_write_head(&hour, collect, NULL);
  printf("\n");
  return status;
}

static wh_status read_alone(const uint8_t *bytes, size_t size) {
  const uint8_t *end = bytes + size;
  wh_step grids[8];
  int has_grid[8];
  wh_block_reader reader;
  wh_column column;
  wh_status status;
  int64_t *ticks;
  uint8_t *block;
  uint32_t rows;
  uint32_t columns;
  uint32_t c;
  next = bytes;
  rows = (uint32_t)take(4);
  columns = (uint32_t)take(2);
  for (c = 0; c < columns; c++) {
    has_grid[c] = (int)take(1);
    if (!has_grid[c]) continue;
    grids[c].numerator = take(8);
    grids[c].denominator = take(8);
  }
  size = (size_t)(end - next);
  block = room(size);
  memcpy(block, next, size);
  ticks = room(sizeof *ticks * rows);
  column = column_of(rows);
  status = wh_block_open(&reader, block, size, rows);
  if (status == WH_OK) status = wh_block_times(&reader, ticks);
  if (status == WH_OK) print_times(0, rows, 1, ticks);
  for (c = 0; status == WH_OK && c < columns; c++) {
    status = wh_block_column(&reader, has_grid[c] ? &grids[c] : NULL, &column);
    if (status == WH_OK) print_column(rows, has_grid[c] ? &grids[c] : NULL, &column);
  }
  if (status == WH_OK) status = wh_block_end(&reader);
  give_back(&column);
  free(ticks);
  free(block);
  return status;
}

static wh_status calculate(const uint8_t *bytes, size_t size) {
  next = bytes;
  for (; size >= 16; size -= 16) {
    const uint64_t a = take(8);
    const uint64_t b = take(8);
    printf("f %" PRIx64 " %" PRIx64 " %" PRIx64 " %d %" PRIx64 "\n", wh_multiply(a, b), wh_divide(a, b), wh_add(a, b),
           wh_less(a, b), wh_to_float32(a));
  }
  return WH_OK;
}

/* The next case, NULL at the end. */
static uint8_t *next_case(size_t *size) {
  uint8_t length[4];
  uint8_t *bytes;
  if (fread(length, 1, 4, stdin) != 4) return NULL;
  *size = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
  bytes = room(*size);
  if (fread(bytes, 1, *size, stdin) != *size) abort();
  return bytes;
}

/* A sanitizer would call what a case to be written took, and never gave back, a leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

int main(void) {
  uint8_t *bytes;
  size_t size;
  while ((bytes = next_case(&size)) != NULL) {
    /* A copy that begins with the file, so that reading before it is seen too. */
    uint8_t *content = room(size - 1);
    wh_status status;
    memcpy(content, bytes + 1, size - 1);
    if (bytes[0] == 0) {
      status = read_file(content, size - 1);
    } else if (bytes[0] == 1) {
      status = write_hour(content);
    } else {
      status = bytes[0] == 2 ? read_alone(content, size - 1) : calculate(content, size - 1);
    }
    printf("= %d\n", (int)status);
    free(content);
    free(bytes);
  }
  return 0;
}
