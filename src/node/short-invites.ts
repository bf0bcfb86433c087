/**
 * The invites that a relay gives out by a short code. A code is bound to one invite and dies with it: when it ends, is used up or
 * withdrawn. Whoever asks learns nothing but a link: unknown codes and dead ones get the same answer.
 *
 * Invariants: codes are in no log and no message; they are looked up by their hash, so that the time that takes says nothing of them. An
 * address that has been wrong too often is not answered for a while, whatever it asks.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../core/ports.ts';
import { readShortCode } from '../identity/short-code.ts';

/** People mistype a code of twelve digits two or three times. */
export const MAX_WRONG = 10;
/** After this an address may try again. */
export const WRONG_WINDOW_MS = 10 * 60_000;
/** Addresses that are remembered for having been wrong; of more, the oldest are forgotten. 60 bits need no help from this. */
const MAX_ADDRESSES = 1_024;
/** Groups of an IPv6 address that one customer or one Wi-Fi has to itself. */
const NETWORK_GROUPS = 4;

export type ShortInviteAnswer =
  | { readonly kind: 'invite'; readonly link: string }
  /** Never made, ended, used up or withdrawn. */
  | { readonly kind: 'unknown' }
  /** This address was wrong too often. */
  | { readonly kind: 'wait'; readonly seconds: number };

interface Kept {
  readonly link: string;
  readonly isOpen: () => boolean;
}

export interface ShortInvitesOptions {
  readonly clock: Clock;
  /** An address has just been wrong for the last time. */
  readonly onGuessing?: (address: string) => void;
}

export class ShortInvites {
  readonly #options: ShortInvitesOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #wrong = new Map<string, { count: number; sinceMs: number }>();
  #refused = 0;

  constructor(options: ShortInvitesOptions) {
    this.#options = options;
  }

  /** How often a code was asked for that leads nowhere, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * From now on `code` leads to `link`.
   * @param isOpen whether the invite still lets somebody in; asked each time.
   */
  keep(code: string, link: string, isOpen: () => boolean): void {
    this.#kept.set(hashOf(code), { link, isOpen });
  }

  /** @param address of whoever asks, as the socket has it. */
  ask(typed: string, address: string): ShortInviteAnswer {
    const nowMs = this.#options.clock.monotonicMs();
    const from = networkOf(address);
    const before = this.#wrong.get(from);
    const leftMs = before === undefined ? 0 : before.sinceMs + WRONG_WINDOW_MS - nowMs;
    if (before !== undefined && leftMs <= 0) this.#wrong.delete(from);
    if (before !== undefined && before.count >= MAX_WRONG && leftMs > 0) {
      this.#refused++;
      return { kind: 'wait', seconds: Math.ceil(leftMs / 1000) };
    }
    const code = readShortCode(typed);
    const kept = code === undefined ? undefined : this.#kept.get(hashOf(code));
    if (kept?.isOpen() === true) return { kind: 'invite', link: kept.link };
    this.#noteWrong(from, address, nowMs);
    return { kind: 'unknown' };
  }

  #noteWrong(from: string, address: string, nowMs: number): void {
    this.#refused++;
    const wrong = this.#wrong.get(from) ?? { count: 0, sinceMs: nowMs };
    wrong.count++;
    this.#wrong.set(from, wrong);
    if (wrong.count === MAX_WRONG) this.#options.onGuessing?.(address);
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > MAX_ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
  }
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}

/** One customer has a whole IPv6 network of addresses, which count as one. */
function networkOf(address: string): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (four !== undefined) return four;
  const plain = address.split('%')[0] ?? address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = plain.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : [];
  return [...left, ...zeros, ...right].slice(0, NETWORK_GROUPS).join(':');
}
