import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWaystationError } from '../../../src/core/errors.ts';
import { encodeChain } from '../../../src/identity/grant-chain.ts';
import { encodeInvite, type Invite, MAX_LINK_LENGTH, parseInvite } from '../../../src/identity/invite.ts';
import { bytesOf, TestSpace } from './test-space.ts';

function makeInvite(depth = 1, hosts: readonly string[] = ['wss://station.example/mesh']): Invite {
  const space = new TestSpace();
  let issuer = space.admin;
  for (let i = 1; i < depth; i++) issuer = space.invite(issuer, 'member', `member ${i}`);
  const { seed, chain } = space.grant(issuer, 'member');
  return { space: space.id, hosts, meetSecret: bytesOf('meet'), seed, chain: encodeChain(chain) };
}

const BASE = 'https://station.example/';

describe('invite link', () => {
  it.each([1, 2, 3, 4])('of depth %i comes back whole', (depth) => {
    const invite = makeInvite(depth);
    expect(parseInvite(encodeInvite(BASE, invite))).toEqual(invite);
  });

  it('fits in a QR code that a phone reads: at most 700 characters at depth 1', () => {
    expect(encodeInvite(BASE, makeInvite()).length).toBeLessThanOrEqual(700);
  });

  it('keeps everything in the fragment, and takes any base', () => {
    const invite = makeInvite();
    const link = new URL(encodeInvite(`${BASE}?lang=sw#old`, invite));
    expect(link.origin + link.pathname + link.search).toBe(`${BASE}?lang=sw`);
    for (const base of ['waystation:', 'http://10.0.0.7:8080/app/']) {
      expect(parseInvite(encodeInvite(base, invite)).space).toBe(invite.space);
    }
  });

  it('is read from the bare fragment, the bare payload, and with breaks that messengers put in', () => {
    const invite = makeInvite();
    const link = encodeInvite(BASE, invite);
    const fragment = link.slice(link.indexOf('#'));
    const broken = link.replaceAll(/(.{60})/g, '$1\r\n ');
    for (const text of [
      fragment,
      fragment.slice(1),
      fragment.slice('#join='.length),
      broken,
      `  ${link}\n`,
    ]) {
      expect(parseInvite(text)).toEqual(invite);
    }
  });

  it('says that it is cut off, wherever it is cut', () => {
    const link = encodeInvite(BASE, makeInvite());
    for (let length = link.indexOf('#join=') + 6; length < link.length; length += 7) {
      expect(() => parseInvite(link.slice(0, length)), `${length}`).toThrow(/cut off/);
    }
  });

  it('refuses what is no invite, and what is too long to be one', () => {
    for (const text of ['', 'https://station.example/', 'hello, world!']) {
      expect(() => parseInvite(text)).toThrow(/not an invite link/);
    }
    expect(() => parseInvite(`#join=${'A'.repeat(MAX_LINK_LENGTH)}`)).toThrow(/too long/);
  });

  it('is not written with hosts that could not be read back, nor for another space', () => {
    expect(() => encodeInvite(BASE, makeInvite(1, ['ftp://station.example']))).toThrow(RangeError);
    expect(() => encodeInvite(BASE, makeInvite(1, Array(9).fill('wss://a.example')))).toThrow(RangeError);
    expect(() => encodeInvite(BASE, makeInvite(1, [`wss://${'a'.repeat(200)}`]))).toThrow(RangeError);
    const other = new TestSpace(true);
    expect(() => encodeInvite(BASE, { ...makeInvite(), space: other.id })).toThrow(RangeError);
  });

  it('never throws anything but its own errors', () => {
    const link = encodeInvite(BASE, makeInvite());
    const mutated = fc
      .tuple(fc.nat({ max: link.length - 1 }), fc.string({ maxLength: 4 }))
      .map(([at, text]) => link.slice(0, at) + text + link.slice(at + text.length));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), mutated), (text) => {
        try {
          parseInvite(text);
        } catch (error) {
          expect(isWaystationError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});
