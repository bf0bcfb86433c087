/** What refusing a malformed signaling message may cost: one look, however long its lists are. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  MAX_CLIENT_MESSAGE_CHARS,
  MAX_PRESENT_PEERS,
  MAX_SERVER_MESSAGE_CHARS,
  MAX_TOPICS_PER_CLIENT,
  parseClientMessage,
  parseServerMessage,
} from '../../../signaling/protocol.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** How many items of a list of `count` malformed ones are looked at before the message around it is refused. */
function lookedAt(
  parse: (text: string) => unknown,
  count: number,
  around: (list: readonly unknown[]) => unknown,
): number {
  const looked = new Set<string>();
  const list = new Proxy(
    Array.from({ length: count }, () => ({})),
    {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) looked.add(key);
        return Reflect.get(target, key, receiver);
      },
    },
  );
  vi.spyOn(JSON, 'parse').mockReturnValueOnce(around(list));
  expect(parse('{}')).toBeUndefined();
  return looked.size;
}

const topic = 't'.repeat(43);

describe.each([
  [
    'WS-JOIN',
    parseClientMessage,
    MAX_TOPICS_PER_CLIENT,
    (topics: unknown) => ({ type: 'WS-JOIN', payload: { topics } }),
  ],
  [
    'WS-PART',
    parseClientMessage,
    MAX_TOPICS_PER_CLIENT,
    (topics: unknown) => ({ type: 'WS-PART', payload: { topics } }),
  ],
  [
    'WS-PRESENT',
    parseServerMessage,
    MAX_PRESENT_PEERS,
    (peers: unknown) => ({ type: 'WS-PRESENT', payload: { topic, peers } }),
  ],
] as const)('the list of a %s', (_, parse, max, around) => {
  it('that is too long is refused without a look at what is in it', () => {
    expect(lookedAt(parse, max + 1, around)).toBe(0);
  });

  it('is refused at its first malformed item', () => {
    expect(lookedAt(parse, max, around)).toBe(1);
  });
});

it('a text that is too long is not even parsed', () => {
  const parse = vi.spyOn(JSON, 'parse');
  expect(parseClientMessage(' '.repeat(MAX_CLIENT_MESSAGE_CHARS + 1))).toBeUndefined();
  expect(parseServerMessage(' '.repeat(MAX_SERVER_MESSAGE_CHARS + 1))).toBeUndefined();
  expect(parse).not.toHaveBeenCalled();
});

it('a host whose clock is out of its mind is one that does not tell the time', () => {
  for (const timeMs of [-1, 1e300, 'now', null, {}]) {
    const open = { type: 'OPEN', payload: { hostId: 'host', timeMs } };
    expect(parseServerMessage(JSON.stringify(open))).toEqual({
      type: 'OPEN',
      payload: { hostId: 'host', timeMs: undefined },
    });
    const beat = { type: 'HEARTBEAT', payload: { timeMs } };
    expect(parseServerMessage(JSON.stringify(beat))).toEqual({
      type: 'HEARTBEAT',
      payload: { timeMs: undefined },
    });
  }
});
