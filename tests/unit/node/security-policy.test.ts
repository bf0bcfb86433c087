/** What the page itself allows and what a relay sends with it are one policy: where they differ, browsers apply the stricter of the two. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RelayServer, startRelayServer } from '../../../src/node/relay-server.ts';

let server: RelayServer;
beforeAll(async () => {
  server = await startRelayServer({ port: 0, listen: '127.0.0.1', hostId: 'host' });
});
afterAll(() => server.close());

/** Each directive with its sources, in whatever order they stand. */
function directives(policy: string): Map<string, string[]> {
  const all = policy.split(';').map((one) => one.trim().split(/\s+/));
  return new Map(all.map(([name = '', ...sources]) => [name, sources.sort()]));
}

it('the content security policy of index.html is the one that a relay serves', async () => {
  const page = readFileSync(new URL('../../../index.html', import.meta.url), 'utf8');
  const meta = /http-equiv="content-security-policy"\s+content="([^"]+)"/.exec(page)?.[1] ?? '';
  const { headers } = await fetch(`http://127.0.0.1:${server.port}/healthz`);
  const served = directives(headers.get('content-security-policy') ?? '');
  // A page cannot say this of itself: browsers take it from the header alone.
  expect(served.get('frame-ancestors')).toEqual(["'none'"]);
  served.delete('frame-ancestors');
  expect(directives(meta)).toEqual(served);
  expect(served.size).toBeGreaterThan(5);
});
