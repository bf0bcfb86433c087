/** Sizes that every transport keeps to, so that either side of a link behaves the same. */
import { MAX_LINK_MESSAGE_BYTES } from './port.ts';

/** Bulk is sent until this much is queued… (measured: more does not make a loopback link faster). */
export const BULK_HIGH_WATERMARK_BYTES = 4 * 1024 * 1024;
/** …and again when the queue has fallen to this. */
export const BULK_LOW_WATERMARK_BYTES = 1024 * 1024;
/**
 * A channel with this much queued belongs to a peer that has stopped reading: the link is closed. Chromium's own bound
 * is 16 MiB, above which `send` throws.
 */
export const MAX_QUEUED_BYTES = 15 * 1024 * 1024;
/** ICE may lose its path and find another; only after this long is a `disconnected` link given up. */
export const DISCONNECT_GRACE_MS = 20_000;
/** A description of a data channel is about 500 bytes; foreign stacks write more. */
export const MAX_SDP_CHARS = 16_384;
export const MAX_CANDIDATE_CHARS = 1_024;
/** Interfaces times protocols times addresses; a peer that sends more is not looking for a path. */
export const MAX_REMOTE_CANDIDATES = 64;

/** Both channels are negotiated in advance (RFC 8832 §4: no DCEP), so either side may initiate. */
export const CONTROL_CHANNEL_ID = 0;
export const BULK_CHANNEL_ID = 1;

/** @throws RangeError when a message is empty or longer than every implementation carries. */
export function checkMessageLength(bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > MAX_LINK_MESSAGE_BYTES) {
    throw new RangeError(`a link message has 1 to ${MAX_LINK_MESSAGE_BYTES} bytes, got ${bytes.length}`);
  }
}
