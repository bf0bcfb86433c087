/**
 * The receiving half that all links share: keeps what arrives until the owner attaches, and makes sure that `onClose`
 * comes once and last. The bound before attaching is far above the 64 KiB that a peer may say before it has proved
 * itself; a peer that fills it is cut off.
 */
import type { Bytes } from '../core/bytes.ts';
import type { Channel, LinkHandlers } from './port.ts';

/** Bytes kept for an owner that has not attached yet: four of the largest messages. */
const MAX_PENDING_BYTES = 1_048_576;

export class LinkInbox {
  #handlers: LinkHandlers | undefined;
  #pending: { readonly channel: Channel; readonly bytes: Bytes }[] = [];
  #pendingBytes = 0;
  #closeReason: string | undefined;
  #closeTold = false;

  /** Why the link closed, once it has. */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  get isClosed(): boolean {
    return this.#closeReason !== undefined;
  }

  /** @throws TypeError when called twice. */
  attach(handlers: LinkHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError('a link is attached once');
    this.#handlers = handlers;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const { channel, bytes } of pending) {
      if (this.#closeTold) return;
      handlers.onMessage(channel, bytes);
    }
    this.#tellClose();
  }

  /** Hands a message on; false when nobody has attached for so long that the link should be closed. */
  deliver(channel: Channel, bytes: Bytes): boolean {
    if (this.isClosed) return true;
    if (this.#handlers !== undefined) {
      this.#handlers.onMessage(channel, bytes);
      return true;
    }
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > MAX_PENDING_BYTES) return false;
    this.#pending.push({ channel, bytes });
    return true;
  }

  drained(): void {
    if (!this.isClosed) this.#handlers?.onDrain();
  }

  /** Marks the link closed and says so once; true the first time. */
  close(reason: string): boolean {
    if (this.isClosed) return false;
    this.#closeReason = reason;
    this.#tellClose();
    return true;
  }

  #tellClose(): void {
    if (this.#handlers === undefined || this.#closeReason === undefined || this.#closeTold) return;
    this.#closeTold = true;
    this.#handlers.onClose(this.#closeReason);
  }
}
