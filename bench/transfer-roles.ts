/** The two ends of a measured transfer as real nodes: a source with sealed blobs on disk, a sink that joins and collects them. */
import { randomFillSync } from 'node:crypto';
import { asBytes } from '../src/core/bytes.ts';
import { KIND } from '../src/feed/kinds.ts';
import { parseInvite } from '../src/identity/invite.ts';
import { nodeMesh } from '../src/mesh/node-mesh.node.ts';
import { openNode } from '../src/node/open-node.ts';
import { createInvite } from '../src/station/membership-actions.ts';
import type { WaystationNode } from '../src/station/node.ts';
import { collect } from './collect.ts';

export const BLOB_BYTES = 2 ** 20;
const WEEK_MS = 7 * 86_400_000;

function connect(node: WaystationNode, host: string): void {
  node.connect(nodeMesh(), { hosts: [host], exclusive: true });
}

/** Seals `blobs` random blobs of 1 MiB and serves them; the result is an invite to fetch them with. */
export async function runSource(folder: string, host: string, blobs: number): Promise<string> {
  const node = await openNode(folder, {}, () => undefined);
  const { space } = await node.createSpace({ name: 'bench', isPublic: false });
  for (let i = 0; i < blobs; i++) {
    const plaintext = asBytes(randomFillSync(new Uint8Array(BLOB_BYTES - 2_048)));
    await space.writeWithBlob(KIND.clip, () => new Uint8Array(1), plaintext);
  }
  const { link } = await createInvite(space, {
    role: 'member',
    uses: 100,
    expiresMs: Date.now() + WEEK_MS,
    hosts: [host],
  });
  connect(node, host);
  return link;
}

/** Joins and collects; the time from the comparison (what exists is known) to the last blob verified and stored. */
export async function runSink(
  folder: string,
  link: string,
  blobs: number,
): Promise<{ bytes: number; ms: number }> {
  const node = await openNode(folder, {}, () => undefined);
  const space = await node.join(parseInvite(link));
  return collect(node, blobs, () => connect(node, space.record.hosts[0] ?? ''));
}
