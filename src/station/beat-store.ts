/** The latest beat of every author, kept so that "last heard" survives a restart. */
import { type Bytes, concatBytes } from '../core/bytes.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Store } from '../store/port.ts';

const TIME_BYTES = 8;

function prefixOf(space: SpaceId): string {
  return `beat/${space}/`;
}

export async function saveBeat(
  store: Store,
  space: SpaceId,
  author: NodeId,
  timeMs: number,
  bytes: Bytes,
): Promise<void> {
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setFloat64(0, timeMs);
  await store.state.put(prefixOf(space) + author, concatBytes(time, bytes), 'relaxed');
}

export async function loadBeats(
  store: Store,
  space: SpaceId,
): Promise<Map<NodeId, { readonly timeMs: number; readonly bytes: Bytes }>> {
  const beats = new Map<NodeId, { timeMs: number; bytes: Bytes }>();
  const prefix = prefixOf(space);
  for (const key of await store.state.keys(prefix)) {
    const value = await store.state.get(key);
    if (value === undefined || value.length < TIME_BYTES) continue;
    const timeMs = new DataView(value.buffer, value.byteOffset).getFloat64(0);
    beats.set(key.slice(prefix.length) as NodeId, { timeMs, bytes: value.slice(TIME_BYTES) });
  }
  return beats;
}
