/**
 * Messages for peers that are not there (yet), as PeerServer keeps them: an offer may overtake its addressee's
 * reconnect. What is not fetched in time goes back to the sender as EXPIRE. Pure; bounded per addressee and in all.
 */

/** One message that waits for its addressee. */
export interface Letter {
  readonly src: string;
  readonly dst: string;
  /** The complete message as it will be sent. */
  readonly text: string;
  readonly expiresMs: number;
}

export interface MailboxLimits {
  /** Waiting time, as PeerServer's `expire_timeout`. */
  readonly expireMs: number;
  /** One attempt is an offer and some ten candidates. */
  readonly lettersPerPeer: number;
  /** Keeps one sender from taking all the room. */
  readonly charsPerSender: number;
  /** Bounds what ids that never come can make us hold. */
  readonly totalChars: number;
}

export class Mailbox {
  readonly #limits: MailboxLimits;
  readonly #waiting = new Map<string, Letter[]>();
  readonly #charsBySender = new Map<string, number>();
  #chars = 0;
  #letters = 0;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  /** Number of letters that wait. */
  get size(): number {
    return this.#letters;
  }

  /** Keeps a message until `dst` comes; false when there is no room. */
  put(src: string, dst: string, text: string, nowMs: number): boolean {
    const letters = this.#waiting.get(dst) ?? [];
    if (letters.length >= this.#limits.lettersPerPeer) return false;
    if (this.#chars + text.length > this.#limits.totalChars) return false;
    const fromSender = (this.#charsBySender.get(src) ?? 0) + text.length;
    if (fromSender > this.#limits.charsPerSender) return false;
    this.#charsBySender.set(src, fromSender);
    letters.push({ src, dst, text, expiresMs: nowMs + this.#limits.expireMs });
    this.#waiting.set(dst, letters);
    this.#chars += text.length;
    this.#letters++;
    return true;
  }

  /** Hands over and forgets all that waits for `dst`, oldest first. */
  take(dst: string): readonly Letter[] {
    const letters = this.#waiting.get(dst) ?? [];
    this.#waiting.delete(dst);
    this.#forget(letters);
    return letters;
  }

  /** Removes and returns what has waited too long. */
  expire(nowMs: number): readonly Letter[] {
    const expired: Letter[] = [];
    for (const [dst, letters] of this.#waiting) {
      const kept = letters.filter((letter) => letter.expiresMs > nowMs);
      if (kept.length === letters.length) continue;
      expired.push(...letters.filter((letter) => letter.expiresMs <= nowMs));
      if (kept.length === 0) this.#waiting.delete(dst);
      else this.#waiting.set(dst, kept);
    }
    this.#forget(expired);
    return expired;
  }

  #forget(letters: readonly Letter[]): void {
    for (const { src, text } of letters) {
      this.#chars -= text.length;
      const left = (this.#charsBySender.get(src) ?? 0) - text.length;
      if (left > 0) this.#charsBySender.set(src, left);
      else this.#charsBySender.delete(src);
    }
    this.#letters -= letters.length;
  }
}
