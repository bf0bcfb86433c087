/** A page that a relay serves, and where the invites lead that it makes. */
import { describe, expect, it, vi } from 'vitest';
import { parseInvite } from '../../../src/identity/invite.ts';
import { readRelayAnswer } from '../../../src/ui/platform/own-relay.browser.ts';
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
    });
    const secure = new URL('https://waystation.local:7443/');
    expect(readRelayAnswer(secure, JSON.stringify({ ok: true, reach: REACH }))).toEqual({
      host: 'wss://waystation.local:7443',
      reach: REACH,
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
    JSON.stringify({ ok: true, more: 'x'.repeat(20_000) }),
  ])('is none: %s', (text) => {
    expect(readRelayAnswer(LOCAL, text)).toBeNull();
  });
});

describe('an invite made on the relay’s own computer', () => {
  it('leads to where others reach the relay, and not to localhost', async () => {
    const page = new TestPage();
    page.relay = { host: 'ws://localhost:7070', reach: REACH };
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
