/** What tells a station from every other; by itself, because every page says it long before anybody exports. */
import { nodeIdText } from '../core/ids.ts';
import type { StationRecord } from './catalog.ts';

/** A name that no other member's station can have: its author and its id. */
export function stationName({ author, id }: Pick<StationRecord, 'author' | 'id'>): string {
  return `${nodeIdText(author)}/${id}`;
}
