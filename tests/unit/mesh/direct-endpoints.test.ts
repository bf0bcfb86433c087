/** When relays are dialled directly: at once, one attempt each, after every loss, and not while they are linked otherwise. */
import { describe, expect, it } from 'vitest';
import { Counters } from '../../../src/core/counters.ts';
import type { NodeId, SpaceId } from '../../../src/core/ids.ts';
import { type DirectEndpoint, directEndpointText } from '../../../src/identity/direct-endpoint.ts';
import type { DialHandlers } from '../../../src/mesh/direct-dial.ts';
import { DIAL_TIMEOUT_MS, DirectEndpoints } from '../../../src/mesh/direct-endpoints.ts';
import { memoryPair } from '../../../src/mesh/memory.ts';
import type { Link } from '../../../src/mesh/port.ts';
import { VirtualClock } from './virtual-clock.ts';

const NODE = 'aa'.repeat(32) as NodeId;
const SPACE = 'bb'.repeat(32) as SpaceId;

function text(hash: number, address = '192.0.2.7', port = 4477): string {
  return directEndpointText({
    addresses: [{ address, port }],
    certificateHash: new Uint8Array(32).fill(hash),
  });
}

class World {
  readonly clock = new VirtualClock();
  readonly counters = new Counters();
  readonly dials: { endpoint: DirectEndpoint; handlers: DialHandlers; aborted: string[] }[] = [];
  readonly opened: { link: Link; host: string; spaces: readonly SpaceId[] }[] = [];
  hasRoom = true;
  isWanted = true;
  readonly endpoints: DirectEndpoints;

  constructor(ownCertificateHash?: Uint8Array) {
    this.endpoints = new DirectEndpoints({
      clock: this.clock,
      random: { bytes: (length) => new Uint8Array(length).fill(127) },
      counters: this.counters,
      ownCertificateHash,
      hasRoom: () => this.hasRoom,
      wants: () => this.isWanted,
      dial: (endpoint, handlers) => {
        const dial = { endpoint, handlers, aborted: [] as string[] };
        this.dials.push(dial);
        return {
          abort: (reason) => {
            dial.aborted.push(reason);
            handlers.onFail(reason);
          },
        };
      },
      onLink: (link, { host, spaces }) => this.opened.push({ link, host, spaces }),
    });
  }

  know(...texts: string[]): void {
    this.endpoints.set(texts.map((one) => ({ text: one, spaces: [SPACE] })));
  }

  open(index: number): Link {
    const [link] = memoryPair();
    this.dials[index]?.handlers.onOpen(link);
    return link;
  }
}

describe('relays that are dialled directly', () => {
  it('are dialled at once, each once, however often they are named', () => {
    const world = new World();
    world.know(text(1), text(2));
    world.know(text(1), text(2));
    expect(world.dials.map(({ endpoint }) => endpoint.certificateHash[0])).toEqual([1, 2]);
    expect(world.endpoints.halfOpen).toBe(2);
    world.open(0);
    expect(world.endpoints.halfOpen).toBe(1);
    expect(world.opened).toMatchObject([{ host: 'direct:192.0.2.7:4477', spaces: [SPACE] }]);
  });

  it('have all addresses that were named under one certificate, the newest eight', () => {
    const world = new World();
    world.know(...Array.from({ length: 10 }, (_, i) => text(1, `192.0.2.${i + 1}`)));
    expect(world.dials).toHaveLength(1);
    expect(world.dials[0]?.endpoint.addresses.map(({ address }) => address)).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10].map((n) => `192.0.2.${n}`),
    );
  });

  it('are dialled again after a failure, ever more rarely, and after a time without an answer', () => {
    const world = new World();
    world.know(text(1));
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      const startMs = world.clock.monotonicMs();
      world.dials.at(-1)?.handlers.onFail('no path');
      while (world.dials.length === i + 1) world.clock.advance(10);
      times.push(world.clock.monotonicMs() - startMs);
    }
    expect(times.map((ms) => Math.round(ms / 100))).toEqual([1, 2, 4, 8, 16, 32]);
    world.clock.advance(DIAL_TIMEOUT_MS);
    expect(world.dials.at(-1)?.aborted).toEqual(['not open in time']);
  });

  it('are dialled again when the link is lost, at once after a healthy one', () => {
    const world = new World();
    world.know(text(1));
    for (let i = 0; i < 5; i++) {
      world.dials.at(-1)?.handlers.onFail('no path');
      while (world.dials.length === i + 1) world.clock.advance(10);
    }
    const link = world.open(5);
    world.endpoints.onProven(link, NODE);
    world.clock.advance(20_000);
    expect(world.dials).toHaveLength(6);
    world.endpoints.onClosed(link);
    world.clock.advance(150);
    expect(world.dials).toHaveLength(7);
  });

  it('are dialled ever more rarely when they open and prove nothing', () => {
    const world = new World();
    world.know(text(1));
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      const link = world.open(i);
      // As long as a session waits for the proof, and a little.
      world.clock.advance(10_001);
      world.endpoints.onClosed(link);
      const startMs = world.clock.monotonicMs();
      while (world.dials.length === i + 1) world.clock.advance(10);
      waits.push(world.clock.monotonicMs() - startMs);
    }
    expect(waits.map((ms) => Math.round(ms / 100))).toEqual([1, 2, 4, 8]);
  });

  it('are left alone while the node behind them is linked otherwise', () => {
    const world = new World();
    world.know(text(1));
    const link = world.open(0);
    world.endpoints.onProven(link, NODE);
    world.isWanted = false;
    world.endpoints.onClosed(link);
    world.clock.advance(120_000);
    expect(world.dials).toHaveLength(1);
    world.isWanted = true;
    world.endpoints.review();
    expect(world.dials).toHaveLength(2);
  });

  it('wait for room', () => {
    const world = new World();
    world.hasRoom = false;
    world.know(text(1));
    expect(world.dials).toHaveLength(0);
    world.hasRoom = true;
    world.endpoints.review();
    expect(world.dials).toHaveLength(1);
  });

  it('are not this node itself, and not more than eight; nonsense is left out and counted', () => {
    const world = new World(new Uint8Array(32).fill(1));
    world.know(text(1), 'direct:nonsense', ...Array.from({ length: 10 }, (_, i) => text(i + 2)));
    expect(world.dials).toHaveLength(8);
    expect(world.counters.snapshot()).toMatchObject({ 'direct-malformed': 1, 'direct-over-limit': 2 });
  });

  it('are given up when nobody names them any more, and when the mesh closes', () => {
    const world = new World();
    world.know(text(1), text(2));
    world.know(text(2));
    expect(world.dials.map(({ aborted }) => aborted)).toEqual([['no longer known'], []]);
    world.endpoints.close();
    world.clock.advance(120_000);
    expect(world.dials.map(({ aborted }) => aborted)).toEqual([['no longer known'], ['closed']]);
  });

  it('are tried later when the stack has no connection to give', () => {
    const world = new World();
    const { dials } = world;
    let isFull = true;
    const endpoints = new DirectEndpoints({
      clock: world.clock,
      random: { bytes: (length) => new Uint8Array(length) },
      counters: world.counters,
      hasRoom: () => true,
      wants: () => true,
      dial: (endpoint, handlers) => {
        if (isFull) throw new TypeError('no more');
        dials.push({ endpoint, handlers, aborted: [] });
        return { abort: () => undefined };
      },
      onLink: () => undefined,
    });
    endpoints.set([{ text: text(1), spaces: [] }]);
    isFull = false;
    world.clock.advance(200);
    expect(dials).toHaveLength(1);
  });
});
