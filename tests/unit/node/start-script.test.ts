/** The one script that stands in index.html itself: both policies allow it, and no other. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRelayServer } from '../../../src/node/relay-server.ts';

const page = readFileSync(new URL('../../../index.html', import.meta.url), 'utf8');
const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? [];
const allowed = `script-src 'self' 'sha256-${createHash('sha256').update(script).digest('base64')}' 'wasm-unsafe-eval'`;

it('is allowed by the policy that the page carries', () => {
  expect(script).toContain('addEventListener');
  expect(page).toContain(allowed);
});

it('is allowed by the policy that a relay sends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waystation-start-'));
  const server = await startRelayServer({
    port: 0,
    listen: '127.0.0.1',
    hostId: 'test',
    appFolders: [folder],
  });
  try {
    const { headers } = await fetch(`http://127.0.0.1:${server.port}/`);
    expect(headers.get('content-security-policy')).toContain(allowed);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
