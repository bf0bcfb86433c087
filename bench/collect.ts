/** Measuring a pickup, in Node and in a page. */
import type { WaystationNode } from '../src/station/node.ts';

/** Measures until `blobs` blobs have arrived; works in a page as well. */
export function collect(
  node: WaystationNode,
  blobs: number,
  start: () => void,
): Promise<{ bytes: number; ms: number }> {
  return new Promise((resolve) => {
    let bytes = 0;
    let count = 0;
    let fromMs = 0;
    node.onNotice((notice) => {
      if (notice.kind === 'compared' && fromMs === 0) fromMs = performance.now();
      if (notice.kind !== 'blob-complete') return;
      bytes += notice.ref.size;
      count++;
      if (count === blobs) resolve({ bytes, ms: performance.now() - fromMs });
    });
    start();
  });
}
