/**
 * Transfer of sealed blobs between two nodes, verified and stored, over a raw DataChannel that moves the same bytes: the two are
 * measured in turn, and the ratio of each pair is what counts on a machine whose speed drifts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSignalingServer } from '../signaling/server.node.ts';
import { end, said, startRole } from './processes.ts';
import { measureRawNodeNode } from './raw-data-channel.ts';
import { median, printTable } from './table.ts';
import { BLOB_BYTES } from './transfer-roles.ts';

/** @param entry the built bench program, forked for the two roles. */
export async function benchTransfer(entry: string, rounds: number, totalBytes: number): Promise<void> {
  const blobs = Math.round(totalBytes / BLOB_BYTES);
  const folder = mkdtempSync(join(tmpdir(), 'waystation-bench-'));
  const hub = await startSignalingServer({ port: 0, listen: '127.0.0.1' });
  const ratios: number[] = [];
  const ours: number[] = [];
  const raws: number[] = [];
  try {
    const source = startRole(entry, 'source', join(folder, 'source'), hub.url, String(blobs));
    const { link = '' } = await said(source);
    for (let round = 0; round < rounds; round++) {
      const raw = await measureRawNodeNode({ totalBytes });
      const sink = startRole(entry, 'sink', join(folder, `sink-${round}`), link, String(blobs));
      const { bytes = 0, ms = Number.NaN } = await said(sink);
      await end(sink);
      raws.push(raw.bytesPerSecond);
      ours.push((bytes / ms) * 1_000);
      ratios.push(((bytes / ms) * 1_000) / raw.bytesPerSecond);
    }
    await end(source);
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const rate = (list: readonly number[]) => `${(median(list) / 1e6).toFixed(1)} MB/s`;
  printTable(`Transfer, ${blobs} sealed blobs of 1 MiB, median of ${rounds}`, [
    ['between', 'Waystation, verified and stored', 'raw DataChannel', 'ratio', 'goal'],
    ['Node – Node', rate(ours), rate(raws), median(ratios).toFixed(2), '0.6'],
  ]);
}
