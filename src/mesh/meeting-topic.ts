/**
 * Under which blinded topics the members of a space meet on a host: HMAC-SHA-256(meet secret, label ‖ host id ‖ UTC
 * day). A host cannot tell which space it is, nor that today's topic and yesterday's, or another host's, are the same
 * space. Around midnight the neighbouring day counts too, so that clocks which differ still meet.
 */
import { concatBytes, toBase64Url, toUtf8 } from '../core/bytes.ts';
import { hmacSha256 } from '../core/hash.ts';

const LABEL = toUtf8('waystation/topic/1');
const DAY_MS = 86_400_000;
/** Phones without network time drift by minutes, not by quarters of an hour. */
export const MIDNIGHT_MARGIN_MS = 10 * 60_000;

/** The UTC days (days since 1970-01-01) whose topics are to be joined at `nowMs`: one, or two around midnight. */
export function meetingDays(nowMs: number): number[] {
  const first = Math.floor((nowMs - MIDNIGHT_MARGIN_MS) / DAY_MS);
  const last = Math.floor((nowMs + MIDNIGHT_MARGIN_MS) / DAY_MS);
  return first === last ? [first] : [first, last];
}

/**
 * The topic of a space on a host on a day, 43 characters of base64url.
 * @param hostId as the host's OPEN said, empty for a stock PeerServer; preceded by its length as one byte.
 * @param day days since 1970-01-01 UTC, as a 32-bit big-endian number.
 */
export function meetingTopic(meetSecret: Uint8Array, hostId: string, day: number): string {
  const host = toUtf8(hostId);
  const dayBytes = new Uint8Array(4);
  new DataView(dayBytes.buffer).setInt32(0, day);
  return toBase64Url(hmacSha256(meetSecret, concatBytes(LABEL, Uint8Array.of(host.length), host, dayBytes)));
}
