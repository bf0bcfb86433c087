/**
 * The description of an hour is deflated (RFC 1951) with a preset dictionary: what nearly every description says, so that
 * a quiet hour of a weather station is not mostly key names. The dictionary is part of the format (docs/HOUR.md) and never changes
 * within a version.
 */
import { deflateSync, Inflate } from 'fflate';
import { asBytes, type Bytes, toUtf8 } from '../core/bytes.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';

/** Likelier things later: near matches are cheaper. Texts as CBOR has them, without their length. */
const WORDS = [
  'responsible calibration clock ambient-light linear-acceleration orientation gravity altitude latitude longitude satellites lx ',
  'radiation W/m2 rain mm wind direction deg speed m/s humidity temperature % Cel pressure barometer hPa ',
  'unknown store crash clock sensor permission frozen hidden stop start ',
  'replay serial motion-events generic-sensor magnetometer uT gyroscope rad/s accelerometer m/s2 ',
];

/** A description with one stream of three columns, as its keys stand in deterministic CBOR. */
const FRAME =
  '\u0064gaps\u0080\u0064name\u0065start\u0066length\u001a\u0000\u0036\u00ee\u0080\u0067station\u0050\u0067streams\u0081\u00a8' +
  '\u0064name\u0064tick\u001a\u0000\u000f\u0042\u0040\u0065asked\u00f6\u0066blocks\u0081\u0087\u0066device\u0060\u0066driver\u0066replay\u00f4\u0067columns\u0083\u0083\u0061x\u0061y\u0061z\u0082\u0001\u000a\u0083\u0082\u0001\u0018\u0064';

/** Latin-1 texts: each character is one byte. */
const DICTIONARY = Uint8Array.from([
  ...toUtf8(WORDS.join('')),
  ...Array.from(FRAME, (character) => character.charCodeAt(0)),
]);

export function deflateHeader(header: Uint8Array): Bytes {
  return asBytes(deflateSync(header, { level: 9, dictionary: DICTIONARY }));
}

/** Looked at together: inflates to at most a thousand times as much, before it is found to be too much. */
const PIECE_BYTES = 1024;

/** @param size how long it was, already found within bounds. @throws WaystationError `corrupt`. */
export function inflateHeader(stored: Uint8Array, size: number): Uint8Array {
  const header = new Uint8Array(size);
  let at = 0;
  const inflate = new Inflate({ dictionary: DICTIONARY }, (part) => {
    if (at + part.length > size) throw otherSize();
    header.set(part, at);
    at += part.length;
  });
  try {
    for (let from = 0; from < stored.length; from += PIECE_BYTES) {
      const to = from + PIECE_BYTES;
      inflate.push(stored.subarray(from, to), to >= stored.length);
    }
  } catch (cause) {
    if (isWaystationError(cause)) throw cause;
    throw new WaystationError('corrupt', 'the description of this hour is damaged: fetch it again', {
      cause,
    });
  }
  if (at !== size) throw otherSize();
  return header;
}

function otherSize(): WaystationError {
  return new WaystationError(
    'corrupt',
    'the description of this hour has another size than it says: fetch it again',
  );
}
