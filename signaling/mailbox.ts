/**
 * Messages for peers that are not there (yet), as PeerServer keeps them: an offer may overtake its addressee's
 * reconnect. What is not fetched in time goes back to the sender as EXPIRE. Pure; bounded per addressee and in all.
 */

/** One message that waits for its addressee. */
export interface Letter {
  readonly src: string;
  readonly dst: string;
  /** Where the sender's connection comes from: what one house may take is bounded whatever it calls itself. */
  readonly origin: string;
  /** The complete message as it will be sent. */
  readonly text: string;
  readonly expiresMs: number;
}

export interface MailboxLimits {
  /** Waiting time, as PeerServer's `expire_timeout`. */
  readonly expireMs: number;
  /** Some attempts at once, each an offer and some ten candidates. */
  readonly lettersPerPeer: number;
  /** One attempt: whoever fills the queue of an absent peer from one place leaves room in it for others. */
  readonly lettersPerOrigin: number;
  /** Keeps one sender from taking all the room. */
  readonly charsPerSender: number;
  /** Keeps one house from taking it under many ids. */
  readonly charsPerOrigin: number;
  /** Bounds what ids that never come can make us hold. */
  readonly totalChars: number;
}

/** What one sender wrote to one addressee and nobody fetched. */
export interface Unfetched {
  readonly src: string;
  readonly dst: string;
  readonly letters: number;
}

export class Mailbox {
  readonly #limits: MailboxLimits;
  readonly #waiting = new Map<string, Letter[]>();
  readonly #charsBySender = new Map<string, number>();
  readonly #charsByOrigin = new Map<string, number>();
  #chars = 0;
  #letters = 0;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  /** Number of letters that wait. */
  get size(): number {
    return this.#letters;
  }

  /** Keeps a message until its addressee comes; false when there is no room. */
  put(letter: Omit<Letter, 'expiresMs'>, nowMs: number): boolean {
    const { src, dst, origin, text } = letter;
    const limits = this.#limits;
    const letters = this.#waiting.get(dst) ?? [];
    if (letters.length >= limits.lettersPerPeer) return false;
    const sameOrigin = letters.reduce((count, one) => count + Number(one.origin === origin), 0);
    if (sameOrigin >= limits.lettersPerOrigin) return false;
    if (this.#chars + text.length > limits.totalChars) return false;
    const fromSender = (this.#charsBySender.get(src) ?? 0) + text.length;
    const fromOrigin = (this.#charsByOrigin.get(origin) ?? 0) + text.length;
    if (fromSender > limits.charsPerSender || fromOrigin > limits.charsPerOrigin) return false;
    this.#charsBySender.set(src, fromSender);
    this.#charsByOrigin.set(origin, fromOrigin);
    letters.push({ ...letter, expiresMs: nowMs + limits.expireMs });
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

  /** Removes what has waited too long, and with it all that the same sender wrote to the same addressee: one attempt ends as one. */
  expire(nowMs: number): readonly Unfetched[] {
    const expired: Unfetched[] = [];
    for (const [dst, letters] of this.#waiting) {
      const senders = new Set(letters.filter(({ expiresMs }) => expiresMs <= nowMs).map(({ src }) => src));
      if (senders.size === 0) continue;
      const gone = letters.filter(({ src }) => senders.has(src));
      for (const src of senders)
        expired.push({ src, dst, letters: gone.filter((letter) => letter.src === src).length });
      if (gone.length === letters.length) this.#waiting.delete(dst);
      else
        this.#waiting.set(
          dst,
          letters.filter(({ src }) => !senders.has(src)),
        );
      this.#forget(gone);
    }
    return expired;
  }

  #forget(letters: readonly Letter[]): void {
    for (const { src, origin, text } of letters) {
      this.#chars -= text.length;
      lessen(this.#charsBySender, src, text.length);
      lessen(this.#charsByOrigin, origin, text.length);
    }
    this.#letters -= letters.length;
  }
}

function lessen(chars: Map<string, number>, who: string, by: number): void {
  const left = (chars.get(who) ?? 0) - by;
  if (left > 0) chars.set(who, left);
  else chars.delete(who);
}
