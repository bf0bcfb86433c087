/**
 * Runs of entries as they travel: without what both ends know. Of a header the space, author and feed are those of the message, the position
 * follows from the first one, `previous` is the id of the entry before it in the run, purposes are alike in a feed, and the epoch has a number
 * (link-names); of the COSE frame nothing is left. An entry with anything unusual in its header travels whole.
 *
 * Invariants: ids are computed over the whole entry, put together again; what was not written like this gives another id, so neither the
 * link to it nor its signature fits. A restored entry has the one form that `decodeEntry` takes.
 */
import { type Bytes, toHex } from '../core/bytes.ts';
import { WaystationError } from '../core/errors.ts';
import { blobRootFrom, type EntryId, entryIdFrom, idBytes, type SpaceId } from '../core/ids.ts';
import {
  assembleEntry,
  decodeEntry,
  type Entry,
  type EntryHeader,
  encodeHeader,
  encodePayload,
  MAX_ENTRY_BYTES,
  openEntry,
} from '../feed/entry.ts';
import type { LinkNames, NamedFeed } from './link-names.ts';
import { type Message, PREVIOUS_START_BYTES } from './messages.ts';

/** Purpose, position of the first, the entry before it (null, its id, or the start of that), and the entries. */
export type RunOnWire = Message<'news'>['fields'][3];
type EntryOnWire = RunOnWire[3][number];

/** What an answer is that gives nothing. */
export const EMPTY_RUN: RunOnWire = [0, 0, null, []];

/** Header, frame and signature of an hour's entry beside its body, about. */
const FRAME_BYTES = 300;

/** About how many bytes an entry takes once it is whole. */
export function wholeBytes(entry: EntryOnWire): number {
  return entry instanceof Uint8Array ? entry.length : FRAME_BYTES + entry[5].length + 40 * entry[4].length;
}

/**
 * A run of consecutive entries of one feed for the wire, from their exact bytes.
 * @param isNext the peer knows the entry before the run, and the start of its id is enough.
 * @throws WaystationError when the bytes are no entries.
 */
export function runToWire(
  names: LinkNames,
  space: SpaceId,
  feed: NamedFeed,
  run: readonly Bytes[],
  isNext: boolean,
): RunOnWire {
  const opened = run.map((bytes) => ({ bytes, ...openEntry(bytes) }));
  const first = opened[0]?.header;
  if (first === undefined) return EMPTY_RUN;
  const { purpose, seq, previous } = first;
  const before = previous === null ? null : idBytes(previous);
  const entries = opened.map(({ bytes, header, body, signature }, i): EntryOnWire => {
    const fits =
      header.space === space &&
      header.author === feed.author &&
      header.feed === feed.feed &&
      header.purpose === purpose &&
      header.seq === seq + i;
    if (!fits || header.seen.length > 0 || header.succeeds !== null) return bytes;
    const { timeMs, lamport, kind, epoch, blobs } = header;
    return [
      timeMs,
      lamport,
      kind,
      epoch === null ? null : names.epoch(epoch),
      blobs.map(({ root, size }): [Bytes, number] => [idBytes(root), size]),
      body,
      signature,
    ];
  });
  return [purpose, seq, isNext && before !== null ? before.slice(0, PREVIOUS_START_BYTES) : before, entries];
}

/**
 * The whole entries of a run.
 * @param known ids that may stand before the run.
 * @returns undefined when what stands before it is none of these, or more than one.
 * @throws WaystationError `malformed` or `limit` for what cannot be an entry.
 */
export function runFromWire(
  names: LinkNames,
  space: SpaceId,
  feed: NamedFeed,
  [purpose, firstSeq, before, run]: RunOnWire,
  known: () => readonly EntryId[],
): Entry[] | undefined {
  let previous = before === null ? null : before.length === 32 ? entryIdFrom(before) : only(before, known());
  if (previous === undefined) return undefined;
  return run.map((wire, i) => {
    const seq = firstSeq + i;
    const entry =
      wire instanceof Uint8Array
        ? decodeEntry(wire)
        : whole(names, wire, { space, ...feed, purpose, seq, previous: previous as EntryId | null });
    previous = entry.id;
    return entry;
  });
}

function only(start: Bytes, known: readonly EntryId[]): EntryId | undefined {
  const hex = toHex(start);
  const fitting = new Set(known.filter((id) => id.startsWith(hex)));
  const [id] = fitting;
  return fitting.size === 1 ? id : undefined;
}

type Place = Pick<EntryHeader, 'space' | 'author' | 'feed' | 'purpose' | 'seq' | 'previous'>;

function whole(
  names: LinkNames,
  [timeMs, lamport, kind, epoch, blobs, body, signature]: Exclude<EntryOnWire, Bytes>,
  place: Place,
): Entry {
  if (!Number.isSafeInteger(place.seq) || (place.previous === null) !== (place.seq === 0))
    throw new WaystationError('malformed', 'expected a previous entry exactly from position 1 on');
  const header: EntryHeader = {
    ...place,
    lamport,
    timeMs,
    kind,
    blobs: blobs.map(([root, size]) => ({ root: blobRootFrom(root), size })),
    epoch: epoch === null ? null : names.epochOf(epoch),
    seen: [],
    succeeds: null,
  };
  const entry = assembleEntry(header, body, encodePayload(encodeHeader(header), body), signature);
  if (entry.bytes.length > MAX_ENTRY_BYTES)
    throw new WaystationError('limit', `expected at most ${MAX_ENTRY_BYTES} bytes of an entry`);
  return entry;
}
