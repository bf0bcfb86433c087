/** What a device remembers of itself as a station: its id, the name that was given to it, and whether readings wait that nobody has sealed. */
import { fromUtf8, toUtf8 } from '../core/bytes.ts';
import { type StationId, stationIdFrom } from '../core/ids.ts';
import { KIND } from '../feed/kinds.ts';
import { mayAuthorKind } from '../identity/roles.ts';
import { pictureLog, segmentLogs } from '../pipeline/unsealed-logs.ts';
import type { Store } from '../store/port.ts';
import type { Space } from './space.ts';

const STATION_KEY = 'station';
const STATION_ID_BYTES = 16;

/** This node's station id, made on first use and kept: it outlives restarts and new names. */
export async function stationIdOf(space: Space): Promise<StationId> {
  const { store, random } = space.context;
  const key = `${STATION_KEY}/${space.id}`;
  const known = await store.state.get(key);
  if (known !== undefined) return stationIdFrom(known);
  const fresh = random.bytes(STATION_ID_BYTES);
  await store.state.put(key, fresh, 'strict');
  return stationIdFrom(fresh);
}

/** The name this node records under, kept between runs. */
export async function rememberName(store: Store, name: string): Promise<void> {
  await store.state.put('name', toUtf8(name), 'strict');
}

export async function rememberedName(store: Store): Promise<string | undefined> {
  const value = await store.state.get('name');
  return value === undefined ? undefined : fromUtf8(value);
}

/** Segments or pictures of an earlier recording are there, and could be sealed now. */
export async function hasLeftovers(space: Space): Promise<boolean> {
  const { role } = space;
  if (!space.canSeal() || !space.isAdmitted || role === null || !mayAuthorKind(role, KIND.hour)) return false;
  const station = await stationIdOf(space);
  const logs = [...(await space.context.store.logs.list()).keys()];
  return logs.some((log) => log.startsWith(segmentLogs(station)) || log === pictureLog(station));
}
