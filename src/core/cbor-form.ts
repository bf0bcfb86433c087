/**
 * The one form that deterministic CBOR allows (RFC 8949 §4.2.1), checked over the encoded bytes: shortest heads and
 * floats, map keys in bytewise order and each once, valid UTF-8, nothing indefinite, no tags. The general decoder behind
 * `cbor.ts` lets several of these pass, and then one value would have two encodings and two ids.
 *
 * Walks with a stack of its own, so hostile nesting costs no recursion, and never allocates by a length it has read.
 */
import { compareBytes, fromUtf8 } from './bytes.ts';
import { WaystationError } from './errors.ts';

const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, simple: 7 } as const;
const FALSE = 20;
const NULL = 22;
const FLOAT16 = 25;
/** Bytes after the head byte, by its low five bits from 24 on. */
const EXTRA_BYTES = [1, 2, 4, 8] as const;

/** An array or map that is being read. */
interface Container {
  /** Items still to come; a map has two per entry. */
  left: number;
  readonly isMap: boolean;
  /** The encoded key before, of a map. */
  lastKey: Uint8Array | null;
}

interface Head {
  readonly major: number;
  readonly info: number;
  /** The number in the head; meaningless for floats. */
  readonly value: number;
  readonly end: number;
}

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `expected deterministic CBOR: ${what}`);
}

/**
 * Checks that `bytes` are exactly one item in deterministic form.
 * @param isShortestFloat whether these encoded float bytes are what the encoder would write for their value.
 * @throws WaystationError `limit` when nested deeper than `maxDepth`, otherwise `malformed`.
 */
export function checkDeterministicForm(
  bytes: Uint8Array,
  maxDepth: number,
  isShortestFloat: (item: Uint8Array) => boolean,
): void {
  const open: Container[] = [];
  let at = 0;
  do {
    const start = at;
    const head = readHead(bytes, at);
    at = endOfItem(bytes, head);
    const { major, info } = head;
    if (major === MAJOR.simple && info >= FLOAT16 && !isShortestFloat(bytes.subarray(start, at))) {
      throw malformed('the shortest form of a number');
    }
    const parent = open.at(-1);
    if (parent?.isMap === true && parent.left % 2 === 0) takeKey(parent, major, bytes.subarray(start, at));
    if (parent !== undefined) parent.left--;
    if (major === MAJOR.array || major === MAJOR.map) {
      const isMap = major === MAJOR.map;
      open.push({ left: isMap ? head.value * 2 : head.value, isMap, lastKey: null });
      if (open.length > maxDepth) {
        throw new WaystationError('limit', `expected CBOR nested at most ${maxDepth} deep`);
      }
    }
    while (open.at(-1)?.left === 0) open.pop();
  } while (open.length > 0);
  if (at !== bytes.length) throw malformed('one item and nothing after it');
}

function readHead(bytes: Uint8Array, at: number): Head {
  const first = bytes[at];
  if (first === undefined) throw malformed('more bytes');
  const major = first >> 5;
  const info = first & 31;
  if (info < 24) return { major, info, value: info, end: at + 1 };
  const extra = EXTRA_BYTES[info - 24];
  if (extra === undefined) throw malformed('definite lengths');
  const end = at + 1 + extra;
  if (end > bytes.length) throw malformed('more bytes');
  let value = 0;
  for (let i = at + 1; i < end; i++) value = value * 256 + (bytes[i] as number);
  const couldBeShorter = extra === 1 ? value < 24 : value < 256 ** (extra / 2);
  if (major !== MAJOR.simple && couldBeShorter) throw malformed('the shortest form of a number');
  return { major, info, value, end };
}

/** Where an item ends that holds no other items; for arrays and maps where their head ends. */
function endOfItem(bytes: Uint8Array, { major, info, value, end }: Head): number {
  switch (major) {
    case MAJOR.bytes:
    case MAJOR.text:
      if (value > bytes.length - end) throw malformed('more bytes');
      if (major === MAJOR.text) fromUtf8(bytes.subarray(end, end + value));
      return end + value;
    case MAJOR.array:
    case MAJOR.map:
      // Every item takes a byte: a count that cannot be true is refused before anything is made of it.
      if (value > bytes.length - end) throw malformed('more bytes');
      return end;
    case MAJOR.simple:
      if (info < FALSE || (info > NULL && info < FLOAT16)) throw malformed('no other simple values');
      return end;
    case MAJOR.uint:
    case MAJOR.negative:
      return end;
    default:
      throw malformed('no tags');
  }
}

function takeKey(map: Container, major: number, key: Uint8Array): void {
  if (major !== MAJOR.uint && major !== MAJOR.negative && major !== MAJOR.text) {
    throw malformed('integers or text as map keys');
  }
  if (map.lastKey !== null && compareBytes(map.lastKey, key) >= 0) {
    throw malformed('map keys in bytewise order, each once');
  }
  map.lastKey = key;
}
