/**
 * Beats: "I am alive, and these are my heads". A signed statement outside the feeds of which only the latest counts; it tells
 * when a node was last heard and shows when a neighbour hides newer heads.
 *
 * COSE_Sign1 over the deterministic CBOR array [label, space, author, time ms, [[feed, seq, entry id]…], extra]; `extra`
 * is a byte string for members only (battery, free space), sealed in a private space, or empty.
 */
import type { Bytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { WaystationError } from '../core/errors.ts';
import {
  entryIdFrom,
  feedIdFrom,
  idBytes,
  type NodeId,
  nodeIdFrom,
  type SpaceId,
  spaceIdFrom,
} from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { decodeSign1, type Head, isTime, signedBytes } from './entry.ts';

const LABEL = 'waystation/beat/1';
/** Feeds of one author that a beat names: as many as a node may have. */
export const MAX_BEAT_HEADS = 64;
/** A beat of as many heads is under 7 KiB. */
export const MAX_BEAT_BYTES = 8_192;

export interface Beat {
  readonly space: SpaceId;
  readonly author: NodeId;
  readonly timeMs: number;
  readonly heads: readonly Head[];
  readonly extra: Bytes;
}

/** The COSE payload of a beat, to be signed with `signedBytes` and wrapped with `encodeSign1`. */
export function beatPayload(beat: Beat): Bytes {
  const heads = beat.heads
    .slice(0, MAX_BEAT_HEADS)
    .map((head) => [idBytes(head.feed), head.seq, idBytes(head.id)]);
  return encodeCbor([LABEL, idBytes(beat.space), idBytes(beat.author), beat.timeMs, heads, beat.extra]);
}

/** Reads a beat and what must hold for its signature. @throws WaystationError `malformed` or `limit`. */
export function decodeBeat(bytes: Bytes): { beat: Beat; verification: Verification } {
  const { payload, signature } = decodeSign1(bytes, MAX_BEAT_BYTES);
  const value = decodeCbor(payload, MAX_BEAT_BYTES);
  if (!Array.isArray(value) || value.length !== 6 || value[0] !== LABEL) throw malformed('a beat');
  const [, space, author, timeMs, heads, extra] = value;
  if (!(space instanceof Uint8Array) || !(author instanceof Uint8Array) || !(extra instanceof Uint8Array)) {
    throw malformed('space, author and extra as bytes');
  }
  if (!isTime(timeMs)) throw malformed('a time');
  if (!Array.isArray(heads) || heads.length > MAX_BEAT_HEADS)
    throw malformed(`at most ${MAX_BEAT_HEADS} heads`);
  const authorId = nodeIdFrom(author);
  const beat: Beat = {
    space: spaceIdFrom(space),
    author: authorId,
    timeMs,
    heads: heads.map((head) => {
      const [feed, seq, id] = Array.isArray(head) && head.length === 3 ? head : [];
      if (
        !(feed instanceof Uint8Array) ||
        !Number.isSafeInteger(seq) ||
        seq < 0 ||
        !(id instanceof Uint8Array)
      ) {
        throw malformed('heads as [feed, position, entry id]');
      }
      return { author: authorId, feed: feedIdFrom(feed), seq, id: entryIdFrom(id) };
    }),
    extra: extra as Bytes,
  };
  return { beat, verification: { publicKey: author, message: signedBytes(payload), signature } };
}

function malformed(what: string): WaystationError {
  return new WaystationError('malformed', `expected ${what} in a signed beat`);
}
