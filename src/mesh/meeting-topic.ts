/**
 * Under which blinded topics the members of a space meet on a host: HMAC-SHA-256(meet secret, label ‖ host id ‖ UTC
 * day). A host cannot tell which space it is, nor, from the topics, that another host's topic is the same space.
 *
 * The day is the host's, because a host has one clock and those who meet on it have many: a device whose battery died and whose clock
 * stands in 1970 meets the others, and so does everybody on a host that has no battery itself. Around the host's midnight the neighbouring
 * day counts too, and always the day by the device's own clock: what a host says then never keeps apart those whose clocks agree. A host
 * that does not tell the time is met on the day before and the day after as well, so that clocks up to two days apart meet.
 *
 * What that gives away. One socket that joins the topics of two days shows that they are one space. A host sees that at every midnight
 * anyway, from whoever stays connected over it, and addresses link connections; so it can follow a space from day to day, with or
 * without this. New is only that a host which lies about the day can recognise a space again after days on which nobody was there.
 * Topics of different hosts stay apart unless the hosts agree on an id. Nothing here lets a host find out which space it is.
 */
import { concatBytes, toBase64Url, toUtf8 } from '../core/bytes.ts';
import { hmacSha256 } from '../core/hash.ts';

const LABEL = toUtf8('waystation/topic/1');
const DAY_MS = 86_400_000;
/** What is joined and what was joined a moment ago by others overlaps for so long; phones without network time drift by minutes. */
export const MIDNIGHT_MARGIN_MS = 10 * 60_000;

/**
 * The UTC days (days since 1970-01-01) whose topics are to be joined, those first under which most will be met: one while the host's clock
 * and ours agree, two around midnight, up to four when they do not agree, three when the host does not tell.
 * @param ownMs what our clock says, ms since the Unix epoch.
 * @param hostMs what the host's clock says; null when it does not tell.
 */
export function meetingDays(ownMs: number, hostMs: number | null): number[] {
  if (hostMs === null) {
    const today = Math.floor(ownMs / DAY_MS);
    return [today, today - 1, today + 1];
  }
  return [...new Set([...daysAround(hostMs), ...daysAround(ownMs)])];
}

/** The day of a moment, and the neighbouring one around midnight. */
function daysAround(ms: number): number[] {
  const first = Math.floor((ms - MIDNIGHT_MARGIN_MS) / DAY_MS);
  const last = Math.floor((ms + MIDNIGHT_MARGIN_MS) / DAY_MS);
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
