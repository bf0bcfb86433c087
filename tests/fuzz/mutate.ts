/** Seeded damage to bytes and text: what bad disks, bad links and bad people do. */
import { type Bytes, concatBytes } from '../../src/core/bytes.ts';
import type { SeededRandom } from '../sim/random.ts';

/** Numbers that formats trip over: around zero, around each width of a CBOR head, around 2^53. */
const EDGES = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53];

function headOf(major: number, value: number): Bytes {
  const head = new Uint8Array(9);
  head[0] = (major << 5) | 27;
  new DataView(head.buffer).setBigUint64(1, BigInt(value));
  return head;
}

/** A copy of `bytes` with something wrong. */
export function mutate(random: SeededRandom, bytes: Uint8Array): Bytes {
  const copy = Uint8Array.from(bytes);
  const at = random.integer(0, copy.length + 1);
  switch (random.integer(0, 9)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random.integer(0, 8));
      return copy;
    case 1:
      return copy.slice(0, at);
    case 2:
      for (let i = random.integer(1, 8); i > 0 && copy.length > 0; i--)
        copy[random.integer(0, copy.length)] = random.integer(0, 256);
      return copy;
    case 3:
      return concatBytes(copy.subarray(0, at), random.bytes(random.integer(1, 40)), copy.subarray(at));
    case 4: {
      const to = random.integer(at, copy.length + 1);
      return concatBytes(copy.subarray(0, to), copy.subarray(at));
    }
    case 5: {
      const to = random.integer(at, copy.length + 1);
      return concatBytes(copy.subarray(0, at), copy.subarray(to));
    }
    case 6:
      // A head that promises something else: a count, a length, a number.
      return concatBytes(
        copy.subarray(0, at),
        headOf(random.integer(0, 8), random.pick(EDGES)),
        copy.subarray(Math.min(copy.length, at + 1)),
      );
    case 7:
      if (copy.length > 1) copy[1] = random.integer(0, 256);
      return copy;
    default:
      return concatBytes(copy, random.bytes(random.integer(1, 9)));
  }
}

/** A copy of `text` with something wrong. */
export function mutateText(random: SeededRandom, text: string): string {
  const at = random.integer(0, text.length + 1);
  switch (random.integer(0, 5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return (
        text.slice(0, at) +
        random.pick(['#', '%', '=', '/', '+', ' ', '\n', 'A', '€', '\u0000']) +
        text.slice(at)
      );
    case 2:
      return text.slice(0, at) + text.slice(at + random.integer(1, 9));
    case 3:
      return text + text.slice(at);
    default:
      return text.slice(0, at) + String.fromCharCode(random.integer(32, 127)) + text.slice(at + 1);
  }
}
