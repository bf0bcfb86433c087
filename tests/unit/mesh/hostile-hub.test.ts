/** A host may say anything: the mesh drops it with a counted reason, keeps going and never throws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../src/core/bytes.ts';
import { meetingDays, meetingTopic } from '../../../src/mesh/meeting-topic.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import type { TextSocketFactory, TextSocketHandlers } from '../../../src/mesh/port.ts';
import { SignalSealer, signalKey } from '../../../src/mesh/sealed-signal.ts';
import { MeshWorld, meeting, nodeAead, nodeId } from './mesh-world.ts';
import { seededRandom } from './virtual-clock.ts';

const valley = meeting('valley');
const HOST_ID = 'hostile';

/** A host whose words the test writes. */
class ScriptedHost implements TextSocketFactory {
  readonly connections: { readonly id: string; readonly handlers: TextSocketHandlers; closed: boolean }[] =
    [];
  readonly heard: { type: string; dst?: string; payload?: unknown }[] = [];

  open(url: string, handlers: TextSocketHandlers) {
    const connection = { id: new URL(url).searchParams.get('id') ?? '', handlers, closed: false };
    this.connections.push(connection);
    return {
      send: (text: string) => this.heard.push(JSON.parse(text)),
      close: () => {
        connection.closed = true;
      },
    };
  }

  get selfId(): string {
    return this.connections.at(-1)?.id ?? '';
  }

  say(message: unknown): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.connections.at(-1)?.handlers.onMessage(text);
  }
}

function setUp(open = true) {
  const world = new MeshWorld();
  const host = new ScriptedHost();
  const mesh = new Mesh({
    transport: world.network.transport(),
    sockets: host,
    clock: world.clock,
    random: seededRandom(99),
    crypto: nodeAead,
    nodeId: nodeId(5),
    hosts: ['ws://hostile.test:1'],
    onLink: () => undefined,
  });
  mesh.setSpaces([valley]);
  world.clock.advance(10);
  if (open) host.say({ type: 'OPEN', payload: { hostId: HOST_ID, timeMs: world.clock.nowMs() } });
  world.clock.advance(10);
  const topic = meetingTopic(valley.meetSecret, HOST_ID, meetingDays(world.clock.nowMs(), null)[0] ?? 0);
  const sealer = new SignalSealer(nodeAead, seededRandom(7));
  const key = signalKey(valley.meetSecret);
  return { world, host, mesh, topic, sealer, key };
}

describe('a hostile host', () => {
  it('survives garbage, wrong types and what is too long', () => {
    const { host, mesh, world, topic } = setUp();
    const before = host.connections.length;
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '{"type":"OFFER"}',
      '{"type":7}',
      '"OPEN"',
      '{'.repeat(5_000),
      'x'.repeat(300_000),
    ]) {
      host.sayText(text);
    }
    host.say({ type: 'OPEN', payload: { hostId: 'again' } });
    host.say({ type: 'OFFER', src: 'someone', payload: { sdp: 'not ours' } });
    host.say({ type: 'OFFER', src: 'someone', payload: { sealed: '!!', connectionId: 'x' } });
    host.say({ type: 'OFFER', src: 'someone', payload: { sealed: 'AAAA', connectionId: 'x' } });
    host.say({ type: 'WS-PRESENT', payload: { topic, peers: [{ id: 'p', hello: 'AAAA' }] } });
    host.say({ type: 'WS-ARRIVED', payload: { topic: 'z'.repeat(43), id: 'p', hello: '' } });
    host.say({ type: 'WS-LEFT', payload: { topic, id: 'never-there' } });
    host.say({ type: 'EXPIRE', src: 'nobody' });
    world.clock.advance(1_000);
    expect(mesh.counters()).toMatchObject({
      'hub-malformed': 8,
      'hub-too-long': 1,
      'hub-out-of-turn': 1,
      'foreign-signal': 2,
      unopenable: 2,
      'presence-unasked': 1,
    });
    expect(host.connections.length).toBe(before);
    expect(mesh.hosts()[0]?.state).toBe('open');
  });

  it('is left for a while when it floods', () => {
    const { host, mesh, world } = setUp();
    for (let i = 0; i < 10_000; i++) host.sayText('junk');
    expect(mesh.counters()['hub-flood']).toBeGreaterThan(0);
    expect(mesh.hosts()[0]).toMatchObject({ state: 'waiting', lastFailure: 'the host sends nonsense' });
    world.clock.advance(200);
    expect(host.connections).toHaveLength(2);
  });

  it('cannot make a hello of one connection or topic pass for another’s', () => {
    const { host, mesh, world, topic, sealer, key } = setUp();
    const hello = sealer.sealHello(key, nodeId(9), topic, 'true-connection') as string;
    host.say({ type: 'WS-ARRIVED', payload: { topic, id: 'other-connection', hello } });
    expect(mesh.counters()).toEqual({ unopenable: 1 });
    host.say({ type: 'WS-ARRIVED', payload: { topic, id: 'true-connection', hello } });
    world.clock.advance(10);
    expect(mesh.hosts()[0]?.peers).toBe(1);
    expect(mesh.counters()).toMatchObject({ dialled: 1 });
  });

  it('gets no second attempt out of repeating an offer, nor one under another name or sender', () => {
    const { host, mesh, world, sealer, key } = setUp();
    const route = { src: 'caller', dst: host.selfId, connectionId: 'c0ffee' };
    const offer = { kind: 'offer', sdp: '1' } as const;
    const sealed = sealer.sealSignal(key, nodeId(2), offer, route) as string;
    const message = { type: 'OFFER', src: 'caller', payload: { sealed, connectionId: 'c0ffee' } };
    host.say(message);
    host.say(message);
    world.clock.advance(10_000);
    expect(mesh.counters()['attempt-failed']).toBe(1);
    host.say(message);
    host.say({ ...message, src: 'thief' });
    host.say({ ...message, type: 'ANSWER' });
    host.say({ ...message, payload: { sealed, connectionId: 'c0ffe0' } });
    expect(mesh.counters()).toMatchObject({ answered: 1, replayed: 2, unopenable: 3 });
  });

  it('learns neither the space nor a node id from what it is told', () => {
    const { host } = setUp();
    const text = JSON.stringify(host.heard);
    expect(host.heard.map(({ type }) => type)).toEqual(['WS-JOIN']);
    expect(text).not.toContain(valley.space);
    expect(text).not.toContain(nodeId(5));
    expect(text).not.toContain(toBase64Url(valley.meetSecret));
    expect(host.selfId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is given up when it does not say OPEN, refuses, or falls silent, and tried again', () => {
    const silent = setUp(false);
    silent.world.clock.advance(10_000);
    expect(silent.mesh.hosts()[0]).toMatchObject({ lastFailure: 'the host did not answer' });
    silent.world.clock.advance(200);
    expect(silent.host.connections).toHaveLength(2);
    silent.host.say({ type: 'INVALID-KEY', payload: { msg: 'no such key' } });
    expect(silent.mesh.hosts()[0]?.lastFailure).toBe('the host refused: no such key');

    const dying = setUp();
    dying.world.clock.advance(16_000);
    expect(dying.mesh.hosts()[0]?.state).toBe('open');
    dying.world.clock.advance(5_000);
    expect(dying.mesh.hosts()[0]?.lastFailure).toBe('the host fell silent');
    expect(dying.host.heard.filter(({ type }) => type === 'HEARTBEAT').length).toBeGreaterThan(2);
  });

  it('that is a stock PeerServer, which never echoes, is not taken for dead', () => {
    const { host, mesh, world } = setUp(false);
    host.say({ type: 'OPEN' });
    world.clock.advance(600_000);
    expect(mesh.hosts()[0]).toMatchObject({ state: 'open', hostId: '' });
    expect(host.connections).toHaveLength(1);
  });

  it('cannot make a node dial what the other side should dial, or itself', () => {
    const { host, mesh, sealer, key } = setUp();
    const say = (from: number, kind: 'offer' | 'dial-me', connectionId: string) => {
      const signal = kind === 'offer' ? ({ kind, sdp: '1' } as const) : ({ kind } as const);
      const route = { src: 'caller', dst: host.selfId, connectionId };
      const sealed = sealer.sealSignal(key, nodeId(from), signal, route) as string;
      host.say({ type: 'OFFER', src: 'caller', payload: { sealed, connectionId } });
    };
    say(9, 'offer', 'a');
    say(5, 'offer', 'b');
    say(2, 'dial-me', 'c');
    say(5, 'dial-me', 'd');
    expect(mesh.counters()).toEqual({ 'wrong-side': 4 });
  });

  it('never makes it throw, whatever messages come in whatever order', () => {
    const id = fc.constantFrom('p1', 'p2', 'caller');
    const text = fc.oneof(fc.string(), fc.constantFrom('AAAA', 'x'.repeat(43)));
    const message = fc.record(
      {
        type: fc.constantFrom(
          'OPEN',
          'ERROR',
          'OFFER',
          'ANSWER',
          'CANDIDATE',
          'LEAVE',
          'EXPIRE',
          'HEARTBEAT',
          'WS-PRESENT',
          'WS-ARRIVED',
          'WS-LEFT',
          'ID-TAKEN',
        ),
        src: fc.oneof(id, fc.anything()),
        payload: fc.oneof(
          fc.anything(),
          fc.record({ sealed: text, connectionId: text }),
          fc.record({ topic: text, id, hello: text }),
          fc.record({ topic: text, peers: fc.array(fc.record({ id, hello: text })) }),
        ),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
        const { host, world } = setUp();
        for (const each of messages) {
          host.sayText(JSON.stringify(each) ?? '');
          world.clock.advance(50);
        }
      }),
      { numRuns: 60 },
    );
  });
});
