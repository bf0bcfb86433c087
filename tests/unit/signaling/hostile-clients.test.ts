/** Impersonation, forgery, replay, topic scanning and hoarding of queues, at the hub itself: each refused, each counted. */
import { describe, expect, it } from 'vitest';
import { type HubEffect, type HubLimits, SignalingHub } from '../../../signaling/hub.ts';

const topic = (n: number) => `${'t'.repeat(40)}${String(n).padStart(3, '0')}`;
const sealedHello = (n: number) => `hello-${n}-`.padEnd(64, 'x');

class Bench {
  readonly hub: SignalingHub;
  nowMs = 0;
  readonly told = new Map<number, { type: string; payload?: unknown; src?: string }[]>();
  readonly closed = new Map<number, string>();

  constructor(limits: Partial<HubLimits> = {}) {
    this.hub = new SignalingHub({ hostId: 'host', limits });
  }

  connect(conn: number, id: string, token = 'own', origin?: string): void {
    const query = new URLSearchParams({ key: 'peerjs', id, token });
    this.#apply(this.hub.connected(conn, query, this.nowMs, origin));
  }

  say(conn: number, message: unknown): void {
    this.sayText(conn, JSON.stringify(message));
  }

  sayText(conn: number, text: string): void {
    this.#apply(this.hub.text(conn, text, this.nowMs));
  }

  join(conn: number, n: number, hello = ''): void {
    this.say(conn, { type: 'WS-JOIN', payload: { topics: [{ topic: topic(n), hello }] } });
  }

  tick(ms: number): void {
    this.nowMs += ms;
    this.#apply(this.hub.tick(this.nowMs));
  }

  count(reason: string): number {
    return this.hub.stats().counters[reason] ?? 0;
  }

  types(conn: number): string[] {
    return (this.told.get(conn) ?? []).map(({ type }) => type);
  }

  #apply(effects: readonly HubEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close') this.closed.set(effect.conn, effect.reason);
      else this.told.set(effect.conn, [...(this.told.get(effect.conn) ?? []), JSON.parse(effect.text)]);
    }
  }
}

describe('impersonation', () => {
  it('with another token gets nothing of the id: no messages, no queue, no place under a topic', () => {
    const bench = new Bench();
    bench.connect(1, 'victim');
    bench.join(1, 1, sealedHello(1));
    bench.connect(2, 'victim', 'guessed');
    bench.connect(3, 'friend');
    bench.say(2, { type: 'OFFER', dst: 'friend', payload: 'from the impostor' });
    bench.say(3, { type: 'OFFER', dst: 'victim', payload: 'for the victim' });
    expect(bench.types(2)).toEqual(['ID-TAKEN']);
    expect(bench.closed.get(2)).toBe('id-taken');
    expect(bench.types(1)).toEqual(['OPEN', 'WS-PRESENT', 'OFFER']);
    expect(bench.types(3)).toEqual(['OPEN']);
    expect(bench.count('id-taken')).toBe(1);
  });
});

describe('forged and replayed messages', () => {
  it('travel under their true sender, and are counted when they name another', () => {
    const bench = new Bench();
    for (const [conn, id] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'mallory'],
    ] as const)
      bench.connect(conn, id);
    const offer = { type: 'OFFER', dst: 'b', payload: { sealed: 'abc', connectionId: 'x' } };
    bench.say(1, offer);
    bench.say(3, { ...offer, src: 'a' });
    bench.say(3, { type: 'EXPIRE', src: 'a', dst: 'b' });
    expect(
      bench.told
        .get(2)
        ?.slice(1)
        .map(({ src }) => src),
    ).toEqual(['a', 'mallory', 'mallory']);
    expect(bench.count('forged-source')).toBe(2);
    // Naming oneself is no forgery.
    bench.say(1, { ...offer, src: 'a' });
    expect(bench.count('forged-source')).toBe(2);
  });

  it('say who sent them and what was sent, however the text is written', () => {
    const texts = [
      '{"type":"OFFER","dst":"b","payload":{"a":"}"}}',
      ' {"payload":{"a":"}"},\n"dst":"b","type":"OFFER" } \n',
      '{"src":"b","type":"OFFER","dst":"b","payload":{"a":"}"}}',
      '{"type":"OFFER","dst":"b","payload":{"a":"}"},"\\u0073rc":"b"}',
      '{"type":"OFFER","dst":"b","payload":{"a":"}"},"__proto__":{"src":"b"},"src":null}',
      '{"dst":"x","type":"OFFER","dst":"b","payload":1,"payload":{"a":"}"},"more":"x"}',
    ];
    const bench = new Bench();
    bench.connect(1, 'a');
    bench.connect(2, 'b');
    for (const text of texts) bench.sayText(1, text);
    const expected = { type: 'OFFER', src: 'a', dst: 'b', payload: { a: '}' } };
    expect(bench.told.get(2)?.slice(1)).toEqual(texts.map(() => expected));
  });

  it('a hello that somebody else shows is not shown again, and whoever copies goes on at its cost', () => {
    const bench = new Bench({ maxDropsPerConnection: 60 });
    bench.connect(1, 'a');
    bench.connect(2, 'mallory');
    bench.connect(3, 'c');
    bench.join(1, 1, sealedHello(1));
    for (let i = 0; i < 3; i++) bench.join(2, 1, sealedHello(1));
    expect(bench.count('copied-hello')).toBe(3);
    expect(bench.closed.get(2)).toContain('dropped');
    bench.join(3, 1, sealedHello(3));
    expect(bench.told.get(3)?.at(-1)?.payload).toEqual({
      topic: topic(1),
      peers: [{ id: 'a', hello: sealedHello(1) }],
    });
    // Its own it may show again, and elsewhere.
    bench.join(1, 1, sealedHello(1));
    bench.join(1, 2, sealedHello(1));
    expect(bench.count('copied-hello')).toBe(3);
  });
});

describe('topic scanning', () => {
  it('is slow, counted, and ends the connection; a node with 32 groups over two midnights is no scanner', () => {
    const bench = new Bench();
    bench.connect(1, 'node');
    for (let n = 0; n < 64; n++) bench.join(1, n);
    for (let day = 1; day <= 2; day++) {
      bench.tick(86_000);
      for (let n = 0; n < 32; n++) {
        bench.say(1, { type: 'WS-PART', payload: { topics: [topic(day * 100 - 100 + n)] } });
        bench.join(1, day * 100 + n);
      }
    }
    expect(bench.hub.stats().counters).toEqual({});
    const scan = new Bench({ burstMessages: 1e6 });
    scan.connect(1, 'scanner');
    let seen = 0;
    for (let n = 0; n < 1_000 && !scan.closed.has(1); n++) {
      scan.join(1, n);
      scan.say(1, { type: 'WS-PART', payload: { topics: [topic(n)] } });
      seen = n;
    }
    expect(scan.closed.get(1)).toContain('dropped');
    expect(seen).toBeLessThan(250);
    expect(scan.count('topic-scan')).toBe(50);
    expect(scan.hub.stats().topics).toBe(0);
  });
});

describe('queues for absent peers', () => {
  it('are not to be filled from one house, under however many ids', () => {
    const bench = new Bench({ charsPerOrigin: 10_000, lettersPerOrigin: 4, lettersPerPeer: 6 });
    for (let i = 0; i < 5; i++) bench.connect(i, `m${i}`, 'own', 'house of mallory');
    bench.connect(9, 'honest', 'own', 'elsewhere');
    for (let i = 0; i < 5; i++) bench.say(i, { type: 'OFFER', dst: 'absent', payload: 'x' });
    expect(bench.count('mailbox-full')).toBe(1);
    bench.say(9, { type: 'OFFER', dst: 'absent', payload: 'mark' });
    for (let i = 0; i < 5; i++)
      bench.say(i, { type: 'OFFER', dst: `other ${i}`, payload: 'x'.repeat(3_000) });
    expect(bench.count('mailbox-full')).toBe(3);
    bench.say(9, { type: 'OFFER', dst: 'other', payload: 'x'.repeat(3_000) });
    expect(bench.count('mailbox-full')).toBe(3);
    bench.connect(20, 'absent');
    expect(bench.types(20)).toEqual(['OPEN', 'OFFER', 'OFFER', 'OFFER', 'OFFER', 'OFFER']);
    bench.tick(10_000);
    expect(bench.hub.stats().waitingMessages).toBe(0);
    // All room is given back.
    for (let i = 0; i < 3; i++) bench.say(i, { type: 'OFFER', dst: 'later', payload: 'x'.repeat(3_000) });
    expect(bench.hub.stats().waitingMessages).toBe(3);
  });

  it('end one attempt as one: an offer and its candidates expire together, with one word to the sender', () => {
    const bench = new Bench();
    bench.connect(1, 'a');
    bench.say(1, { type: 'OFFER', dst: 'absent', payload: 1 });
    bench.tick(3_000);
    bench.say(1, { type: 'CANDIDATE', dst: 'absent', payload: 2 });
    bench.tick(2_000);
    expect(bench.types(1)).toEqual(['OPEN', 'EXPIRE']);
    expect(bench.count('expired')).toBe(2);
    expect(bench.hub.stats().waitingMessages).toBe(0);
  });
});
