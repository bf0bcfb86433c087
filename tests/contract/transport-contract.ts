/** What every link and every transport promises (src/mesh/port.ts). */
import { afterEach, describe, expect, it } from 'vitest';
import { BULK_HIGH_WATERMARK_BYTES, BULK_LOW_WATERMARK_BYTES } from '../../src/mesh/link-limits.ts';
import {
  type Link,
  MAX_LINK_MESSAGE_BYTES,
  type SignalPayload,
  type Transport,
} from '../../src/mesh/port.ts';
import { connectPair, LinkProbe, pattern, pump } from './transport-probe.ts';

/** Two ends of one link; the first is the initiator's. */
export interface LinkPair {
  readonly links: readonly [Link, Link];
  /** Closes what made them, the initiator's side first. */
  readonly close: readonly (() => void)[];
}

/** Runs the links' part of the contract on pairs made by `connect`; each test gets a fresh one. */
export function linkContract(name: string, connect: () => Promise<LinkPair>): void {
  describe(`link contract: ${name}`, () => {
    const closes: (() => void)[] = [];
    async function connected(): Promise<readonly [Link, Link]> {
      const { links, close } = await connect();
      closes.push(...close);
      return links;
    }
    async function pair(): Promise<[LinkProbe, LinkProbe]> {
      const [linkA, linkB] = await connected();
      return [new LinkProbe(linkA), new LinkProbe(linkB)];
    }
    afterEach(() => {
      for (const close of closes.splice(0)) close();
    });

    it('carries messages of 1 byte and of exactly 262,144 bytes both ways on both channels', async () => {
      const [a, b] = await pair();
      for (const channel of ['control', 'bulk'] as const) {
        for (const length of [1, MAX_LINK_MESSAGE_BYTES]) {
          for (const [from, to] of [
            [a, b],
            [b, a],
          ] as const) {
            const message = pattern(length, length + channel.length);
            from.link.send(channel, message);
            expect(Buffer.compare(await to.next(channel), message)).toBe(0);
          }
        }
      }
    });

    it('refuses empty and longer messages as the caller’s mistake', async () => {
      const [a] = await pair();
      expect(() => a.link.send('bulk', new Uint8Array(MAX_LINK_MESSAGE_BYTES + 1))).toThrow(RangeError);
      expect(() => a.link.send('control', new Uint8Array(0))).toThrow(RangeError);
    });

    it('keeps the order of a channel', async () => {
      const [a, b] = await pair();
      const sizes = [1, 70_000, 3, 200_000, 16, 1_200, 262_144, 2];
      for (const channel of ['control', 'bulk'] as const) {
        for (const [index, size] of sizes.entries()) a.link.send(channel, pattern(size, index));
        for (const [index, size] of sizes.entries()) {
          expect(Buffer.compare(await b.next(channel), pattern(size, index))).toBe(0);
        }
      }
    });

    it('keeps what arrives until the owner attaches', async () => {
      const [linkA, linkB] = await connected();
      const probeA = new LinkProbe(linkA);
      linkA.send('control', pattern(10, 1));
      linkA.send('control', pattern(11, 2));
      // A message the other way that arrives shows that the first two had time to.
      linkB.send('control', pattern(12, 3));
      await probeA.next('control');
      const probeB = new LinkProbe(linkB);
      expect((await probeB.next('control')).length).toBe(10);
      expect((await probeB.next('control')).length).toBe(11);
      expect(() => linkB.attach({ onMessage() {}, onDrain() {}, onClose() {} })).toThrow(TypeError);
    });

    it('gives credit up to the high watermark and says when the queue is low again', async () => {
      const [a, b] = await pair();
      expect(a.link.bulkCredit()).toBe(BULK_HIGH_WATERMARK_BYTES);
      const chunk = pattern(131_072, 9);
      const total = 12 * 1024 * 1024;
      let received = 0;
      const receiving = (async () => {
        while (received < total) received += (await b.next('bulk')).length;
      })();
      const waits = await pump(a, total, chunk);
      await receiving;
      expect(received).toBe(total);
      expect(waits).toBeGreaterThan(0);
      expect(a.drains).toBeGreaterThanOrEqual(waits);
      expect(a.link.bulkCredit()).toBeGreaterThan(BULK_HIGH_WATERMARK_BYTES - BULK_LOW_WATERMARK_BYTES);
    });

    it('shows both sides the same two certificates, mirrored', async () => {
      const [a, b] = await pair();
      expect(a.link.localFingerprint).toHaveLength(32);
      expect(a.link.localFingerprint).toEqual(b.link.remoteFingerprint);
      expect(a.link.remoteFingerprint).toEqual(b.link.localFingerprint);
      expect(a.link.localFingerprint).not.toEqual(a.link.remoteFingerprint);
      expect([a.link.initiator, b.link.initiator]).toEqual([true, false]);
    });

    it('tells the way it takes and what it has carried, and nothing once it is closed', async () => {
      const [a, b] = await pair();
      a.link.send('bulk', pattern(100_000, 1));
      await b.next('bulk');
      const [from, to] = await Promise.all([a.link.path(), b.link.path()]);
      expect([from?.kind, to?.kind]).toEqual(['local', 'local']);
      expect(from?.sentBytes).toBeGreaterThanOrEqual(100_000);
      expect(to?.receivedBytes).toBeGreaterThanOrEqual(100_000);
      a.link.close('done here');
      await b.closed;
      expect(await a.link.path()).toBeNull();
    });

    it('tells both sides once that a link closed, and swallows what is sent afterwards', async () => {
      const [a, b] = await pair();
      a.link.close('done here');
      expect(await a.closed).toBe('done here');
      expect(await b.closed).not.toBe('');
      a.link.close('again');
      a.link.send('control', pattern(5, 5));
      b.link.send('bulk', pattern(5, 5));
      expect([a.closings, b.closings]).toEqual([1, 1]);
      expect(a.link.bulkCredit()).toBeLessThanOrEqual(BULK_HIGH_WATERMARK_BYTES);
    });

    it('closes its links when what made them closes', async () => {
      const [a, b] = await pair();
      closes[0]?.();
      expect(await a.closed).not.toBe('');
      expect(await b.closed).not.toBe('');
    });
  });
}

/** Runs the whole contract on transports made by `make`; each test gets fresh ones. */
export function transportContract(name: string, make: () => Transport | Promise<Transport>): void {
  linkContract(name, async () => {
    const [a, b] = [await make(), await make()];
    return { links: await connectPair(a, b), close: [() => a.close(), () => b.close()] };
  });
  describe(`transport contract: ${name}`, () => {
    const transports: Transport[] = [];
    afterEach(() => {
      for (const transport of transports.splice(0)) transport.close();
    });

    it('says once that an attempt was aborted, and never opens it', async () => {
      const transport = await make();
      transports.push(transport);
      let fails = 0;
      const reason = await new Promise<string>((resolve) => {
        const connection = transport.connect(true, {
          onSignal: () => undefined,
          onOpen: () => resolve('opened'),
          onFail: (why) => {
            fails++;
            resolve(why);
          },
        });
        connection.abort('no longer wanted');
        connection.abort('twice');
      });
      expect([reason, fails]).toEqual(['no longer wanted', 1]);
    });

    it('fails an attempt whose peer sends nonsense instead of throwing', async () => {
      const transport = await make();
      transports.push(transport);
      const nonsense: SignalPayload[] = [
        { kind: 'description', type: 'offer', sdp: 'v=0\r\nnonsense' },
        { kind: 'description', type: 'answer', sdp: '' },
        { kind: 'description', type: 'offer', sdp: 'x'.repeat(100_000) },
      ];
      for (const payload of nonsense) {
        const failed = await new Promise<string>((resolve) => {
          const connection = transport.connect(false, {
            onSignal: () => undefined,
            onOpen: () => resolve('opened'),
            onFail: resolve,
          });
          connection.signal(payload);
          connection.signal({ kind: 'candidate', candidate: 'candidate:nonsense', mid: '0' });
        });
        expect(failed).not.toBe('opened');
      }
    });
  });
}
