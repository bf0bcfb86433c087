/**
 * Which nodes this one was ever linked to, when and through which host: an append-only log, so that it can be shown
 * afterwards that a far node was never dialled.
 */
import * as v from 'valibot';
import { fromUtf8, toUtf8 } from '../core/bytes.ts';
import type { NodeId } from '../core/ids.ts';
import type { Store } from '../store/port.ts';

const LOG = 'links';
/** Events read back at once, and in all: older ones are not needed to know the peers. */
const READ_BATCH = 4_096;
const READ_BATCH_BYTES = 4 * 2 ** 20;

const schema = v.object({
  atMs: v.number(),
  event: v.picklist(['up', 'down']),
  node: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  via: v.string(),
  reason: v.optional(v.string()),
});

export interface LinkEvent {
  readonly atMs: number;
  readonly event: 'up' | 'down';
  readonly node: NodeId;
  /** Host that brought the two together. */
  readonly via: string;
  readonly reason?: string | undefined;
}

export async function logLink(store: Store, event: LinkEvent): Promise<void> {
  await store.logs.append(LOG, [toUtf8(JSON.stringify(event))], 'relaxed');
}

/** Every event, oldest first; what cannot be read is left out. */
export async function readLinkLog(store: Store): Promise<LinkEvent[]> {
  const count = (await store.logs.list()).get(LOG) ?? 0;
  const events: LinkEvent[] = [];
  for (let at = 0; at < count; ) {
    const records = await store.logs.read(LOG, at, READ_BATCH, READ_BATCH_BYTES);
    if (records.length === 0) break;
    at += records.length;
    for (const record of records) {
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), fromUtf8(record));
      if (parsed.success) events.push(parsed.output as LinkEvent);
    }
  }
  return events;
}
