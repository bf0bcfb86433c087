import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff, FIRST_RETRY_MS, LAST_RETRY_MS } from '../../../src/mesh/backoff.ts';
import { hostSocketUrl } from '../../../src/mesh/host-url.ts';
import { InOrder } from '../../../src/mesh/in-order.ts';
import { meetingDays, meetingTopic } from '../../../src/mesh/meeting-topic.ts';
import { CARRIER, type Signal, SignalSealer, signalKey } from '../../../src/mesh/sealed-signal.ts';
import { fingerprintOf, signalFault } from '../../../src/mesh/session-description.ts';
import { meeting, nodeAead, nodeId } from './mesh-world.ts';
import { seededRandom } from './virtual-clock.ts';

describe('backoff', () => {
  it('doubles from 100 ms to 30 s, ten percent more or less, and starts over when reset', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 20 }), (seed, steps) => {
        const backoff = new Backoff(seededRandom(seed));
        for (let i = 0; i < steps; i++) {
          const nominal = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** i);
          const wait = backoff.next();
          expect(wait).toBeGreaterThanOrEqual(nominal * 0.9 - 1e-6);
          expect(wait).toBeLessThanOrEqual(nominal * 1.1 + 1e-6);
        }
        backoff.reset();
        expect(backoff.next()).toBeLessThanOrEqual(FIRST_RETRY_MS * 1.1);
      }),
    );
  });
});

describe('in order', () => {
  it('finishes work in the order it came, however long each takes', async () => {
    const seen: string[] = [];
    const queue = new InOrder(10);
    let release: (text: string) => void = () => undefined;
    const first = new Promise<string>((resolve) => {
      release = resolve;
    });
    queue.run(
      () => first,
      (text) => seen.push(text),
      () => undefined,
    );
    queue.run(
      () => 'second',
      (text) => seen.push(text),
      () => undefined,
    );
    queue.run(
      () => Promise.reject(new Error('third')),
      () => undefined,
      (error) => seen.push((error as Error).message),
    );
    queue.run(
      () => 'fourth',
      (text) => seen.push(text),
      () => undefined,
    );
    const done = new Promise<void>((resolve) => {
      queue.run(
        () => undefined,
        () => resolve(),
        () => undefined,
      );
    });
    expect(seen).toEqual([]);
    release('first');
    await done;
    expect(seen).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('stays in one turn while work is synchronous, and refuses what exceeds its bound', () => {
    const seen: number[] = [];
    const queue = new InOrder(2);
    expect(
      queue.run(
        () => 1,
        (n) => seen.push(n),
        () => undefined,
      ),
    ).toBe(true);
    expect(seen).toEqual([1]);
    queue.run(
      () => new Promise(() => undefined),
      () => undefined,
      () => undefined,
    );
    expect(
      [1, 2, 3].map((n) =>
        queue.run(
          () => n,
          () => undefined,
          () => undefined,
        ),
      ),
    ).toEqual([true, true, false]);
  });
});

describe('topics', () => {
  const secret = meeting('valley').meetSecret;

  it('differ by space, host and day, and say nothing else', () => {
    const topics = [
      meetingTopic(secret, 'host', 20_000),
      meetingTopic(secret, 'host', 20_001),
      meetingTopic(secret, 'tsoh', 20_000),
      meetingTopic(secret, '', 20_000),
      meetingTopic(meeting('house').meetSecret, 'host', 20_000),
    ];
    expect(new Set(topics).size).toBe(5);
    for (const topic of topics) expect(topic).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('are one a day, and two within ten minutes of the host’s midnight', () => {
    const midnight = Date.UTC(2026, 6, 2);
    const day = midnight / 86_400_000;
    const daysAt = (ms: number) => meetingDays(ms, ms);
    expect(daysAt(midnight - 11 * 60_000)).toEqual([day - 1]);
    expect(daysAt(midnight - 9 * 60_000)).toEqual([day - 1, day]);
    expect(daysAt(midnight + 9 * 60_000)).toEqual([day - 1, day]);
    expect(daysAt(midnight + 11 * 60_000)).toEqual([day]);
  });

  it('are first those of the host’s day, then of ours', () => {
    const day = 20_000;
    const noon = (day + 0.5) * 86_400_000;
    expect(meetingDays(noon - 400 * 86_400_000, noon)).toEqual([day, day - 400]);
    expect(meetingDays(0, noon)).toEqual([day, -1, 0]);
    expect(meetingDays(noon, null)).toEqual([day, day - 1, day + 1]);
  });
});

describe('sealed signals', () => {
  const sealer = new SignalSealer(nodeAead, seededRandom(3));
  const key = signalKey(meeting('valley').meetSecret);
  const route = { src: 'aa', dst: 'bb', connectionId: 'cc' };
  const signals: fc.Arbitrary<Signal> = fc.oneof(
    fc.record({ kind: fc.constantFrom('offer', 'answer'), sdp: fc.string({ maxLength: 2_000 }) }),
    fc.record({ kind: fc.constant('candidate'), candidate: fc.string(), mid: fc.string({ maxLength: 20 }) }),
    fc.constant({ kind: 'dial-me' }),
    fc.record({ kind: fc.constant('refuse'), reason: fc.string() }),
  );

  it('come out as they went in', () => {
    fc.assert(
      fc.property(signals, (signal) => {
        const sealed = sealer.sealSignal(key, nodeId(3), signal, route) as string;
        const opened = sealer.openSignal(key, sealed, CARRIER[signal.kind], route);
        expect(opened).toEqual({ nodeId: nodeId(3), signal });
      }),
    );
  });

  it('open for nobody else, nowhere else and as nothing else', () => {
    const sealed = sealer.sealSignal(key, nodeId(3), { kind: 'offer', sdp: 'x' }, route) as string;
    const other = signalKey(meeting('house').meetSecret);
    const flipped = `${sealed.slice(0, 30)}${sealed[30] === 'A' ? 'B' : 'A'}${sealed.slice(31)}`;
    expect(() => sealer.openSignal(other, sealed, 'OFFER', route)).toThrow();
    expect(() => sealer.openSignal(key, flipped, 'OFFER', route)).toThrow();
    expect(() => sealer.openSignal(key, sealed.slice(0, 20), 'OFFER', route)).toThrow();
    expect(() => sealer.openSignal(key, sealed, 'ANSWER', route)).toThrow();
    for (const changed of [{ src: 'x' }, { dst: 'x' }, { connectionId: 'x' }]) {
      expect(() => sealer.openSignal(key, sealed, 'OFFER', { ...route, ...changed })).toThrow();
    }
  });
});

describe('what reaches the WebRTC stack', () => {
  const print = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':');
  const sdp = [
    'v=0',
    `a=fingerprint:sha-256 ${print}`,
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuv',
    '',
  ].join('\r\n');
  const offer = (text: string) => signalFault({ kind: 'description', type: 'offer', sdp: text });
  const candidate = (text: string) => signalFault({ kind: 'candidate', candidate: text, mid: '0' });

  it('is a description with one SHA-256 fingerprint and lawful credentials', () => {
    expect(offer(sdp)).toBeUndefined();
    expect([...fingerprintOf(sdp)]).toEqual(Array.from({ length: 32 }, (_, i) => i));
    expect(offer(`${sdp}a=fingerprint:sha-256 ${print.toLowerCase()}\r\n`)).toBeUndefined();
    expect(offer(`${sdp}a=fingerprint:sha-256 ${print.replace('00', 'FF')}\r\n`)).toContain('fingerprint');
    expect(offer(`${sdp}a=fingerprint:sha-1 ${print}\r\n`)).toContain('fingerprint');
    expect(offer(sdp.replace('abcd\r', 'a\u0000b\r'))).toContain('credentials');
    expect(offer(sdp.replace('sha-256', 'md5'))).toContain('fingerprint');
    expect(offer(sdp + 'a=x\r\n'.repeat(10_000))).toContain('too long');
  });

  it('is a candidate with a literal or mDNS address, never a name to look up', () => {
    expect(candidate('candidate:1 1 UDP 2114977791 192.168.1.2 49735 typ host')).toBeUndefined();
    expect(candidate('candidate:1 1 udp 1 fd00::2 4 typ host generation 0')).toBeUndefined();
    expect(
      candidate('candidate:1 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host'),
    ).toBeUndefined();
    expect(candidate('candidate:1 1 udp 1 evil.example.org 80 typ host')).toBe('not a candidate');
    expect(candidate('candidate:1 1 udp 1 1.2.3.4 80 typ host\r\na=evil')).toBe('not a candidate');
    expect(offer(`${sdp}a=candidate:1 1 udp 1 evil.example.org 80 typ host\r\n`)).toBe('not a candidate');
  });
});

describe('host addresses', () => {
  it('get the PeerServer path unless they name one, and nothing but WebSockets are taken', () => {
    expect(hostSocketUrl('ws://h:1')).toBe('ws://h:1/peerjs');
    expect(hostSocketUrl('wss://h/own/path?x=1#y')).toBe('wss://h/own/path');
    expect(hostSocketUrl('http://h')).toBeUndefined();
    expect(hostSocketUrl('h:9000')).toBeUndefined();
  });
});
