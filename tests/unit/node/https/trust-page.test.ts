import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { makeAuthority } from '../../../../src/node/https/certificates.ts';
import { answerTrust } from '../../../../src/node/https/trust-answers.ts';
import { systemOf } from '../../../../src/node/https/trust-steps.ts';

const facts = {
  name: 'waystation.local',
  shortId: 'a1B2c3',
  hostId: 'the-host',
  port: 7070,
  securePort: 7443,
  authority: makeAuthority({ name: 'waystation.local', shortId: 'a1B2c3' }).certificate,
  authorityPem: 'PEM',
  addresses: ['127.0.0.1', '192.168.1.20', 'fd00::20'],
  isOnLoopback: true,
};

interface Asked {
  readonly url?: string;
  readonly method?: string;
  readonly from?: string;
  readonly headers: Record<string, string>;
}

/** What is answered; undefined when it is left to the app. */
function answered({ url = '/', method = 'GET', from = '192.168.1.77', headers }: Asked) {
  const sent: Record<string, string> = {};
  let body = '';
  const request = { url, method, headers, socket: { remoteAddress: from, localAddress: '192.168.1.20' } };
  const response = {
    setHeader: (name: string, value: string) => {
      sent[name] = value;
    },
    removeHeader: (name: string) => {
      delete sent[name];
    },
    end: (text: unknown) => {
      body = String(text ?? '');
    },
  };
  const isOurs = answerTrust(
    request as unknown as IncomingMessage,
    response as unknown as ServerResponse,
    facts,
  );
  return isOurs ? { sent, body } : undefined;
}

const at = (host: string, more: Partial<Asked> = {}) => answered({ headers: { host }, ...more });

describe('over plain HTTP', () => {
  it('a browser on another machine gets the page that says how to trust the relay', () => {
    for (const host of [
      '192.168.1.20:7070',
      'waystation.local:7070',
      '203.0.113.7',
      '[fd00::20]:7070',
      'evil.example',
      '',
    ])
      expect({ host, title: /<h1>(.*)<\/h1>/.exec(at(host)?.body ?? '')?.[1] }).toEqual({
        host,
        title: 'Once: trust your relay',
      });
  });

  it('this machine gets the app, and so does who comes through a proxy that speaks TLS', () => {
    for (const host of [
      'localhost:7070',
      '127.0.0.1:7070',
      '127.1.2.3',
      '[::1]:7070',
      'app.localhost',
      'LOCALHOST',
    ])
      expect({ host, answer: at(host) }).toEqual({ host, answer: undefined });
    expect(answered({ headers: { host: 'relay.example', 'x-forwarded-proto': 'https' } })).toBeUndefined();
  });

  it('names that only look local get the page', () => {
    for (const host of ['127.0.0.1.example.org', 'localhost.example.org', '127.example.org'])
      expect(at(host)?.body).toContain('trust your relay');
  });

  it('parts of pages are left to the app', () => {
    for (const url of ['/icon.svg', '/assets/index-1.js', '/healthz', '/peerjs/id'])
      expect({ url, answer: at('192.168.1.20', { url }) }).toEqual({ url, answer: undefined });
    expect(at('192.168.1.20', { method: 'POST' })).toBeUndefined();
  });

  it('other addresses of the app get the page too, wherever a person asks for them', () => {
    expect(at('192.168.1.20', { url: '/index.html?x#y' })?.body).toContain('trust your relay');
    const headers = { host: '192.168.1.20', accept: 'text/html,*/*' };
    expect(answered({ url: '/share', headers })?.body).toContain('trust your relay');
  });

  it('the certificate is handed out, as phones and as programs want it', () => {
    const forPhones = at('192.168.1.20', { url: '/waystation-ca.crt' });
    expect(forPhones?.sent['content-type']).toBe('application/x-x509-ca-cert');
    expect(forPhones?.body).toBe(String(facts.authority));
    expect(at('192.168.1.20', { url: '/waystation-ca.pem' })?.body).toBe('PEM');
  });
});

describe('the trust page', () => {
  const page = at('192.168.1.20:7070')!;

  it('lets run and load nothing but itself', () => {
    const policy = page.sent['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const source = (text: string | undefined) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    expect(policy).toContain(`script-src ${source(/<script>([\s\S]*)<\/script>/.exec(page.body)?.[1])}`);
    expect(policy).toContain(`style-src ${source(/<style>([\s\S]*)<\/style>/.exec(page.body)?.[1])}`);
    expect(page.body).not.toMatch(/ style=| on[a-z]+=/);
  });

  it('asks the name first and the address it was opened by, and no other', () => {
    expect(page.sent['content-security-policy']).toContain(
      'connect-src https://waystation.local:7443 http://waystation.local:7070 https://192.168.1.20:7443;',
    );
    expect(at('203.0.113.7')?.body).not.toContain('203.0.113.7');
  });

  it('shows nothing of what a stranger writes into the request', () => {
    for (const host of ['"><script>alert(1)</script>', '192.168.1.20" x="', 'evil.example'])
      expect(at(host)?.body).not.toMatch(/alert|evil| x=/);
    expect(
      answered({ headers: { host: '192.168.1.20', 'user-agent': '<script>alert(1)' } })?.body,
    ).not.toContain('alert');
  });

  it('shows the number that the relay printed', () => {
    const fingerprint = createHash('sha256').update(facts.authority).digest('hex').toUpperCase();
    expect(page.body.replaceAll(/<wbr>|:/g, '')).toContain(fingerprint);
  });

  it('sends the relay’s own computer to localhost, unless that does not lead here', () => {
    expect(at('192.168.1.20', { from: '192.168.1.20' })?.body).toContain('data-here="http://localhost:7070"');
    expect(page.body).not.toContain('data-here');
  });

  it('uses only colours that the app has', () => {
    const tokens = readFileSync('src/ui/tokens.css', 'utf8');
    const used = [...page.body.matchAll(/var\((--[a-z-]+)\)/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(10);
    for (const name of used) expect(page.body).toMatch(new RegExp(`${name}:`));
    expect(tokens).toContain('--ws-ground:');
  });

  it('begins with the steps of the system that asks', () => {
    const agents = {
      android:
        'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36',
      iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1',
      windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36',
      mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36',
      linux: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36',
      firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0',
    };
    for (const [system, agent] of Object.entries(agents)) expect(systemOf(agent)).toBe(system);
    expect(systemOf(undefined)).toBe('android');
  });
});
