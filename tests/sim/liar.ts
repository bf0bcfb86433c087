/**
 * A member gone wrong: runs the real engine, so that it gets in and is believed, and changes what it sends. Flips bits in
 * chunks, entries and beats, answers some requests with nothing, claims to hold everything, tells of heads that do not
 * exist, repeats what it said long ago, and talks nonsense.
 */
import type { Bytes } from '../../src/core/bytes.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/sync/messages.ts';
import type { SeededRandom } from './random.ts';
import { HANDSHAKE, messageName } from './traffic.ts';

const REMEMBERED = 64;
/** Positions that a liar claims for every feed: ten years of hours. */
const CLAIMED = 100_000;

export class Liar {
  readonly #random: SeededRandom;
  readonly #said: Bytes[] = [];
  lies = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What goes out in place of `bytes`. */
  outgoing(bytes: Bytes): Bytes[] {
    const name = messageName(bytes);
    // It wants to get in, so the handshake is honest.
    if (name === undefined || HANDSHAKE.has(name)) return [bytes];
    this.#remember(bytes);
    const out = this.#changed(name, bytes);
    if (this.#random.chance(0.01)) out.push(this.#lie(this.#random.bytes(this.#random.integer(1, 300))));
    if (this.#random.chance(0.02)) out.push(this.#lie(this.#random.pick(this.#said)));
    return out;
  }

  #changed(name: Message['name'], bytes: Bytes): Bytes[] {
    switch (name) {
      case 'chunk':
      case 'entries':
      case 'news':
        if (this.#random.chance(0.1)) return this.#nothing();
        return this.#random.chance(0.3) ? [this.#flipped(bytes)] : [bytes];
      case 'beats':
      case 'wantEntries':
      case 'pull':
        return this.#random.chance(0.05) ? [this.#flipped(bytes)] : [bytes];
      case 'have':
        return this.#random.chance(0.5) ? [this.#claimAll(bytes)] : [bytes];
      case 'heads':
        return this.#random.chance(0.3) ? [bytes, this.#fakeHeads(bytes)] : [bytes];
      default:
        return [bytes];
    }
  }

  #nothing(): Bytes[] {
    this.lies++;
    return [];
  }

  #lie(bytes: Bytes): Bytes {
    this.lies++;
    return bytes;
  }

  #flipped(bytes: Bytes): Bytes {
    const changed = bytes.slice();
    const at = this.#random.integer(Math.floor(bytes.length / 2), bytes.length);
    changed[at] = (changed[at] as number) ^ (1 << this.#random.integer(0, 8));
    return this.#lie(changed);
  }

  #claimAll(bytes: Bytes): Bytes {
    const message = decodeMessage(bytes) as Message<'have'>;
    const [, alias, items] = message.fields;
    return this.#lie(
      encodeMessage(
        'have',
        alias,
        items.map(([name]) => [name, [0, CLAIMED]] as [number | Bytes, number[]]),
      ),
    );
  }

  #fakeHeads(bytes: Bytes): Bytes {
    const message = decodeMessage(bytes) as Message<'heads'>;
    const [, alias, heads] = message.fields;
    return this.#lie(
      encodeMessage(
        'heads',
        alias,
        heads.map(
          ([name, purpose, seq]) =>
            [name, purpose, seq + this.#random.integer(0, 3), this.#random.bytes(32)] as [
              number | Bytes,
              number,
              number,
              Bytes,
            ],
        ),
      ),
    );
  }

  #remember(bytes: Bytes): void {
    if (this.#said.length < REMEMBERED) this.#said.push(bytes);
    else this.#said[this.#random.integer(0, REMEMBERED)] = bytes;
  }
}
