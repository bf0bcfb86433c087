/* Rows of a stream one by one, until they are a block. */
#include "internal.h"

wh_status wh_recorder_open(wh_recorder *recorder, const wh_stream_text *stream, uint32_t rows, wh_values *columns,
                           int64_t *ticks, int32_t *numbers, uint8_t *missing) {
  uint32_t c;
  if (rows == 0 || rows % 8u != 0 || rows > WH_MAX_BLOCK_ROWS || stream->columns > WH_MAX_COLUMNS) return WH_USAGE;
  recorder->stream = stream;
  recorder->columns = columns;
  recorder->ticks = ticks;
  recorder->numbers = numbers;
  recorder->missing = missing;
  recorder->room = rows;
  recorder->rows = 0;
  for (c = 0; c < stream->columns; c++) {
    columns[c].numbers = NULL;
    columns[c].small_numbers = recorder->numbers + (size_t)rows * c;
    columns[c].missing = recorder->missing + (size_t)(rows / 8u) * c;
    columns[c].apart = NULL;
    columns[c].grid = stream->column[c].step;
    if (columns[c].grid == NULL) return WH_USAGE;
  }
  wh_zero(recorder->missing, (size_t)(rows / 8u) * stream->columns);
  return WH_OK;
}

wh_status wh_record(wh_recorder *recorder, int64_t tick, const int32_t *numbers, const uint8_t *missing) {
  const uint32_t row = recorder->rows;
  uint32_t c;
  if (row == recorder->room) return WH_ROOM;
  recorder->ticks[row] = tick;
  for (c = 0; c < recorder->stream->columns; c++) {
    recorder->numbers[(size_t)recorder->room * c + row] = numbers[c];
    if (missing != NULL && wh_bit(missing, c)) wh_set_bit(recorder->missing + (size_t)(recorder->room / 8u) * c, row);
  }
  recorder->rows++;
  return WH_OK;
}

wh_status wh_recorder_write(wh_recorder *recorder, uint8_t *out, size_t room, size_t *size, wh_index *index) {
  wh_status status;
  if (recorder->rows == 0) return WH_END;
  status = wh_write_block(recorder->stream, recorder->rows, recorder->ticks, recorder->columns, out, room, size, index);
  if (status != WH_OK) return status;
  recorder->rows = 0;
  wh_zero(recorder->missing, (size_t)(recorder->room / 8u) * recorder->stream->columns);
  return WH_OK;
}
