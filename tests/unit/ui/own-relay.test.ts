/** A page that a relay serves, and where the invites lead that it makes. */
import { describe, expect, it, vi } from 'vitest';
import { parseInvite } from '../../../src/identity/invite.ts';
import { readCodeAnswer, readRelayAnswer } from '../../../src/ui/platform/own-relay.browser.ts';
import { TestPage } from './page.ts';

const LOCAL = new URL('http://localhost:7070/');
const REACH = {
  url: 'http://192.168.1.20:7070',
  hosts: ['wss://waystation.local:7443', 'ws://192.168.1.20:7070'],
};

describe('the answer of the server that a page came from', () => {
  it('is a relay’s, with or without where others reach it', () => {
    expect(readRelayAnswer(LOCAL, JSON.stringify({ ok: true, clients: 3 }))).toEqual({
      host: 'ws://localhost:7070',
      reach: null,
      group: null,
    });
    const secure = new URL('https://waystation.local:7443/');
    expect(
      readRelayAnswer(secure, JSON.stringify({ ok: true, reach: REACH, group: { name: 'Home' } })),
    ).toEqual({
      host: 'wss://waystation.local:7443',
      reach: REACH,
      group: { name: 'Home' },
    });
  });

  it.each([
    '<!doctype html>',
    '{"ok":false}',
    '{}',
    '[]',
    JSON.stringify({ ok: true, reach: { url: 'javascript:alert(1)', hosts: [] } }),
    JSON.stringify({ ok: true, reach: { url: REACH.url, hosts: ['http://a'] } }),
    JSON.stringify({ ok: true, reach: { url: REACH.url, hosts: Array(9).fill('ws://a') } }),
    JSON.stringify({ ok: true, group: { name: 'x'.repeat(501) } }),
    JSON.stringify({ ok: true, more: 'x'.repeat(20_000) }),
  ])('is none: %s', (text) => {
    expect(readRelayAnswer(LOCAL, text)).toBeNull();
  });
});

describe('its answer about a short code', () => {
  it.each([
    [200, JSON.stringify({ link: 'http://a/#join=x' }), { kind: 'invite', link: 'http://a/#join=x' }],
    [404, '{"link":null}', { kind: 'unknown' }],
    [429, '{"link":null}', { kind: 'wait' }],
    [404, 'Not found', { kind: 'no-relay' }],
    [200, JSON.stringify({ link: 'x'.repeat(9_000) }), { kind: 'no-relay' }],
    [200, '<!doctype html>', { kind: 'no-relay' }],
  ])('%i %s', (status, text, answer) => expect(readCodeAnswer(status, text)).toEqual(answer));
});

describe('an invite made on the relay’s own computer', () => {
  it('leads to where others reach the relay, and not to localhost', async () => {
    const page = new TestPage();
    page.relay = { host: 'ws://localhost:7070', reach: REACH, group: null };
    const { model } = await page.founded();
    await vi.waitFor(async () => {
      const link = await model.people.invite('member', 1);
      expect(link.startsWith('http://192.168.1.20:7070/#join=')).toBe(true);
      expect(parseInvite(link).hosts).toEqual(REACH.hosts);
    });
  });

  it('leads to this page when no relay serves it', async () => {
    const page = new TestPage();
    page.relay = null;
    const { model } = await page.founded();
    const link = await model.people.invite('member', 1);
    expect(link.startsWith('http://relay.test/#join=')).toBe(true);
  });
});
