/**
 * The recovery words of a group that was just made here: kept in memory alone, until the person has shown that they are written
 * down. Nothing waits for that; recording may start at once.
 *
 * Invariant: while they are not confirmed, the store remembers that there were some (never which), so that a page which was
 * reloaded can say that they are gone.
 */
import type { Store } from '../../store/port.ts';
import type { ModelCore } from './model-core.ts';
import type { RecoveryModel } from './recovery-model.ts';

const KEY = 'recovery-unconfirmed';

export class Recovery implements RecoveryModel {
  readonly #core: ModelCore;

  constructor(core: ModelCore) {
    this.#core = core;
  }

  /** To be called before a group is made. */
  async expect(store: Store): Promise<void> {
    await store.state.put(KEY, Uint8Array.of(1), 'strict');
  }

  /** No group was made. */
  async unexpect(store: Store): Promise<void> {
    await store.state.delete(KEY);
  }

  made(words: string): void {
    this.#core.set({ recoveryWords: words, recovery: 'waiting' });
  }

  /** The page was opened, with a group. */
  async reopened(store: Store): Promise<void> {
    if ((await store.state.get(KEY)) !== undefined) this.#core.set({ recovery: 'lost' });
  }

  open(): void {
    if (this.#core.state.recoveryWords !== null) this.#core.set({ recovery: 'open' });
  }

  putOff(): void {
    if (this.#core.state.recoveryWords !== null) this.#core.set({ recovery: 'waiting' });
  }

  async confirm(): Promise<void> {
    this.#core.set({ recoveryWords: null, recovery: 'none' });
    await this.#core.orTell(() => this.unexpect(this.#core.node().ports.store));
  }
}
