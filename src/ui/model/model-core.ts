/** What the parts of the page's model share: the node, the group, and the one state that views show. */
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import type { AppState } from './app-state.ts';

export interface ModelCore {
  readonly state: AppState;
  /** @throws WaystationError `unavailable` while the storage is being opened. */
  node(): WaystationNode;
  /** @throws WaystationError `not-found` before this device is in a group. */
  space(): Space;
  /** Replaces part of the state; views are drawn anew. */
  set(change: Partial<AppState>): void;
  /** Says a sentence to the person, until it is dismissed. */
  tell(notice: string): void;
  /** Does something whose failure is told and nothing else. */
  orTell(work: () => Promise<unknown>): Promise<void>;
}
