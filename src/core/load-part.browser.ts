/**
 * Loading what the page fetches only when it needs it. A browser aborts every request that is under way when the network of its device
 * changes (Chromium: `ERR_NETWORK_CHANGED`), as it does several times in the seconds after a phone has joined a Wi-Fi: IPv6 addresses come
 * one after the other. Nobody should be told of that who could be served by asking again.
 */

/** Pauses before the next tries. A network settles within seconds; what is out of reach is said after some four. */
const PAUSES_MS = [250, 1_000, 3_000];

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * What `load` loads; tried again when it fails.
 * @param load an `import()`, or a few: a part that came is not fetched again.
 * @param wait for tests.
 * @throws what the last try threw.
 */
export async function loadPart<T>(
  load: () => Promise<T>,
  wait: (ms: number) => Promise<void> = pause,
): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await load();
    } catch {
      await wait(pauseMs);
    }
  }
  return load();
}
