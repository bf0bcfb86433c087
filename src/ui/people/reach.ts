/** Whether others can open an invite's link at all: addresses that mean “this machine” mean another one to everybody else. */
import { msg } from '@lit/localize';

/** @param host name or address, with or without a port. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|[\w.-]+\.localhost|127(\.\d+){3}|\[?::1\]?)(:\d+)?$/i.test(host);
}

/**
 * What is wrong with where an invite leads, null when nothing is known to be.
 * @param isHere the page's own address means this machine. @param hosts where the group meets.
 */
export function reachText(isHere: boolean, hosts: readonly string[]): string | null {
  const isMeetingHere = hosts.length > 0 && hosts.every(isThisMachine);
  if (hosts.length === 0) {
    return msg(
      'This group has no meeting point yet: a device that joins finds nobody. Open this page from your relay’s address once, then make the invite again.',
    );
  }
  if (isMeetingHere) {
    return msg(
      'This page’s address (such as “localhost”) means this computer alone: another device finds neither the page nor this group there. Open the page at this computer’s name or network address, as printed when the relay was started, and make the invite there.',
    );
  }
  if (isHere) {
    return msg(
      'This page’s address (such as “localhost”) means this computer alone, so the link opens on this computer only. On the other device, open Waystation at its own address and choose “Join with a link or QR” to scan this code.',
    );
  }
  return null;
}
