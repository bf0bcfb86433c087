/*
 * Writes an hour of a SIMULATED sensor, as an ESP32 with a BMP280 would: temperature and pressure once a second, blocks of ten minutes. Nothing in
 * the file was measured, and it says so. For a computer with a C library; the part inside `record_hour` is what a microcontroller does.
 *
 *   make && ./example simulated.hour && npx waystation hour info simulated.hour
 */
#include <stdio.h>
#include <stdlib.h>

#include "waystation_hour.h"

#define BLOCK_ROWS 600u
#define COLUMNS 2u

/* 0.01 Cel and 0.01 hPa. */
static const wh_step HUNDREDTH = {WH_ONE, WH_HUNDRED};
static const wh_column_text COLUMN[COLUMNS] = {{"temperature", "Cel", &HUNDREDTH}, {"pressure", "hPa", &HUNDREDTH}};

/* A walk of one simulated reading, in whole numbers: the same on every machine. */
static uint32_t noise(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 24;
}

static void simulate(uint32_t second, uint32_t *state, int32_t *numbers) {
  numbers[0] = 2150 + (int32_t)(second / 40u) + (int32_t)(noise(state) % 5u) - 2;
  numbers[1] = 101325 - (int32_t)(second / 90u) + (int32_t)(noise(state) % 9u) - 4;
}

static wh_status to_file(void *context, const uint8_t *bytes, size_t size) {
  return fwrite(bytes, 1, size, context) == size ? WH_OK : WH_ROOM;
}

/* A block goes to flash or a card as soon as it is full; here into `blocks`. */
static wh_status record_hour(FILE *blocks, const wh_stream_text *stream, wh_index *index) {
  static int64_t ticks[BLOCK_ROWS];
  static int32_t numbers[BLOCK_ROWS * COLUMNS];
  static uint8_t missing[COLUMNS * BLOCK_ROWS / 8u];
  static uint8_t out[WH_BLOCK_BYTES(BLOCK_ROWS, COLUMNS)];
  wh_values values[COLUMNS];
  wh_recorder recorder;
  uint32_t state = 1;
  uint32_t second;
  size_t size;
  wh_status status = wh_recorder_open(&recorder, stream, BLOCK_ROWS, values, ticks, numbers, missing);
  for (second = 0; status == WH_OK && second < 3600u; second++) {
    /* A sensor that does not answer for a moment: temperature (bit 0) and pressure (bit 1) are missing, not zero. */
    const uint8_t lost = second >= 1800u && second < 1805u ? 3u : 0u;
    int32_t row[COLUMNS];
    simulate(second, &state, row);
    status = wh_record(&recorder, (int64_t)second * 1000, row, &lost);
    if (status != WH_OK || (second + 1u) % BLOCK_ROWS != 0) continue;
    status = wh_recorder_write(&recorder, out, sizeof out, &size, index);
    if (status == WH_OK) status = to_file(blocks, out, size);
  }
  return status;
}

/* The blocks behind what stands before them. */
static wh_status put_together(FILE *file, FILE *blocks, const wh_stream_text *stream, const wh_index *index) {
  static const uint8_t STATION[16] = {0x51, 0x0d, 0xa7, 0xed, 0x51, 0x0d, 0xa7, 0xed,
                                      0x51, 0x0d, 0xa7, 0xed, 0x51, 0x0d, 0xa7, 0xed};
  wh_hour_text hour;
  wh_status status;
  size_t i;
  int byte;
  for (i = 0; i < sizeof STATION; i++) hour.station[i] = STATION[i];
  hour.name = "Simulated ESP32 (no measurement)";
  hour.responsible = NULL;
  hour.clock = NULL;
  /* 2026-01-01 12:00 UTC. */
  hour.start_ms = INT64_C(1767268800000);
  hour.length_ms = 3600000;
  hour.gaps = 0;
  hour.gap = NULL;
  hour.streams = 1;
  hour.stream = stream;
  hour.index = index;
  status = wh_write_head(&hour, to_file, file);
  rewind(blocks);
  while (status == WH_OK && (byte = getc(blocks)) != EOF) {
    if (putc(byte, file) == EOF) status = WH_ROOM;
  }
  return status;
}

int main(int count, char **words) {
  static uint8_t index_bytes[1024];
  wh_index index = {index_bytes, sizeof index_bytes, 0, 0, 0};
  wh_stream_text stream;
  FILE *blocks = tmpfile();
  FILE *file = count == 2 ? fopen(words[1], "wb") : NULL;
  wh_status status;
  if (blocks == NULL || file == NULL) {
    fprintf(stderr, "usage: example FILE.hour (a file that can be written)\n");
    return 2;
  }
  stream.name = "simulated barometer";
  stream.driver = "simulation";
  stream.device = "simulated BMP280, examples/esp32/example.c";
  stream.calibration = NULL;
  stream.asked = WH_ONE;
  stream.tick_ns = 1000000;
  stream.is_replay = 0;
  stream.columns = COLUMNS;
  stream.column = COLUMN;
  status = record_hour(blocks, &stream, &index);
  if (status == WH_OK) status = put_together(file, blocks, &stream, &index);
  if (fclose(file) != 0 && status == WH_OK) status = WH_ROOM;
  fclose(blocks);
  if (status != WH_OK) {
    fprintf(stderr, "the hour could not be written: status %d\n", (int)status);
    return 1;
  }
  printf("%u blocks, %lu bytes of readings, index %lu bytes\n", (unsigned)index.blocks, (unsigned long)index.data_bytes,
         (unsigned long)index.size);
  return 0;
}
