/**
 * The frame of an hour file, and its description read without touching a block (docs/HOUR.md has the bytes).
 *
 *     "WSHR" | version u8 | size u32 BE | stored u32 BE | header (deterministic CBOR, deflated) | CRC-32 of it u32 BE | blocks
 */
import { type Bytes, concatBytes, toUtf8 } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { crc32 } from '../core/crc32.ts';
import { WaystationError } from '../core/errors.ts';
import { type HourHeader, headerToWire, parseHourHeader } from './header.ts';
import { deflateHeader, inflateHeader } from './header-dictionary.ts';
import { checkItems } from './header-items.ts';
import { MAX_HEADER_BYTES } from './limits.ts';

const MAGIC = toUtf8('WSHR');
const VERSION = 2;
/** Magic, version, and the header's size inflated and as stored. */
export const PREAMBLE_BYTES = MAGIC.length + 1 + 4 + 4;
const SIZE_AT = MAGIC.length + 1;
const STORED_AT = SIZE_AT + 4;
const CRC_BYTES = 4;

/**
 * The file of that description and those blocks.
 * @param blocks end to end as the description says.
 * @throws RangeError when a limit of limits.ts is passed.
 */
export function hourFile(description: Omit<HourHeader, 'dataAt'>, blocks: readonly Uint8Array[]): Bytes {
  const header = encodeCbor(headerToWire(description));
  const stored = deflateHeader(header);
  const file = concatBytes(
    MAGIC,
    Uint8Array.of(VERSION),
    uint32(header.length),
    uint32(stored.length),
    stored,
    uint32(crc32(stored)),
    ...blocks,
  );
  try {
    readHourHeader(file);
  } catch (cause) {
    throw new RangeError(`this hour does not fit one file: ${(cause as Error).message}`, { cause });
  }
  return file;
}

function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/**
 * How many bytes of the file the header takes, blocks not included, told from its first {@link PREAMBLE_BYTES}.
 * @throws WaystationError `malformed`, `limit`.
 */
export function hourHeaderBytes(bytes: Uint8Array): number {
  if (bytes.length < PREAMBLE_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new WaystationError('malformed', 'this is not an hour file: it does not begin with WSHR');
  }
  const version = bytes[MAGIC.length] as number;
  if (version !== VERSION) {
    const what =
      version > VERSION ? 'update Waystation' : 'a trial version made it, which nothing reads any more';
    throw new WaystationError(
      'malformed',
      `this hour is of version ${version}, expected ${VERSION}: ${what}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = Math.max(view.getUint32(SIZE_AT), view.getUint32(STORED_AT));
  if (size > MAX_HEADER_BYTES) {
    throw new WaystationError(
      'limit',
      `expected at most ${MAX_HEADER_BYTES} bytes of description in an hour, got ${size}`,
    );
  }
  return PREAMBLE_BYTES + view.getUint32(STORED_AT) + CRC_BYTES;
}

/**
 * Reads the description and the index without touching a block.
 * @param fileBytes the whole file's size, when `bytes` is only its beginning.
 * @throws WaystationError `malformed`, `limit`, `corrupt`.
 */
export function readHourHeader(bytes: Uint8Array, fileBytes = bytes.length): HourHeader {
  return headerOf(bytes, fileBytes);
}

/**
 * As {@link readHourHeader}, of a file that may end before its blocks do, or go on behind them.
 * @throws WaystationError `malformed`, `limit`, `corrupt` (the description itself).
 */
export function readDamagedHourHeader(bytes: Uint8Array): HourHeader {
  return headerOf(bytes, null);
}

function headerOf(bytes: Uint8Array, fileBytes: number | null): HourHeader {
  const dataAt = hourHeaderBytes(bytes);
  if (dataAt > bytes.length)
    throw new WaystationError('corrupt', 'this hour is cut off in its description: fetch it again');
  const stored = bytes.subarray(PREAMBLE_BYTES, dataAt - CRC_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32(stored) !== view.getUint32(dataAt - CRC_BYTES)) {
    throw new WaystationError('corrupt', 'the description of this hour is damaged: fetch it again');
  }
  const header = inflateHeader(stored, view.getUint32(SIZE_AT));
  checkItems(header);
  return parseHourHeader(decodeCbor(header, MAX_HEADER_BYTES), dataAt, fileBytes);
}
