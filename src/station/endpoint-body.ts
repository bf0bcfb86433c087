/**
 * Body of an `endpoint` entry: where a host is, said by the member that runs it or by an admin. Clear, because mirrors meet there as well:
 * deterministic CBOR [1, node id or null, host id, weight, [address…]].
 *
 * An address is an origin and nothing more. It makes every member's device open a connection, and into a household's own network
 * at that: with a path or a query of its author's choice it could work devices there.
 */
import * as v from 'valibot';
import type { Bytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { errorMessage, WaystationError } from '../core/errors.ts';
import { idBytes, type NodeId, nodeIdFrom } from '../core/ids.ts';
import { boundedList, FIRST_ISSUE } from '../core/schema.ts';
import { MAX_WEIGHT } from '../mesh/host-choice.ts';

/** One host is known by a name, and an address in each network that it is in. */
export const MAX_HOST_ADDRESSES = 8;
const MAX_ADDRESS_CHARS = 200;
/** Eight addresses and what stands around them. */
const MAX_BODY_BYTES = 2_048;

export interface EndpointBody {
  /** The member that runs the host; null for one that no member runs. */
  readonly node: NodeId | null;
  /** What the host says of itself in OPEN, and for one that says nothing any name: 1 to 64 of A–Z, a–z, 0–9, `-` and `_`. */
  readonly hostId: string;
  /** Its share of the work, 1 to {@link MAX_WEIGHT}. */
  readonly weight: number;
  /** `ws://host:port` or `wss://…`, the best first; none retracts what was said before. */
  readonly addresses: readonly string[];
}

const ORIGIN = /^wss?:\/\/(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/;
/** What leads whoever reads it to himself. */
const SELF = /^(localhost|.*\.localhost|127\..*|0\..*|\[::1?\]|\[::ffff:7f.*\]|\[::ffff:[0-9a-f]{1,2}:.*\])$/;

/** An address that may be announced: `ws:` or `wss:`, host and port in the one form of the URL standard, and not the reader's own machine. */
export function isHostAddress(text: string): boolean {
  if (text.length > MAX_ADDRESS_CHARS || !ORIGIN.test(text)) return false;
  try {
    const { protocol, host, hostname } = new URL(text);
    return `${protocol}//${host}` === text && !SELF.test(hostname);
  } catch {
    return false;
  }
}

const raw = v.instance(Uint8Array) as v.GenericSchema<Bytes>;
const address = v.pipe(v.string(), v.check(isHostAddress));
const schema = v.strictTuple([
  v.literal(1),
  v.nullable(v.pipe(raw, v.length(32))),
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/)),
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_WEIGHT)),
  v.pipe(
    boundedList(address, MAX_HOST_ADDRESSES),
    v.check((list) => new Set(list).size === list.length),
  ),
]);

/** @throws RangeError when a field is out of its bounds. */
export function encodeEndpoint({ node, hostId, weight, addresses }: EndpointBody): Bytes {
  const bytes = encodeCbor([1, node === null ? null : idBytes(node), hostId, weight, [...addresses]]);
  try {
    decodeEndpoint(bytes);
  } catch (cause) {
    throw new RangeError(`this host cannot be announced: ${errorMessage(cause)}`, { cause });
  }
  return bytes;
}

/** @throws WaystationError `malformed`, `limit`. */
export function decodeEndpoint(bytes: Uint8Array): EndpointBody {
  const result = v.safeParse(schema, decodeCbor(bytes, MAX_BODY_BYTES), FIRST_ISSUE);
  if (!result.success) {
    const what =
      'expected a host of a space: a name, a weight, and addresses such as wss://relay.example:7443';
    throw new WaystationError('malformed', what);
  }
  const [, node, hostId, weight, addresses] = result.output;
  return { node: node === null ? null : nodeIdFrom(node), hostId, weight, addresses };
}
