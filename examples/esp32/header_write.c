/*
 * What stands before the blocks of a file (docs/HOUR.md, "Bytes" and "Header"). The header is made twice: once to know its size, once to be
 * given away in stored deflate (RFC 1951, 3.2.4), so that it never has to be kept.
 */
#include "internal.h"

#define MAX_TEXT_UNITS 500u
#define MAX_CALIBRATION_UNITS 4096u
#define MAX_STORED 65535u
#define MAX_TIME_MS INT64_C(8640000000000000)


typedef struct {
  wh_sink sink;
  void *context;
  wh_status status;
  uint32_t crc;
  /* Bytes of the header still to come, and of the stored block that is being written. */
  size_t left;
  size_t block_left;
} emission;

static void count(void *to, const uint8_t *bytes, size_t size) {
  (void)bytes;
  *(size_t *)to += size;
}

static void give(emission *e, const uint8_t *bytes, size_t size) {
  e->crc = wh_crc32(e->crc, bytes, size);
  if (e->status == WH_OK) e->status = e->sink(e->context, bytes, size);
}

static void emit(void *to, const uint8_t *bytes, size_t size) {
  emission *e = to;
  while (size > 0) {
    size_t part = size;
    if (e->block_left == 0) {
      uint8_t head[5];
      e->block_left = e->left < MAX_STORED ? e->left : MAX_STORED;
      head[0] = e->block_left == e->left;
      head[1] = (uint8_t)e->block_left;
      head[2] = (uint8_t)(e->block_left >> 8);
      head[3] = (uint8_t)(head[1] ^ 0xffu);
      head[4] = (uint8_t)(head[2] ^ 0xffu);
      give(e, head, 5u);
    }
    if (part > e->block_left) part = e->block_left;
    give(e, bytes, part);
    bytes += part;
    size -= part;
    e->left -= part;
    e->block_left -= part;
  }
}

static void put_stream(const wh_cbor_out *out, const wh_stream_text *stream, const wh_index *index) {
  uint32_t c;
  wh_cbor_put(out, WH_MAP, stream->calibration != NULL ? 10u : 9u);
  wh_cbor_put_text(out, "name");
  wh_cbor_put_text(out, stream->name);
  wh_cbor_put_text(out, "tick");
  wh_cbor_put_whole(out, stream->tick_ns);
  wh_cbor_put_text(out, "asked");
  if (stream->asked == 0) {
    wh_cbor_put_null(out);
  } else {
    wh_cbor_put_number(out, stream->asked);
  }
  wh_cbor_put_text(out, "blocks");
  wh_cbor_put(out, WH_ARRAY, index->blocks);
  out->put(out->to, index->bytes, index->size);
  wh_cbor_put_text(out, "device");
  wh_cbor_put_text(out, stream->device);
  wh_cbor_put_text(out, "driver");
  wh_cbor_put_text(out, stream->driver);
  wh_cbor_put_text(out, "replay");
  wh_cbor_put(out, WH_SIMPLE, stream->is_replay ? 21u : 20u);
  wh_cbor_put_text(out, "columns");
  wh_cbor_put(out, WH_ARRAY, stream->columns);
  for (c = 0; c < stream->columns; c++) {
    wh_cbor_put(out, WH_ARRAY, 3u);
    wh_cbor_put_text(out, stream->column[c].name);
    wh_cbor_put_text(out, stream->column[c].unit);
    if (stream->column[c].step == NULL) {
      wh_cbor_put_null(out);
    } else {
      wh_cbor_put_step(out, stream->column[c].step);
    }
  }
  wh_cbor_put_text(out, "profile");
  wh_cbor_put_text(out, "fast");
  if (stream->calibration == NULL) return;
  wh_cbor_put_text(out, "calibration");
  wh_cbor_put_text(out, stream->calibration);
}

static void put_gap(const wh_cbor_out *out, const wh_gap_text *gap) {
  wh_cbor_put(out, WH_ARRAY, 5u);
  if (gap->stream < 0) {
    wh_cbor_put_null(out);
  } else {
    wh_cbor_put_whole(out, gap->stream);
  }
  wh_cbor_put_whole(out, gap->from_ms);
  wh_cbor_put_whole(out, gap->to_ms);
  wh_cbor_put_text(out, gap->cause);
  wh_cbor_put_text(out, gap->detail);
}

static void put_header(const wh_cbor_out *out, const wh_hour_text *hour) {
  uint32_t i;
  wh_cbor_put(out, WH_MAP, 6u + (hour->clock != NULL) + (hour->responsible != NULL));
  wh_cbor_put_text(out, "gaps");
  wh_cbor_put(out, WH_ARRAY, hour->gaps);
  for (i = 0; i < hour->gaps; i++) put_gap(out, &hour->gap[i]);
  wh_cbor_put_text(out, "name");
  wh_cbor_put_text(out, hour->name);
  if (hour->clock != NULL) {
    wh_cbor_put_text(out, "clock");
    wh_cbor_put(out, WH_ARRAY, 3u);
    wh_cbor_put_whole(out, hour->clock->offset_ms);
    wh_cbor_put_whole(out, hour->clock->error_ms);
    wh_cbor_put_text(out, hour->clock->source);
  }
  wh_cbor_put_text(out, "start");
  wh_cbor_put_whole(out, hour->start_ms);
  wh_cbor_put_text(out, "length");
  wh_cbor_put_whole(out, hour->length_ms);
  wh_cbor_put_text(out, "station");
  wh_cbor_put(out, WH_BYTES, 16u);
  out->put(out->to, hour->station, 16u);
  wh_cbor_put_text(out, "streams");
  wh_cbor_put(out, WH_ARRAY, hour->streams);
  for (i = 0; i < hour->streams; i++) put_stream(out, &hour->stream[i], &hour->index[i]);
  if (hour->responsible == NULL) return;
  wh_cbor_put_text(out, "responsible");
  wh_cbor_put_text(out, hour->responsible);
}

/* ---- What a reader would refuse ---- */

static int is_step(const wh_step *step) {
  return step == NULL || (step->numerator > 0 && step->numerator < UINT64_C(0x7ff0000000000000) &&
                          step->denominator > 0 && step->denominator < UINT64_C(0x7ff0000000000000));
}

static int is_stream(const wh_stream_text *stream) {
  const uint32_t ns = stream->tick_ns;
  uint32_t c;
  if (!wh_is_text(stream->name, MAX_TEXT_UNITS) || !wh_is_text(stream->driver, MAX_TEXT_UNITS)) return 0;
  if (!wh_is_text(stream->device, MAX_TEXT_UNITS)) return 0;
  if (stream->calibration != NULL && !wh_is_text(stream->calibration, MAX_CALIBRATION_UNITS)) return 0;
  if (ns != 1u && ns != 1000u && ns != 1000000u && ns != 1000000000u) return 0;
  if (stream->asked >= UINT64_C(0x7ff0000000000000) || stream->columns > WH_MAX_COLUMNS) return 0;
  for (c = 0; c < stream->columns; c++) {
    if (!wh_is_text(stream->column[c].name, MAX_TEXT_UNITS) || !wh_is_text(stream->column[c].unit, MAX_TEXT_UNITS)) return 0;
    if (!is_step(stream->column[c].step)) return 0;
  }
  return 1;
}

static int is_time(int64_t ms) { return ms >= -MAX_TIME_MS && ms <= MAX_TIME_MS; }

static int is_hour(const wh_hour_text *hour) {
  uint32_t i;
  if (!wh_is_text(hour->name, MAX_TEXT_UNITS) || !is_time(hour->start_ms)) return 0;
  if (hour->length_ms < 1 || hour->length_ms > WH_MAX_NUMBER) return 0;
  if (hour->responsible != NULL && !wh_is_text(hour->responsible, MAX_TEXT_UNITS)) return 0;
  if (hour->clock != NULL && (!wh_is_text(hour->clock->source, MAX_TEXT_UNITS) || !is_time(hour->clock->offset_ms) ||
                              !is_time(hour->clock->error_ms)))
    return 0;
  if (hour->streams > WH_MAX_STREAMS || hour->gaps > WH_MAX_GAPS) return 0;
  for (i = 0; i < hour->gaps; i++) {
    const wh_gap_text *gap = &hour->gap[i];
    if (gap->stream < -1 || gap->stream >= (int32_t)hour->streams || !is_time(gap->from_ms) || !is_time(gap->to_ms)) return 0;
    if (!wh_is_text(gap->cause, MAX_TEXT_UNITS) || !wh_is_text(gap->detail, MAX_TEXT_UNITS)) return 0;
  }
  for (i = 0; i < hour->streams; i++) {
    if (!is_stream(&hour->stream[i])) return 0;
  }
  return 1;
}

static void put_big_endian(uint8_t *bytes, uint32_t value) {
  bytes[0] = (uint8_t)(value >> 24);
  bytes[1] = (uint8_t)(value >> 16);
  bytes[2] = (uint8_t)(value >> 8);
  bytes[3] = (uint8_t)value;
}

wh_status wh_write_head(const wh_hour_text *hour, wh_sink sink, void *context) {
  uint8_t bytes[WH_PREAMBLE_BYTES] = {'W', 'S', 'H', 'R', 2, 0, 0, 0, 0, 0, 0, 0, 0};
  size_t size = 0;
  size_t stored;
  emission e;
  wh_cbor_out out;
  if (!is_hour(hour)) return WH_USAGE;
  out.put = count;
  out.to = &size;
  put_header(&out, hour);
  stored = size + 5u * ((size + MAX_STORED - 1u) / MAX_STORED);
  if (stored > WH_MAX_HEADER_BYTES) return WH_LIMIT;
  put_big_endian(bytes + 5, (uint32_t)size);
  put_big_endian(bytes + 9, (uint32_t)stored);
  e.sink = sink;
  e.context = context;
  e.status = sink(context, bytes, WH_PREAMBLE_BYTES);
  e.crc = 0;
  e.left = size;
  e.block_left = 0;
  out.put = emit;
  out.to = &e;
  put_header(&out, hour);
  if (e.status != WH_OK) return e.status;
  put_big_endian(bytes, e.crc);
  return sink(context, bytes, 4u);
}
