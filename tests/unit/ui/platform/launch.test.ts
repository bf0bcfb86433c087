import { describe, expect, test, vi } from 'vitest';
import {
  type Launch,
  type LaunchParams,
  type LaunchPorts,
  listenForLaunches,
  REPEAT_WINDOW_MS,
} from '../../../../src/ui/platform/launch.browser.ts';
import {
  findInviteLink,
  MAX_FILE_NAME,
  MAX_SHARED_FILE_BYTES,
  MAX_SHARED_FILES,
  plainFileName,
} from '../../../../src/ui/platform/shared-items.ts';

const SCOPE = 'https://relay.test/app/';

class System {
  readonly launches: Launch[] = [];
  nowMs = 0;
  readonly #memory = new Map<string, string>();
  #consumer: ((params: LaunchParams) => void) | undefined;

  /** The page loads; with the same `System` its tab was reloaded. */
  load(ports: Partial<LaunchPorts> = {}): void {
    listenForLaunches(
      {
        queue: {
          setConsumer: (consumer) => {
            this.#consumer = consumer;
          },
        },
        openedWith: SCOPE,
        navigation: 'navigate',
        monotonicMs: () => this.nowMs,
        memory: {
          getItem: (key) => this.#memory.get(key) ?? null,
          setItem: (key, value) => this.#memory.set(key, value),
        },
        storage: undefined,
        locks: undefined,
        scope: SCOPE,
        ...ports,
      },
      (launch) => this.launches.push(launch),
    );
  }

  send(params: LaunchParams): void {
    this.#consumer?.(params);
  }

  async next(): Promise<Launch> {
    await vi.waitFor(() => expect(this.launches.length).toBeGreaterThan(0));
    return this.launches.shift()!;
  }
}

function file(name: string, content = 'x', size?: number) {
  const given = new File([content], name);
  if (size !== undefined) Object.defineProperty(given, 'size', { value: size });
  return { kind: 'file' as const, name, getFile: async () => given };
}

describe('a launch', () => {
  test('with hour files hands them out, and says why it refuses others', async () => {
    const system = new System();
    system.load();
    const gone = { ...file('gone.hour'), getFile: () => Promise.reject(new DOMException('gone')) };
    system.send({
      targetURL: `${SCOPE}#/file`,
      files: [
        file('ridge.HOUR', 'abc'),
        file('notes.txt'),
        file('big.hour', '', MAX_SHARED_FILE_BYTES + 1),
        gone,
      ],
    });
    const { items, refused } = await system.next();
    expect(items).toMatchObject([{ kind: 'file', name: 'ridge.HOUR', sizeBytes: 3 }]);
    const [item] = items;
    expect(item?.kind === 'file' && [...(await item.bytes())]).toEqual([97, 98, 99]);
    expect(refused).toEqual([
      { name: 'notes.txt', reason: 'not-hours' },
      { name: 'big.hour', reason: 'too-large' },
      { name: 'gone.hour', reason: 'unreadable' },
    ]);
  });

  test('leaves no invite behind in what outlives a reload', async () => {
    const system = new System();
    const kept: string[] = [];
    system.load({ memory: { getItem: () => null, setItem: (_, value) => kept.push(value) } });
    system.send({ targetURL: `${SCOPE}#join=c2VjcmV0` });
    await system.next();
    expect(kept).toHaveLength(1);
    expect(kept.join()).not.toContain('c2VjcmV0');
  });

  test('is handed out also where nothing can be remembered', async () => {
    const system = new System();
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    system.load({ memory: { getItem: () => null, setItem: full } });
    system.send({ files: [file('ridge.hour')] });
    expect((await system.next()).items).toMatchObject([{ kind: 'file', name: 'ridge.hour' }]);
  });

  test('with a thousand files takes the first few and says so once', async () => {
    const system = new System();
    system.load();
    system.send({ files: Array.from({ length: 1_000 }, (_, n) => file(`${n}.hour`)) });
    const { items, refused } = await system.next();
    expect(items).toHaveLength(MAX_SHARED_FILES);
    expect(refused).toEqual([{ name: `${MAX_SHARED_FILES}.hour`, reason: 'too-many' }]);
  });

  test('of the window that is open already hands out an invite link, or the place of a shortcut', async () => {
    const system = new System();
    system.load();
    system.send({ targetURL: `${SCOPE}#join=abc` });
    expect((await system.next()).items).toEqual([{ kind: 'link', link: `${SCOPE}#join=abc` }]);
    system.send({ targetURL: `${SCOPE}#/record` });
    expect((await system.next()).items).toEqual([{ kind: 'place', hash: '#/record' }]);
    system.send({ targetURL: 'https://elsewhere.test/#/record' });
    expect((await system.next()).items).toEqual([]);
  });

  test('that opened the page is in the address bar already and is not told; the same shortcut later is', async () => {
    const system = new System();
    system.load({ openedWith: `${SCOPE}#/data` });
    system.send({ targetURL: `${SCOPE}#/data` });
    system.send({ targetURL: `${SCOPE}#/data` });
    await system.next();
    expect(system.launches).toEqual([]);
  });

  test('that the browser repeats after a reload is not told twice', async () => {
    const system = new System();
    system.load();
    system.send({ targetURL: `${SCOPE}#/file`, files: [file('a.hour')] });
    await system.next();
    system.load({ navigation: 'reload' });
    system.send({ targetURL: `${SCOPE}#/file`, files: [file('a.hour')] });
    system.send({ targetURL: `${SCOPE}#/file`, files: [file('b.hour')] });
    expect((await system.next()).items).toMatchObject([{ name: 'b.hour' }]);
  });
});

test('the same file, opened again a while after a reload, is meant', async () => {
  const system = new System();
  system.load();
  system.send({ files: [file('a.hour')] });
  await system.next();
  system.load({ navigation: 'reload' });
  system.nowMs += REPEAT_WINDOW_MS;
  system.send({ files: [file('a.hour')] });
  expect((await system.next()).items).toMatchObject([{ name: 'a.hour' }]);
});

describe('an invite link', () => {
  const link = `https://relay.test/app/#join=${'aB3_-'.repeat(20)}`;

  test.each([
    ['alone', [link]],
    ['in the middle of words', [`Come! ${link} See you`]],
    ['in the address rather than in the text', [link, 'no link here']],
    ['in the text rather than in the address', ['https://relay.test/', `join:\n${link}\n\nbye`]],
    [
      'broken over lines by a messenger',
      [`Look ${link.slice(0, 60)}\r\n${link.slice(60, 110)}\n${link.slice(110)}`],
    ],
  ])('is found %s', (_, texts) => {
    expect(findInviteLink(texts)).toBe(link);
  });

  test('is not made up, and not looked for without end', () => {
    expect(findInviteLink(['https://relay.test/#/record', '#join='])).toBeNull();
    expect(findInviteLink([`${' '.repeat(100_000)}${link}`])).toBeNull();
  });
});

test('a name of a file is never a path and never too long to show', () => {
  expect(plainFileName('../../etc/ridge.hour')).toBe('ridge.hour');
  expect(plainFileName('C:\\data\\ridge\u202e.hour')).toBe('ridge.hour');
  const long = plainFileName(`${'x'.repeat(1_000)}.hour`);
  expect(long).toHaveLength(MAX_FILE_NAME);
  expect(long.endsWith('.hour')).toBe(true);
});
