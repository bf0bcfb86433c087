/**
 * Which of this browser's tabs has the device open. The lock of the store decides (tab-lock.browser.ts); here a tab asks the one that
 * has it to let go, and is told when it has, or that it records and does not.
 *
 * Invariants: a tab lets go only when it says so itself, and says so only after the store is closed; a question that waited in a tab that
 * was asleep is too old to be answered, as whoever asked has given up.
 */
import * as v from 'valibot';
import type { Clock } from '../../core/ports.ts';

/** Closing a store takes a moment; a tab that is awake begins at once. */
const PATIENCE_MS = 8_000;
/** A tab that was asleep finds the question later than this. */
const MAX_AGE_MS = 5_000;

/** The part of a BroadcastChannel that is needed. */
export interface TabChannel {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** `atMs`: when it was asked. */
const schema = v.object({ kind: v.picklist(['let-go', 'taken', 'busy']), id: v.number(), atMs: v.number() });

export class TabHandover {
  readonly #channel: TabChannel;
  readonly #clock: Clock;
  readonly #isFree: () => Promise<boolean>;
  #letGo: (() => Promise<boolean>) | undefined;
  readonly #asked = new Map<number, (answer: 'taken' | 'busy') => void>();

  /** @param isFree whether no tab has the device open any more, as far as the browser tells. */
  constructor(channel: TabChannel, clock: Clock, isFree: () => Promise<boolean> = async () => false) {
    this.#channel = channel;
    this.#clock = clock;
    this.#isFree = isFree;
    channel.addEventListener('message', ({ data }) => void this.#onMessage(data));
  }

  /** This tab has the device open. @param letGo true when it has let go; false when it must not. */
  serve(letGo: () => Promise<boolean>): void {
    this.#letGo = letGo;
  }

  /** Asks whichever tab has the device open. */
  async ask(): Promise<'taken' | 'busy' | 'silent'> {
    // The other was closed in the meantime: there is nobody to ask.
    if (await this.#isFree().catch(() => false)) return 'taken';
    const atMs = this.#clock.nowMs();
    const id = Math.random();
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(PATIENCE_MS, () => done('silent'));
      const done = (answer: 'taken' | 'busy' | 'silent') => {
        cancel();
        this.#asked.delete(id);
        resolve(answer);
      };
      this.#asked.set(id, done);
      this.#channel.postMessage({ kind: 'let-go', id, atMs });
    });
  }

  async #onMessage(data: unknown): Promise<void> {
    const said = v.safeParse(schema, data);
    if (!said.success) return;
    const message = said.output;
    if (message.kind !== 'let-go') return this.#asked.get(message.id)?.(message.kind);
    const letGo = this.#letGo;
    if (letGo === undefined || Math.abs(this.#clock.nowMs() - message.atMs) > MAX_AGE_MS) return;
    const isGone = await letGo().catch(() => false);
    if (isGone) this.#letGo = undefined;
    this.#channel.postMessage({ ...message, kind: isGone ? 'taken' : 'busy' });
  }
}
