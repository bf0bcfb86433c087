import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecureRelay, type SecureRelayOptions } from '../../../../src/node/https/secure-relay.ts';
import { type RelayServer, startRelayServer } from '../../../../src/node/relay-server.ts';
import { VirtualClock } from '../../mesh/virtual-clock.ts';

const announced = vi.hoisted(() => ({ open: 0 }));
vi.mock('../../../../src/node/https/announce.ts', () => ({
  announce: async ({ name }: { name: string }) => {
    announced.open++;
    return {
      name,
      close: async () => {
        announced.open--;
      },
    };
  },
}));

let data: string;
let server: RelayServer;
let said: string[];

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'waystation-secure-'));
  server = await startRelayServer({ port: 0, listen: '127.0.0.1', hostId: 'host', securePort: 0 });
  said = [];
});
afterEach(async () => {
  await server.close();
  rmSync(data, { recursive: true });
});

function options(more: Partial<SecureRelayOptions> = {}): SecureRelayOptions {
  return {
    dataFolder: data,
    server,
    hostId: 'host',
    shortId: 'a1B2c3',
    givenName: undefined,
    announces: false,
    isOnLoopback: true,
    clock: new VirtualClock(),
    signal: new AbortController().signal,
    say: (text) => said.push(text),
    onMoved: () => undefined,
    ...more,
  };
}

/** The servers themselves, which nothing hands out. */
function listening(...ports: readonly (number | undefined)[]): Server[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] };
  return handles.call(process).filter((one): one is Server => {
    const address = one instanceof Server ? one.address() : null;
    return typeof address === 'object' && address !== null && ports.includes(address.port);
  });
}

describe('a relay with HTTPS', () => {
  it('goes on when a connection cannot be taken, as when a flood has taken all files', () => {
    const servers = listening(server.port, server.securePort);
    expect(servers).toHaveLength(2);
    for (const one of servers) expect(one.emit('error', new Error('accept EMFILE'))).toBe(true);
  });

  it('takes its name from what it is called the first time, and keeps it', async () => {
    const first = await SecureRelay.open(options({ givenName: 'Köhler’s hut' }));
    await first.close();
    const again = await SecureRelay.open(options({ givenName: 'Köhler’s hut' }));
    await again.close();
    expect([first.name, again.name]).toEqual(['kohler-s-hut.local', 'kohler-s-hut.local']);
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(said).toEqual([]);
    await (await SecureRelay.open(options({ givenName: 'Other' }))).close();
    expect(said).toEqual([expect.stringContaining('Phones know this relay as kohler-s-hut.local')]);
  });

  it('that is stopped before it has a name leaves none behind', async () => {
    const opened = SecureRelay.open(options({ signal: AbortSignal.abort() }));
    await expect(opened).rejects.toMatchObject({ code: 'closed' });
    expect(readdirSync(data)).toEqual([]);
  });

  it('that cannot keep its authority announces no name, which would keep the program from ending', async () => {
    mkdirSync(join(data, 'https'));
    symlinkSync(join(data, 'nowhere'), join(data, 'https/authority.pem'));
    await expect(SecureRelay.open(options({ announces: true }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(announced.open).toBe(0);
  });

  it('says so when its clock is years behind, and has an authority that is good all the same', async () => {
    const clock = new VirtualClock(Date.UTC(1970, 0, 2));
    await (await SecureRelay.open(options({ clock }))).close();
    expect(said).toEqual([expect.stringContaining('set the clock')]);
    said = [];
    await (await SecureRelay.open(options())).close();
    expect(said).toEqual([]);
  });
});
