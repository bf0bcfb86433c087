/** Short codes of invites: how they are written and read, and what a relay answers to whoever guesses. */
import { beforeEach, describe, expect, it } from 'vitest';
import { codeInLink, makeShortCode, readShortCode, shortLink } from '../../../src/identity/short-code.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import { MAX_WRONG, ShortInvites, WRONG_WINDOW_MS } from '../../../src/node/short-invites.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';

const CODE = 'K7QM-2F9X-RT4D';
const LINK = 'http://192.168.1.20:7070/#join=abc';

describe('a short code', () => {
  it('has 60 bits of chance, and no digits that look alike', () => {
    const codes = new Set(Array.from({ length: 1_000 }, () => makeShortCode(SYSTEM_RANDOM)));
    expect(codes.size).toBe(1_000);
    for (const code of codes)
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(makeShortCode({ bytes: (n) => new Uint8Array(n).fill(255) })).toBe('ZZZZ-ZZZZ-ZZZZ');
  });

  it.each([
    ['k7qm-2f9x-rt4d', CODE],
    [' K7QM 2F9X RT4D ', CODE],
    ['K7QM2F9XRT4D', CODE],
    ['kOOm-1IL1-rt4d', 'K00M-1111-RT4D'],
    ['K7QM-2F9X-RT4', undefined],
    ['K7QM-2F9X-RT4U', undefined],
    ['a whole sentence', undefined],
    ['', undefined],
  ])('is read as people type it: “%s”', (typed, code) => expect(readShortCode(typed)).toBe(code));

  it('is found in the address that a relay prints, and in one that was typed', () => {
    expect(codeInLink(shortLink('http://192.168.1.20:7070', CODE))).toBe(CODE);
    expect(codeInLink('https://waystation.local:7443/j/k7qm-2f9x-rt4d')).toBe(CODE);
    expect(codeInLink('https://waystation.local:7443/#join=K7QM2F9XRT4D')).toBeUndefined();
    expect(codeInLink('https://waystation.local:7443/#/now')).toBeUndefined();
  });
});

describe('a relay that is asked for codes', () => {
  let clock: VirtualClock;
  let invites: ShortInvites;
  let guessing: string[];
  let isOpen: boolean;
  beforeEach(() => {
    clock = new VirtualClock();
    guessing = [];
    isOpen = true;
    invites = new ShortInvites({ clock, onGuessing: (address) => guessing.push(address) });
    invites.keep(CODE, LINK, () => isOpen);
  });
  const guess = (times: number, address: string) =>
    Array.from({ length: times }, () => invites.ask('0000-0000-0000', address).kind);

  it('gives the invite, however the code is written', () => {
    expect(invites.ask('k7qm 2f9x rt4d', '192.168.1.5')).toEqual({ kind: 'invite', link: LINK });
    expect(invites.refused).toBe(0);
  });

  it('answers a code that is dead as one that never was', () => {
    isOpen = false;
    expect(invites.ask(CODE, '192.168.1.5')).toEqual(invites.ask('0000-0000-0000', '192.168.1.5'));
  });

  it('lets an address that is wrong too often wait, even with the right code, and no other', () => {
    expect(new Set(guess(MAX_WRONG, '192.168.1.66'))).toEqual(new Set(['unknown']));
    expect(invites.ask(CODE, '192.168.1.66')).toEqual({ kind: 'wait', seconds: WRONG_WINDOW_MS / 1000 });
    expect(invites.ask(CODE, '::ffff:192.168.1.66').kind).toBe('wait');
    expect(invites.ask(CODE, '192.168.1.67').kind).toBe('invite');
    expect(guessing).toEqual(['192.168.1.66']);
    expect(invites.refused).toBe(MAX_WRONG + 2);
    clock.advance(WRONG_WINDOW_MS);
    expect(invites.ask(CODE, '192.168.1.66').kind).toBe('invite');
  });

  it('takes the addresses of one IPv6 network for one', () => {
    for (let i = 0; i < MAX_WRONG; i++) invites.ask('0000-0000-0000', `2001:db8:1:2::${i.toString(16)}`);
    expect(invites.ask(CODE, '2001:db8:1:2:9::1').kind).toBe('wait');
    expect(invites.ask(CODE, '2001:db8:1:3::1').kind).toBe('invite');
  });
});
