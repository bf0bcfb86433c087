/** The relay's name and addresses in a network: real multicast between two machines on one cable. */
import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildCli, type Document, type Started, Workshop } from './cli.ts';
import { connect, hasNamespaces, Machine } from './relay-https-networks.ts';

const shop = new Workshop();
let one: Machine;
let other: Machine;
const started = new Set<Started>();

beforeAll(buildCli);
afterAll(() => shop.close());

const isUp = ({ listening }: Document) => listening !== undefined;

async function relay(
  machine: Machine,
  data: string,
  ...words: string[]
): Promise<{ up: Started; said: Document }> {
  const up = machine.start(shop, ['relay', '--https', '--data', shop.path(data), ...words]);
  started.add(up);
  return { up, said: await up.document(isUp) };
}

/** Stops it as a person does; it must end by itself. */
async function stop(up: Started): Promise<void> {
  started.delete(up);
  const { code, stderr } = await up.stop('SIGINT');
  expect(code, stderr).toBe(0);
}

const nameOf = (said: Document) => new URL(said.secure).hostname;

/** The certificate that a connection from the machine to `address` is shown. */
function shownCertificate(from: Machine, address: string): X509Certificate {
  const { stdout } = from.run('openssl', 's_client', '-connect', `${address}:7443`, '-showcerts');
  return new X509Certificate(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? '');
}

describe.skipIf(!hasNamespaces)('in a network', () => {
  beforeEach(() => {
    one = new Machine();
    other = new Machine();
    connect(one, '10.77.2.1', other, '10.77.2.2');
  });
  afterEach(async () => {
    for (const up of started) {
      up.child.kill('SIGKILL');
      await up.ended;
    }
    started.clear();
    one.remove();
    other.remove();
  });

  test('two relays that begin in one network have two names, and keep them when they are alone', async () => {
    const first = await relay(one, 'first');
    expect(nameOf(first.said)).toBe('waystation.local');
    const second = await relay(other, 'second');
    expect(nameOf(second.said)).toBe('waystation-2.local');
    await second.up.line('stderr', /this relay is waystation-2\.local from now on/);
    expect(shownCertificate(one, '10.77.2.2').subjectAltName).toContain('DNS:waystation-2.local');
    await stop(first.up);
    await stop(second.up);
    const again = await relay(other, 'second');
    expect(nameOf(again.said)).toBe('waystation-2.local');
    await stop(again.up);
  });

  test('a name that phones know is not changed when another device has it: that is said', async () => {
    await stop((await relay(one, 'known', '--no-mdns')).up);
    const thief = await relay(other, 'thief');
    const known = await relay(one, 'known');
    expect(nameOf(known.said)).toBe('waystation.local');
    await known.up.line(
      'stderr',
      /Another device in this network is called waystation\.local too\. .*address/,
    );
    await stop(known.up);
    await stop(thief.up);
  });

  test('a new address is in the certificate within seconds, and open connections go on', async () => {
    const { up } = await relay(one, 'moving', '--no-mdns');
    expect(shownCertificate(other, '10.77.2.1').subjectAltName).not.toContain('10.77.2.9');
    const client = shop.spawn(
      'ip',
      [...['netns', 'exec', other.name, 'openssl', 's_client', '-quiet', '-connect', '10.77.2.1:7443']],
      { stdin: true },
    );
    const send = (text: string) => client.child.stdin?.write(text);
    // The beginning of a request; the rest follows under the new certificate.
    send('GET /healthz HTTP/1.1\r\n');
    await client.line('stderr', /verify return/);
    one.addAddress('10.77.2.9');
    await up.line('stderr', /addresses of this computer have changed/);
    expect(shownCertificate(other, '10.77.2.9').subjectAltName).toContain('IP Address:10.77.2.9');
    send('Host: waystation.local\r\n\r\n');
    await client.line('stdout', /HTTP\/1\.1 200/);
    await client.stop();
    await stop(up);
  });

  test('invites name the secure address for pages and the plain one for programs', async () => {
    const { up, said } = await relay(one, 'inviting', '--create', 'Valley');
    expect(said).toMatchObject({
      listening: 'http://localhost:7070',
      link: 'http://10.77.2.1:7070',
      secure: 'https://waystation.local:7443',
      host: 'ws://10.77.2.1:7070',
    });
    const { link } = await up.event('invite');
    expect(link).toMatch(/^http:\/\/10\.77\.2\.1:7070\/#join=/);
    const health = (from: Machine, url: string, ...more: string[]) =>
      JSON.parse(from.run('curl', '-s', ...more, `${url}/healthz`).stdout);
    expect(health(one, 'http://localhost:7070').reach).toEqual({
      url: 'http://10.77.2.1:7070',
      hosts: [
        'wss://waystation.local:7443',
        'wss://10.77.2.1:7443',
        'ws://10.77.2.1:7070',
        expect.stringMatching(/^direct:10\.77\.2\.1:\d+#[\w-]{43}$/),
      ],
    });
    const secure = ['-k', '--resolve', 'waystation.local:7443:10.77.2.1'];
    expect(health(other, 'https://waystation.local:7443', ...secure).reach.url).toBe('http://10.77.2.1:7070');
    // Not for pages from elsewhere.
    expect(health(one, 'http://localhost:7070', '-H', 'Origin: https://evil.example').reach).toBeUndefined();
    expect(health(other, 'http://10.77.2.1:7070').reach).toBeUndefined();
    await shop.ask('join', '--data', shop.path('van'), link);
    const synced = other.start(shop, ['sync', '--data', shop.path('van'), '--until-complete']);
    expect((await synced.result()).code).toBe(0);
    await stop(up);
  });
});

describe.skipIf(!hasNamespaces)('without a network', () => {
  test('a relay starts, says that it works on this machine only, and ends when it is told to', async () => {
    const alone = new Machine();
    const { up, said } = await relay(alone, 'alone');
    expect(said.listening).toBe('http://localhost:7070');
    await up.line('stderr', /in no network/);
    await stop(up);
    alone.remove();
  });
});
