/** What time it is where this page came from: the `Date` of its server's answer, good to a second or so (RFC 9110 §6.6.1). */

/** @returns ms since the Unix epoch; null when the server is out of reach or does not say. */
export async function serverTimeMs(): Promise<number | null> {
  if (location.protocol !== 'http:' && location.protocol !== 'https:') return null;
  try {
    const answer = await fetch(new URL('./healthz', location.href), { method: 'HEAD', cache: 'no-store' });
    const timeMs = Date.parse(answer.headers.get('date') ?? '');
    return Number.isNaN(timeMs) ? null : timeMs;
  } catch {
    return null;
  }
}
