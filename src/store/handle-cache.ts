/** Open files kept at hand, so that a read is one system call; the one unused longest is closed beyond the bound. */

/** Files open at once: far below the 1,024 (macOS: 256) descriptors that a process gets by default. */
export const MAX_OPEN_FILES = 64;

interface OpenFile<Handle> {
  readonly handle: Promise<Handle>;
  users: number;
  /** Set when the file shall be closed as soon as nobody uses it. */
  dropped: (() => void) | undefined;
}

export interface HandleKind<Handle> {
  /** Opens `path`, making the file when `create`; rejects with the system's error. */
  open(path: string, create: boolean): Promise<Handle>;
  /** What mattered was synced before: a failing close is ignored. */
  close(handle: Handle): Promise<void> | void;
}

export class HandleCache<Handle> {
  readonly #kind: HandleKind<Handle>;
  readonly #maxOpen: number;
  /** In order of last use. */
  readonly #open = new Map<string, OpenFile<Handle>>();

  constructor(kind: HandleKind<Handle>, maxOpen: number = MAX_OPEN_FILES) {
    this.#kind = kind;
    this.#maxOpen = maxOpen;
  }

  /** Runs `task` with `path` open, never closed under it. A path is always opened with the same `create`. */
  async use<T>(path: string, create: boolean, task: (handle: Handle) => Promise<T> | T): Promise<T> {
    const entry = this.#open.get(path) ?? {
      handle: this.#kind.open(path, create),
      users: 0,
      dropped: undefined,
    };
    this.#open.delete(path);
    this.#open.set(path, entry);
    entry.users++;
    try {
      return await task(await entry.handle);
    } finally {
      entry.users--;
      if (entry.users === 0) await this.#release(path, entry);
    }
  }

  async #release(path: string, entry: OpenFile<Handle>): Promise<void> {
    const failed = await entry.handle.then(
      () => false,
      () => true,
    );
    if (entry.users > 0) return;
    if (failed && this.#open.get(path) === entry) this.#open.delete(path);
    if (!failed && entry.dropped !== undefined) await this.#close(entry);
    entry.dropped?.();
    await this.#closeSurplus();
  }

  /** Closes `path`, after its last user; whoever uses it from now on opens it anew. */
  async drop(path: string): Promise<void> {
    const entry = this.#open.get(path);
    if (entry === undefined) return;
    this.#open.delete(path);
    if (entry.users === 0) return await this.#close(entry);
    await new Promise<void>((resolve) => {
      entry.dropped = resolve;
    });
  }

  async #closeSurplus(): Promise<void> {
    for (const [path, entry] of this.#open) {
      if (this.#open.size <= this.#maxOpen) return;
      if (entry.users > 0) continue;
      this.#open.delete(path);
      await this.#close(entry);
    }
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((path) => this.drop(path)));
  }

  async #close(entry: OpenFile<Handle>): Promise<void> {
    try {
      await this.#kind.close(await entry.handle);
    } catch {
      // Nothing depends on it, and the descriptor is gone either way.
    }
  }
}
