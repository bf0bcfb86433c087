/** What a message is, told from its first bytes, and what it gives away: for counting and for the rules of who may be told what. */
import type { Bytes } from '../../src/core/bytes.ts';
import type { MessageName } from '../../src/sync/messages.ts';

const NAMES: readonly (MessageName | undefined)[] = [
  undefined,
  'hello',
  'prove',
  'need',
  'chain',
  'open',
  'refuse',
  'ranges',
  'compared',
  'heads',
  'wantEntries',
  'entries',
  'have',
  'wantChunks',
  'chunk',
  'lack',
  'pull',
  'beats',
  'hold',
  'names',
  'news',
];

/** The name of an encoded message: its first item after a CBOR array head of fewer than 24 items is its type. */
export function messageName(bytes: Bytes): MessageName | undefined {
  const [head = 0, type = 0] = bytes;
  return head >> 5 === 4 ? NAMES[type] : undefined;
}

/** Said before anybody is known to be a member; holds nothing of the space but the sender's own grant chain. */
export const HANDSHAKE: ReadonlySet<MessageName> = new Set([
  'hello',
  'prove',
  'need',
  'chain',
  'open',
  'refuse',
]);

/** Asks for something; names only what the receiver told of itself. A joiner says these to whom its chain makes it trust. */
export const ASKING: ReadonlySet<MessageName> = new Set([
  'ranges',
  'wantEntries',
  'wantChunks',
  'pull',
  'names',
]);

/** A rolling hash (FNV-1a, two lanes) of everything that happens: equal digests are equal runs. */
export class EventDigest {
  #a = 0x811c9dc5;
  #b = 0x01234567;

  add(value: number): void {
    this.#a = Math.imul(this.#a ^ (value | 0), 0x01000193);
    this.#b = Math.imul(this.#b ^ ((value * 31) | 0), 0x01000193) ^ (this.#a >>> 15);
  }

  /** Small messages whole, large ones by their ends and length. */
  addBytes(bytes: Uint8Array): void {
    this.add(bytes.length);
    const head = Math.min(bytes.length, 256);
    for (let i = 0; i < head; i++) this.add(bytes[i] as number);
    for (let i = Math.max(head, bytes.length - 64); i < bytes.length; i++) this.add(bytes[i] as number);
  }

  get text(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
