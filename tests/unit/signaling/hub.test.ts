import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HUB_LIMITS, type HubEffect, type HubLimits, SignalingHub } from '../../../signaling/hub.ts';
import { MAX_PRESENT_PEERS } from '../../../signaling/protocol.ts';

/** A hub whose effects are sorted by connection. */
class HubProbe {
  readonly hub: SignalingHub;
  nowMs = 0;
  readonly #outbox = new Map<number, unknown[]>();
  readonly closed = new Map<number, string>();

  constructor(limits: Partial<HubLimits> = {}) {
    this.hub = new SignalingHub({ hostId: 'host', limits });
  }

  connect(conn: number, id: string, token = `token-of-${id}`, key = 'peerjs'): void {
    this.#apply(this.hub.connected(conn, new URLSearchParams({ key, id, token }), this.nowMs));
  }

  say(conn: number, message: unknown): void {
    this.sayText(conn, JSON.stringify(message));
  }

  sayText(conn: number, text: string): void {
    this.#apply(this.hub.text(conn, text, this.nowMs));
  }

  hangUp(conn: number): void {
    this.#apply(this.hub.closed(conn));
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.#apply(this.hub.tick(this.nowMs));
  }

  /** What `conn` was sent since the last call. */
  got(conn: number): unknown[] {
    const messages = this.#outbox.get(conn) ?? [];
    this.#outbox.delete(conn);
    return messages;
  }

  count(reason: string): number {
    return this.hub.stats().counters[reason] ?? 0;
  }

  #apply(effects: readonly HubEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close') this.closed.set(effect.conn, effect.reason);
      else this.#outbox.set(effect.conn, [...(this.#outbox.get(effect.conn) ?? []), JSON.parse(effect.text)]);
    }
  }
}

const topic = (n: number) => `${'t'.repeat(40)}${String(n).padStart(3, '0')}`;
const OPEN = { type: 'OPEN', payload: { hostId: 'host' } };

describe('the PeerServer protocol', () => {
  it('opens a connection and carries messages under the sender’s true id', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.connect(2, 'bob');
    expect(hub.got(1)).toEqual([OPEN]);
    hub.got(2);
    for (const type of ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE']) {
      hub.say(1, { type, src: 'somebody else', dst: 'bob', payload: { sdp: type } });
      expect(hub.got(2)).toEqual([{ type, src: 'alice', dst: 'bob', payload: { sdp: type } }]);
    }
    expect(hub.got(1)).toEqual([]);
  });

  it('refuses missing parameters, another key and a taken id, and closes', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.connect(2, 'alice', 'another token');
    hub.connect(3, 'carol', 'token', 'wrong key');
    hub.connect(4, '');
    hub.connect(5, 'x'.repeat(65));
    expect(hub.got(2)).toEqual([{ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } }]);
    expect(hub.got(3)).toEqual([{ type: 'INVALID-KEY', payload: { msg: 'Invalid key provided' } }]);
    expect(hub.got(4)).toMatchObject([{ type: 'ERROR' }]);
    expect([...hub.closed.keys()]).toEqual([2, 3, 4, 5]);
    expect(hub.hub.stats().clients).toBe(1);
    expect(hub.hub.stats().counters).toEqual({ 'id-taken': 1, 'invalid-key': 1, 'bad-parameters': 2 });
  });

  it('lets the same token take an id over', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.connect(2, 'alice');
    hub.connect(3, 'bob');
    expect(hub.closed.get(1)).toContain('taken over');
    hub.hangUp(1);
    hub.say(1, { type: 'OFFER', dst: 'bob', payload: 'from the old connection' });
    hub.say(3, { type: 'OFFER', dst: 'alice', payload: 1 });
    expect(hub.got(2)).toEqual([OPEN, { type: 'OFFER', src: 'bob', dst: 'alice', payload: 1 }]);
    expect(hub.got(3)).toEqual([OPEN]);
  });

  it('keeps messages for who is about to come, and tells the sender when nobody came', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.got(1);
    hub.say(1, { type: 'OFFER', dst: 'bob', payload: 1 });
    hub.say(1, { type: 'LEAVE', dst: 'bob' });
    hub.pass(HUB_LIMITS.expireMs - 1);
    hub.connect(2, 'bob');
    expect(hub.got(2)).toEqual([OPEN, { type: 'OFFER', src: 'alice', dst: 'bob', payload: 1 }]);
    hub.say(1, { type: 'OFFER', dst: 'carol', payload: 2 });
    hub.pass(HUB_LIMITS.expireMs);
    expect(hub.got(1)).toEqual([{ type: 'EXPIRE', src: 'carol', dst: 'alice' }]);
    hub.connect(3, 'carol');
    expect(hub.got(3)).toEqual([OPEN]);
    expect(hub.hub.stats().waitingMessages).toBe(0);
  });

  it('ends the connection of a client that leaves, and of one that falls silent', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.connect(2, 'bob');
    hub.say(1, { type: 'LEAVE' });
    expect(hub.closed.get(1)).toBe('left');
    hub.pass(HUB_LIMITS.aliveMs);
    hub.say(2, { type: 'HEARTBEAT' });
    hub.pass(HUB_LIMITS.aliveMs);
    expect(hub.closed.has(2)).toBe(false);
    hub.pass(1);
    expect(hub.closed.get(2)).toContain('silent');
    expect(hub.hub.stats().clients).toBe(0);
  });

  it('echoes a heartbeat only to those who ask, for PeerJS does not expect it', () => {
    const hub = new HubProbe();
    hub.connect(1, 'alice');
    hub.got(1);
    hub.say(1, { type: 'HEARTBEAT' });
    expect(hub.got(1)).toEqual([]);
    hub.say(1, { type: 'HEARTBEAT', payload: { echo: true } });
    expect(hub.got(1)).toEqual([{ type: 'HEARTBEAT' }]);
  });

  it('tells what time it is there when it opens, and with every echo', () => {
    let wallMs = 1_000.4;
    const hub = new SignalingHub({ hostId: 'host', wallMs: () => wallMs });
    const query = new URLSearchParams({ key: 'peerjs', id: 'alice', token: 't' });
    const said = (effects: readonly HubEffect[]) =>
      effects.map((effect) => (effect.kind === 'send' ? JSON.parse(effect.text) : effect));
    expect(said(hub.connected(1, query, 0))).toEqual([
      { type: 'OPEN', payload: { hostId: 'host', timeMs: 1_000 } },
    ]);
    wallMs = 2_000;
    const beat = JSON.stringify({ type: 'HEARTBEAT', payload: { echo: true } });
    expect(said(hub.text(1, beat, 1))).toEqual([{ type: 'HEARTBEAT', payload: { timeMs: 2_000 } }]);
  });
});

describe('meeting under a topic', () => {
  it('names who is there, tells them who arrives and who leaves', () => {
    const hub = new HubProbe();
    const join = (conn: number, hello: string) =>
      hub.say(conn, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(1), hello }] } });
    for (const [conn, id] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ] as const) {
      hub.connect(conn, id);
      hub.got(conn);
    }
    join(1, 'AA');
    join(2, 'BB');
    expect(hub.got(1)).toEqual([
      { type: 'WS-PRESENT', payload: { topic: topic(1), peers: [] } },
      { type: 'WS-ARRIVED', payload: { topic: topic(1), id: 'b', hello: 'BB' } },
    ]);
    expect(hub.got(2)).toEqual([
      { type: 'WS-PRESENT', payload: { topic: topic(1), peers: [{ id: 'a', hello: 'AA' }] } },
    ]);
    hub.say(2, { type: 'WS-PART', payload: { topics: [topic(1), topic(2)] } });
    expect(hub.got(1)).toEqual([{ type: 'WS-LEFT', payload: { topic: topic(1), id: 'b' } }]);
    join(3, 'CC');
    hub.got(1);
    hub.hangUp(3);
    expect(hub.got(1)).toEqual([{ type: 'WS-LEFT', payload: { topic: topic(1), id: 'c' } }]);
    expect(hub.got(2)).toEqual([]);
    expect(hub.hub.stats().topics).toBe(1);
    hub.hangUp(1);
    expect(hub.hub.stats().topics).toBe(0);
  });

  it('names at most 256 peers, the newest', () => {
    const hub = new HubProbe();
    const total = MAX_PRESENT_PEERS + 5;
    for (let i = 0; i <= total; i++) {
      hub.connect(i, `p${i}`);
      hub.got(i);
      hub.say(i, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(1), hello: '' }] } });
    }
    const [answer] = hub.got(total) as { payload: { peers: { id: string }[] } }[];
    expect(answer?.payload.peers).toHaveLength(MAX_PRESENT_PEERS);
    expect(answer?.payload.peers.at(-1)?.id).toBe(`p${total - 1}`);
    expect(answer?.payload.peers[0]?.id).toBe('p5');
  });

  it('keeps a client’s place when its connection is taken over', () => {
    const hub = new HubProbe();
    hub.connect(1, 'a');
    hub.say(1, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(1), hello: 'AA' }] } });
    hub.connect(2, 'a');
    hub.hangUp(1);
    hub.connect(3, 'b');
    hub.say(3, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(1), hello: 'BB' }] } });
    expect(hub.got(3).at(-1)).toMatchObject({ payload: { peers: [{ id: 'a', hello: 'AA' }] } });
    expect(hub.got(2).at(-1)).toMatchObject({ type: 'WS-ARRIVED' });
  });
});

describe('a hostile client', () => {
  it('has what is malformed, too long or without destination dropped and counted', () => {
    const hub = new HubProbe();
    hub.connect(1, 'a');
    hub.connect(2, 'b');
    hub.got(1);
    hub.got(2);
    const deep = `{"type":"OFFER","dst":"b","payload":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    for (const text of [
      '',
      'x',
      'null',
      '{"type":"NOPE"}',
      '{"type":"OFFER","dst":7}',
      '{"type":"WS-JOIN"}',
    ]) {
      hub.sayText(1, text);
    }
    hub.say(1, { type: 'WS-JOIN', payload: { topics: [{ topic: 'short', hello: '' }] } });
    hub.say(1, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(1), hello: 'A'.repeat(684) }] } });
    hub.sayText(1, 'x'.repeat(65_537));
    hub.say(1, { type: 'OFFER', payload: 1 });
    hub.sayText(1, deep);
    expect(hub.got(1)).toEqual([]);
    expect(hub.count('too-long')).toBe(1);
    expect(hub.count('no-destination')).toBe(1);
    expect(hub.count('malformed')).toBeGreaterThanOrEqual(8);
  });

  it('is slowed by its rate and cut off when it goes on', () => {
    const hub = new HubProbe({ burstMessages: 10, messagesPerSecond: 5, maxDropsPerConnection: 20 });
    hub.connect(1, 'a');
    hub.connect(2, 'b');
    hub.got(2);
    const offer = () => hub.say(1, { type: 'OFFER', dst: 'b', payload: 1 });
    for (let i = 0; i < 12; i++) offer();
    expect(hub.got(2)).toHaveLength(10);
    expect(hub.count('rate')).toBe(2);
    hub.pass(1_000);
    for (let i = 0; i < 6; i++) offer();
    expect(hub.got(2)).toHaveLength(5);
    for (let i = 0; i < 17; i++) offer();
    expect(hub.closed.get(1)).toContain('dropped');
    expect(hub.count('cut-off')).toBe(1);
    expect(hub.hub.stats().clients).toBe(1);
  });

  it('is cut off far sooner for what is malformed than for what is merely dropped', () => {
    /** How often `text` is taken before the connection is ended; none waits for its rate. */
    const untilCutOff = (text: string): number => {
      const hub = new HubProbe({ burstMessages: 1e6 });
      hub.connect(1, 'a');
      for (let said = 1; said <= 2 * HUB_LIMITS.maxDropsPerConnection; said++) {
        hub.sayText(1, text);
        if (hub.closed.has(1)) return said;
      }
      return Number.POSITIVE_INFINITY;
    };
    const dropped = untilCutOff(JSON.stringify({ type: 'OFFER', payload: 1 }));
    const topics = Array.from({ length: 20_000 }, () => ({}));
    const malformed = untilCutOff(JSON.stringify({ type: 'WS-JOIN', payload: { topics } }));
    expect(dropped).toBeGreaterThanOrEqual(HUB_LIMITS.maxDropsPerConnection);
    expect(malformed).toBeLessThanOrEqual(dropped / 10);
  });

  it('spends its rate by the length of what it says', () => {
    const hub = new HubProbe({ burstMessages: 100, messagesPerSecond: 0 });
    hub.connect(1, 'a');
    hub.connect(2, 'b');
    hub.got(2);
    for (let i = 0; i < 100; i++) hub.say(1, { type: 'OFFER', dst: 'b', payload: 'x'.repeat(60_000) });
    const long = hub.got(2).length;
    expect(long).toBeGreaterThan(0);
    expect(long).toBeLessThanOrEqual(10);
  });

  it('cannot take more topics, more waiting room or more places than there are', () => {
    const hub = new HubProbe({ maxClients: 2, lettersPerPeer: 3, charsPerSender: 2_000, burstMessages: 1e6 });
    hub.connect(1, 'a');
    hub.connect(2, 'b');
    hub.connect(3, 'c');
    expect(hub.closed.get(3)).toBe('server-full');
    hub.got(1);
    for (let n = 0; n < 66; n++) {
      hub.say(1, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(n), hello: '' }] } });
    }
    expect(hub.count('topics-per-client')).toBe(2);
    expect(hub.hub.stats().topics).toBe(64);
    hub.got(1);
    for (let i = 0; i < 5; i++) hub.say(1, { type: 'OFFER', dst: 'nobody', payload: i });
    expect(hub.got(1)).toEqual([
      { type: 'EXPIRE', src: 'nobody', dst: 'a' },
      { type: 'EXPIRE', src: 'nobody', dst: 'a' },
    ]);
    hub.say(1, { type: 'OFFER', dst: 'other', payload: 'x'.repeat(2_000) });
    expect(hub.got(1)).toEqual([{ type: 'EXPIRE', src: 'other', dst: 'a' }]);
    expect(hub.count('mailbox-full')).toBe(3);
  });

  it('never makes the hub throw or keep what is gone', () => {
    const conn = fc.integer({ min: 1, max: 4 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('connect' as const), conn, id: fc.constantFrom('a', 'b', 'c', '') }),
      fc.record({
        do: fc.constant('say' as const),
        conn,
        message: fc.record({
          type: fc.constantFrom('OFFER', 'LEAVE', 'EXPIRE', 'HEARTBEAT', 'WS-JOIN', 'WS-PART', 'X'),
          dst: fc.constantFrom('a', 'b', 'c', null, 7),
          payload: fc.oneof(
            fc.anything(),
            fc.constant({ topics: [{ topic: topic(1), hello: 'AA' }] }),
            fc.constant({ topics: [topic(1)] }),
          ),
        }),
      }),
      fc.record({ do: fc.constant('hangUp' as const), conn }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 60_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const hub = new HubProbe();
        const slots = new Map<number, number>();
        let connections = 0;
        for (const each of steps) {
          if (each.do === 'pass') {
            hub.pass(each.ms);
            continue;
          }
          const conn = each.do === 'connect' ? ++connections : (slots.get(each.conn) ?? 0);
          slots.set(each.conn, conn);
          if (each.do === 'connect') hub.connect(conn, each.id, 'token');
          else if (each.do === 'say') hub.sayText(conn, JSON.stringify(each.message) ?? '');
          else hub.hangUp(conn);
        }
        for (let conn = 1; conn <= connections; conn++) hub.hangUp(conn);
        hub.pass(HUB_LIMITS.expireMs);
        expect(hub.hub.stats()).toMatchObject({ clients: 0, topics: 0, waitingMessages: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
