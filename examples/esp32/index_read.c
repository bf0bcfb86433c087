/*
 * What the header says of a block (docs/HOUR.md, "Header"): [rows, tick, bytes, CRC-32, first, last, [column, ...]]. Its bytes have passed
 * wh_cbor_check; whether they are what they must be is found here.
 */
#include "internal.h"

#define BEYOND UINT64_C(0x7ff0000000000000)

wh_status wh_index_tick(const wh_item *item, uint32_t *tick_ns) {
  int64_t ns;
  TRY(wh_cbor_whole(item, 1, 1000000000, &ns));
  *tick_ns = (uint32_t)ns;
  return ns == 1 || ns == 1000 || ns == 1000000 || ns == 1000000000 ? WH_OK : WH_MALFORMED;
}

static wh_status above_zero(const wh_item *item, uint64_t *pattern) {
  TRY(wh_cbor_number(item, pattern));
  return *pattern > 0 && *pattern < BEYOND ? WH_OK : WH_MALFORMED;
}

/* null or [numerator, denominator]. */
wh_status wh_index_step(const wh_header *header, size_t at, int *has_step, wh_step *step) {
  wh_item item;
  wh_cbor_item(header, at, &item);
  *has_step = 0;
  if (wh_cbor_is_null(&item)) return WH_OK;
  *has_step = 1;
  TRY(wh_cbor_list(&item, 2, 2));
  wh_cbor_item(header, item.end, &item);
  TRY(above_zero(&item, &step->numerator));
  wh_cbor_item(header, item.end, &item);
  return above_zero(&item, &step->denominator);
}

static wh_status told(const wh_header *header, wh_item *item, const wh_column_index *index, wh_told *out) {
  const int is_list = item->major == WH_ARRAY;
  out->kind = WH_TOLD_NOTHING;
  out->number = 0;
  out->value = 0;
  if (wh_cbor_is_null(item)) return WH_OK;
  if (is_list) {
    TRY(wh_cbor_list(item, 1, 1));
    wh_cbor_item(header, item->end, item);
  }
  TRY(wh_cbor_number(item, &out->value));
  out->kind = WH_TOLD_VALUE;
  if (is_list || !index->has_step) return WH_OK;
  if (item->major == WH_SIMPLE) {
    /* A number beyond 2^53 - 1, or between whole ones: taken as it is. */
    out->value = wh_divide(wh_multiply(out->value, index->step.numerator), index->step.denominator);
    return WH_OK;
  }
  out->kind = WH_TOLD_NUMBER;
  return wh_cbor_whole(item, -WH_MAX_NUMBER, WH_MAX_NUMBER, &out->number);
}

/* [count, min, max, sum] or [count, min, max, sum, step]; the step is the column's own where it is not said. */
wh_status wh_index_column(const wh_header *header, size_t at, const wh_column_info *column, uint32_t rows,
                              wh_column_index *index) {
  wh_item item;
  wh_item list;
  size_t told_at;
  int64_t count;
  wh_cbor_item(header, at, &list);
  TRY(wh_cbor_list(&list, 4, 5));
  wh_cbor_item(header, list.end, &item);
  TRY(wh_cbor_whole(&item, 0, rows, &count));
  index->count = (uint32_t)count;
  index->has_step = column->has_step;
  index->step = column->step;
  told_at = item.end;
  if (list.value == 5) {
    at = wh_cbor_skip(header, wh_cbor_skip(header, wh_cbor_skip(header, told_at)));
    TRY(wh_index_step(header, at, &index->has_step, &index->step));
  }
  wh_cbor_item(header, told_at, &item);
  TRY(told(header, &item, index, &index->least));
  wh_cbor_item(header, wh_cbor_skip(header, told_at), &item);
  told_at = wh_cbor_skip(header, told_at);
  TRY(told(header, &item, index, &index->greatest));
  wh_cbor_item(header, wh_cbor_skip(header, told_at), &item);
  TRY(told(header, &item, index, &index->sum));
  if ((count == 0) != (index->least.kind == WH_TOLD_NOTHING)) return WH_MALFORMED;
  return (count == 0) == (index->greatest.kind == WH_TOLD_NOTHING) ? WH_OK : WH_MALFORMED;
}

/* The block at `at` of the header; `block->at` is set by who calls. */
wh_status wh_index_block(const wh_header *header, size_t at, wh_block *block) {
  wh_item item;
  int64_t number;
  wh_cbor_item(header, at, &item);
  TRY(wh_cbor_list(&item, 7, 7));
  block->next_at = wh_cbor_skip(header, at);
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_whole(&item, 1, WH_MAX_BLOCK_ROWS, &number));
  block->rows = (uint32_t)number;
  wh_cbor_item(header, item.end, &item);
  TRY(wh_index_tick(&item, &block->tick_ns));
  wh_cbor_item(header, item.end, &item);
  /* Larger ones than these two fit no file that this library could be given. */
  TRY(wh_cbor_whole(&item, 0, UINT32_MAX, &number));
  block->size = (uint32_t)number;
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_whole(&item, 0, UINT32_MAX, &number));
  block->crc = (uint32_t)number;
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_whole(&item, -WH_MAX_NUMBER, WH_MAX_NUMBER, &block->first));
  wh_cbor_item(header, item.end, &item);
  TRY(wh_cbor_whole(&item, -WH_MAX_NUMBER, WH_MAX_NUMBER, &block->last));
  block->columns_at = item.end;
  return block->first <= block->last ? WH_OK : WH_MALFORMED;
}
