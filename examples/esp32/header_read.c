/*
 * The file and its header (docs/HOUR.md, "Bytes", "Header", "Bounds"). wh_open checks everything once, so that what is asked for later is
 * found without a further error.
 */
#include "internal.h"

#define MAX_TEXT_UNITS 500u
#define MAX_CALIBRATION_UNITS 4096u
#define MAX_CELLS (UINT64_C(1) << 25)
/* 8.64e15 ms, the latest time that a date can have. */
#define MAX_TIME UINT64_C(0x433eb208c2dc0000)
#define TOP (UINT64_C(1) << 63)
#define MAX_FILE (UINT64_C(1) << 53)

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

wh_status wh_preamble(const uint8_t *bytes, size_t size, size_t *head_bytes, size_t *memory_bytes) {
  uint32_t inflated;
  uint32_t stored;
  if (size < WH_PREAMBLE_BYTES) return WH_MALFORMED;
  if (bytes[0] != 'W' || bytes[1] != 'S' || bytes[2] != 'H' || bytes[3] != 'R' || bytes[4] != 2) return WH_MALFORMED;
  inflated = big_endian(bytes + 5);
  stored = big_endian(bytes + 9);
  if (inflated > WH_MAX_HEADER_BYTES || stored > WH_MAX_HEADER_BYTES) return WH_LIMIT;
  *head_bytes = (size_t)stored + WH_PREAMBLE_BYTES + 4u;
  *memory_bytes = inflated;
  return WH_OK;
}

static wh_status text_of(const wh_header *header, size_t map_at, const char *key, size_t most, wh_text *text) {
  wh_item item;
  if (!wh_cbor_find(header, map_at, key, &item)) return WH_MALFORMED;
  return wh_cbor_text(header, &item, most, text);
}

/* A text that may be left out. */
static wh_status optional_text(const wh_header *header, size_t map_at, const char *key, size_t most, wh_text *text) {
  wh_item item;
  text->bytes = NULL;
  text->size = 0;
  if (!wh_cbor_find(header, map_at, key, &item)) return WH_OK;
  return wh_cbor_text(header, &item, most, text);
}

static int says(const wh_text *text, const char *word) {
  size_t i = 0;
  while (i < text->size && word[i] != 0 && text->bytes[i] == (uint8_t)word[i]) i++;
  return i == text->size && word[i] == 0;
}

static wh_status column_info(const wh_header *header, size_t at, wh_column_info *column) {
  wh_item item;
  wh_cbor_item(header, at, &item);
  TRY(wh_cbor_list(&item, 3, 3));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_text(header, &item, MAX_TEXT_UNITS, &column->name));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_text(header, &item, MAX_TEXT_UNITS, &column->unit));
  return wh_index_step(header, item.end, &column->has_step, &column->step);
}

static wh_status stream_at(const wh_header *header, size_t at, wh_stream *stream) {
  wh_item item;
  wh_text profile;
  wh_cbor_item(header, at, &item);
  if (item.major != WH_MAP) return WH_MALFORMED;
  TRY(text_of(header, at, "name", MAX_TEXT_UNITS, &stream->name));
  TRY(text_of(header, at, "driver", MAX_TEXT_UNITS, &stream->driver));
  TRY(text_of(header, at, "device", MAX_TEXT_UNITS, &stream->device));
  TRY(optional_text(header, at, "calibration", MAX_CALIBRATION_UNITS, &stream->calibration));
  TRY(optional_text(header, at, "profile", MAX_TEXT_UNITS, &profile));
  stream->is_fast = profile.bytes != NULL && says(&profile, "fast");
  if (profile.bytes != NULL && !stream->is_fast && !says(&profile, "small")) return WH_MALFORMED;
  if (!wh_cbor_find(header, at, "asked", &item)) return WH_MALFORMED;
  stream->has_asked = !wh_cbor_is_null(&item);
  stream->asked = 0;
  if (stream->has_asked) TRY(wh_cbor_number(&item, &stream->asked));
  if (stream->asked >= TOP) return WH_MALFORMED;
  if (!wh_cbor_find(header, at, "tick", &item)) return WH_MALFORMED;
  TRY(wh_index_tick(&item, &stream->tick_ns));
  if (!wh_cbor_find(header, at, "replay", &item)) return WH_MALFORMED;
  if (item.major != WH_SIMPLE || item.info < 20u || item.info > 21u) return WH_MALFORMED;
  stream->is_replay = item.info == 21u;
  if (!wh_cbor_find(header, at, "columns", &item)) return WH_MALFORMED;
  TRY(wh_cbor_list(&item, 0, WH_MAX_COLUMNS));
  stream->columns = (uint32_t)item.value;
  stream->columns_at = item.end;
  if (!wh_cbor_find(header, at, "blocks", &item)) return WH_MALFORMED;
  TRY(wh_cbor_list(&item, 0, WH_MAX_HEADER_BYTES));
  stream->blocks = (uint32_t)item.value;
  stream->blocks_at = item.end;
  return WH_OK;
}

/* Every block of a stream with the index of each column. Adds its bytes and values up. */
static wh_status check_blocks(const wh_header *header, const wh_stream *stream, uint64_t *bytes, uint64_t *cells) {
  size_t at = stream->blocks_at;
  uint32_t i;
  uint32_t c;
  for (i = 0; i < stream->blocks; i++) {
    wh_block block;
    wh_item item;
    size_t column_at = stream->columns_at;
    TRY(wh_index_block(header, at, &block));
    wh_cbor_item(header, block.columns_at, &item);
    TRY(wh_cbor_list(&item, stream->columns, stream->columns));
    at = item.end;
    for (c = 0; c < stream->columns; c++) {
      wh_column_info column;
      wh_column_index index;
      TRY(column_info(header, column_at, &column));
      TRY(wh_index_column(header, at, &column, block.rows, &index));
      column_at = wh_cbor_skip(header, column_at);
      at = wh_cbor_skip(header, at);
    }
    *bytes += block.size;
    *cells += (uint64_t)block.rows * (stream->columns + 1u);
  }
  return WH_OK;
}

static wh_status check_streams(wh_hour *hour, uint64_t file_bytes) {
  const wh_header *header = &hour->header;
  uint64_t bytes = 0;
  uint64_t cells = 0;
  size_t at = hour->streams_at;
  uint32_t i;
  uint32_t c;
  for (i = 0; i < hour->streams; i++) {
    wh_stream stream;
    size_t column_at;
    TRY(stream_at(header, at, &stream));
    column_at = stream.columns_at;
    for (c = 0; c < stream.columns; c++) {
      wh_column_info column;
      TRY(column_info(header, column_at, &column));
      column_at = wh_cbor_skip(header, column_at);
    }
    TRY(check_blocks(header, &stream, &bytes, &cells));
    at = wh_cbor_skip(header, at);
  }
  if (file_bytes < hour->data_at || bytes != file_bytes - hour->data_at) return WH_CORRUPT;
  return cells <= MAX_CELLS ? WH_OK : WH_LIMIT;
}

static wh_status time_of(const wh_item *item, uint64_t *pattern) {
  TRY(wh_cbor_number(item, pattern));
  return (*pattern & ~TOP) <= MAX_TIME ? WH_OK : WH_MALFORMED;
}

static wh_status gap_at(const wh_hour *hour, size_t at, wh_gap *gap) {
  const wh_header *header = &hour->header;
  wh_item item;
  int64_t stream;
  wh_cbor_item(header, at, &item);
  TRY(wh_cbor_list(&item, 5, 5));
  wh_cbor_item(header, item.end, &item);
  gap->stream = -1;
  if (!wh_cbor_is_null(&item)) {
    TRY(wh_cbor_whole(&item, 0, (int64_t)hour->streams - 1, &stream));
    gap->stream = (int32_t)stream;
  }
  wh_cbor_item(header, item.end, &item);
  TRY(time_of(&item, &gap->from_ms));
  wh_cbor_item(header, item.end, &item);
  TRY(time_of(&item, &gap->to_ms));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_text(header, &item, MAX_TEXT_UNITS, &gap->cause));
  wh_cbor_item(header, item.end, &item);
  return wh_cbor_text(header, &item, MAX_TEXT_UNITS, &gap->detail);
}

/* What people may say of a station. */
static wh_status check_optional(const wh_header *header) {
  wh_item item;
  wh_text text;
  uint64_t number;
  TRY(optional_text(header, 0, "responsible", MAX_TEXT_UNITS, &text));
  if (!wh_cbor_find(header, 0, "clock", &item)) return WH_OK;
  TRY(wh_cbor_list(&item, 3, 3));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_number(&item, &number));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_number(&item, &number));
  wh_cbor_item(header, item.end, &item);
  return wh_cbor_text(header, &item, MAX_TEXT_UNITS, &text);
}

static wh_status read_header(wh_hour *hour, uint64_t file_bytes) {
  const wh_header *header = &hour->header;
  wh_item item;
  size_t at;
  uint32_t i;
  wh_cbor_item(header, 0, &item);
  if (item.major != WH_MAP) return WH_MALFORMED;
  if (!wh_cbor_find(header, 0, "station", &item) || item.major != WH_BYTES || item.value != 16) return WH_MALFORMED;
  hour->station = header->bytes + item.end - 16u;
  TRY(text_of(header, 0, "name", MAX_TEXT_UNITS, &hour->name));
  if (!wh_cbor_find(header, 0, "start", &item)) return WH_MALFORMED;
  TRY(wh_cbor_whole(&item, -INT64_C(8640000000000000), INT64_C(8640000000000000), &hour->start_ms));
  if (!wh_cbor_find(header, 0, "length", &item)) return WH_MALFORMED;
  TRY(wh_cbor_whole(&item, 1, WH_MAX_NUMBER, &hour->length_ms));
  if (!wh_cbor_find(header, 0, "streams", &item)) return WH_MALFORMED;
  TRY(wh_cbor_list(&item, 0, WH_MAX_STREAMS));
  hour->streams = (uint32_t)item.value;
  hour->streams_at = item.end;
  if (!wh_cbor_find(header, 0, "gaps", &item)) return WH_MALFORMED;
  TRY(wh_cbor_list(&item, 0, WH_MAX_GAPS));
  hour->gaps = (uint32_t)item.value;
  hour->gaps_at = item.end;
  for (i = 0, at = hour->gaps_at; i < hour->gaps; i++, at = wh_cbor_skip(header, at)) {
    wh_gap gap;
    TRY(gap_at(hour, at, &gap));
  }
  TRY(check_optional(header));
  return check_streams(hour, file_bytes);
}

wh_status wh_open(wh_hour *hour, const uint8_t *bytes, size_t size, uint64_t file_bytes, uint8_t *memory,
                  size_t memory_bytes) {
  size_t head_bytes;
  size_t needed;
  TRY(wh_preamble(bytes, size, &head_bytes, &needed));
  if (size < head_bytes || file_bytes < head_bytes) return WH_CORRUPT;
  if (file_bytes > MAX_FILE) return WH_LIMIT;
  if (wh_crc32(0, bytes + WH_PREAMBLE_BYTES, head_bytes - WH_PREAMBLE_BYTES - 4u) != big_endian(bytes + head_bytes - 4u))
    return WH_CORRUPT;
  if (memory_bytes < needed) return WH_ROOM;
  TRY(wh_inflate(bytes + WH_PREAMBLE_BYTES, head_bytes - WH_PREAMBLE_BYTES - 4u, memory, needed));
  TRY(wh_cbor_check(memory, needed));
  hour->header.bytes = memory;
  hour->header.size = needed;
  hour->data_at = head_bytes;
  return read_header(hour, file_bytes);
}

wh_status wh_stream_at(const wh_hour *hour, uint32_t index, wh_stream *stream) {
  size_t at = hour->streams_at;
  uint64_t data_at = hour->data_at;
  uint64_t cells = 0;
  if (index >= hour->streams) return WH_END;
  for (; index > 0; index--) {
    TRY(stream_at(&hour->header, at, stream));
    TRY(check_blocks(&hour->header, stream, &data_at, &cells));
    at = wh_cbor_skip(&hour->header, at);
  }
  TRY(stream_at(&hour->header, at, stream));
  stream->data_at = data_at;
  return WH_OK;
}

wh_status wh_column_at(const wh_hour *hour, const wh_stream *stream, uint32_t index, wh_column_info *column) {
  size_t at = stream->columns_at;
  if (index >= stream->columns) return WH_END;
  for (; index > 0; index--) at = wh_cbor_skip(&hour->header, at);
  return column_info(&hour->header, at, column);
}

wh_status wh_gap_at(const wh_hour *hour, uint32_t index, wh_gap *gap) {
  size_t at = hour->gaps_at;
  if (index >= hour->gaps) return WH_END;
  for (; index > 0; index--) at = wh_cbor_skip(&hour->header, at);
  return gap_at(hour, at, gap);
}

wh_status wh_first_block(const wh_hour *hour, const wh_stream *stream, wh_block *block) {
  if (stream->blocks == 0) return WH_END;
  TRY(wh_index_block(&hour->header, stream->blocks_at, block));
  block->at = stream->data_at;
  block->is_fast = stream->is_fast;
  block->left = stream->blocks - 1u;
  return WH_OK;
}

wh_status wh_next_block(const wh_hour *hour, wh_block *block) {
  if (block->left == 0) return WH_END;
  block->at += block->size;
  block->left--;
  return wh_index_block(&hour->header, block->next_at, block);
}

wh_status wh_block_index(const wh_hour *hour, const wh_stream *stream, const wh_block *block, uint32_t column,
                         wh_column_index *index) {
  wh_column_info info;
  wh_item item;
  size_t at;
  TRY(wh_column_at(hour, stream, column, &info));
  wh_cbor_item(&hour->header, block->columns_at, &item);
  for (at = item.end; column > 0; column--) at = wh_cbor_skip(&hour->header, at);
  return wh_index_column(&hour->header, at, &info, block->rows, index);
}
