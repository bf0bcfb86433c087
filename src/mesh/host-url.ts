/** Addresses of hosts, in the one form in which they are compared. Alone, so that a page can write them without what it meets others with. */

/** Where a PeerServer listens unless it is told otherwise. */
const DEFAULT_PATH = '/peerjs';

/** `url` as a WebSocket URL with path and without query, or `undefined` when it is none. */
export function hostSocketUrl(url: string): string | undefined {
  try {
    const parsed = new URL(url);
    if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') return undefined;
    if (parsed.pathname === '/' || parsed.pathname === '') parsed.pathname = DEFAULT_PATH;
    parsed.search = '';
    parsed.hash = '';
    return parsed.href;
  } catch {
    return undefined;
  }
}
