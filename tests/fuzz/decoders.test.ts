/**
 * Every decoder that sees bytes from outside, fed with damaged and made-up input: it may refuse with an error of ours, and may do
 * nothing else. WAYSTATION_SEED and WAYSTATION_FUZZ_ROUNDS (per decoder, default 2,000) make other and longer runs.
 */
import { describe, expect, it } from 'vitest';
import { RunSet } from '../../src/blob/runs.ts';
import { type Bytes, toHex } from '../../src/core/bytes.ts';
import { decodeCbor, encodeCbor } from '../../src/core/cbor.ts';
import { isWaystationError } from '../../src/core/errors.ts';
import { beatPayload, decodeBeat } from '../../src/feed/beat.ts';
import { decodeEntry, decodeSign1, encodeHeader, encodePayload, encodeSign1 } from '../../src/feed/entry.ts';
import { decodeHour, encodeHour } from '../../src/hour/container.ts';
import { decodeSegment, encodeSegment } from '../../src/hour/segment.ts';
import type { HourContent } from '../../src/hour/types.ts';
import { BODY } from '../../src/identity/bodies.ts';
import { decodeChain, encodeChain } from '../../src/identity/grant-chain.ts';
import { encodeInvite, parseInvite } from '../../src/identity/invite.ts';
import { parseRecoveryWords, recoveryWords } from '../../src/identity/recovery.ts';
import { joinSegments, segmentRecords } from '../../src/pipeline/segment-records.ts';
import { decodeMessage } from '../../src/sync/messages.ts';
import { SeededRandom } from '../sim/random.ts';
import { bytesOf, TestSpace } from '../unit/identity/test-space.ts';
import { dataOf, EngineNode } from '../unit/sync/engine-node.ts';
import { World } from '../unit/sync/engine-world.ts';
import { mutate, mutateText } from './mutate.ts';

const SEED = Number(process.env['WAYSTATION_SEED'] ?? 1);
const ROUNDS = Number(process.env['WAYSTATION_FUZZ_ROUNDS'] ?? 2_000);

/** Runs `decode` on damaged inputs; anything thrown that is not ours fails with what to replay. */
function fuzz<T>(
  name: string,
  corpus: readonly T[],
  damage: (random: SeededRandom, one: T) => T,
  decode: (one: T) => unknown,
  show: (one: T) => string,
): { accepted: number; refused: number } {
  const random = new SeededRandom(SEED);
  for (const one of corpus) decode(one);
  let accepted = 0;
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let input = random.pick(corpus);
    for (let times = random.integer(1, 4); times > 0; times--) input = damage(random, input);
    try {
      decode(input);
      accepted++;
    } catch (error) {
      refused++;
      if (!isWaystationError(error))
        throw new Error(`${name}, seed ${SEED}, round ${round}: ${String(error)} for ${show(input)}`, {
          cause: error,
        });
    }
  }
  expect(accepted + refused).toBe(ROUNDS);
  return { accepted, refused };
}

function fuzzBytes(name: string, corpus: readonly Uint8Array[], decode: (bytes: Bytes) => unknown) {
  return fuzz(
    name,
    corpus.map((one) => Uint8Array.from(one)),
    (random, one) => (random.chance(0.02) ? random.bytes(random.integer(0, 200)) : mutate(random, one)),
    decode,
    toHex,
  );
}

/** A space with something of everything, and what two nodes said about it. */
function material() {
  const space = new TestSpace();
  const member = space.invite(space.admin, 'member', 'member');
  const invitation = space.grant(member, 'reader');
  const world = new World();
  const a = new EngineNode(world, space, space.admin);
  const b = new EngineNode(world, space, member, { entries: [space.genesis] });
  a.write([dataOf('hour', 20_000)]);
  a.beat();
  b.write([dataOf('other', 500)]);
  world.connect(a, b);
  world.advance(2_000);
  space.revokeFromNow(space.admin, member);
  return { space, member, invitation, messages: [...a.sent, ...b.sent].map((one) => one.bytes) };
}

const HOUR: HourContent = {
  station: '000102030405060708090a0b0c0d0e0f' as never,
  stationName: 'Fuzz',
  startMs: Date.UTC(2026, 0, 1, 12),
  lengthMs: 3_600_000,
  streams: ['a', 'b'].map((name, s) => ({
    descriptor: {
      name,
      columns: [
        { name: 'x', unit: 'm/s2', step: { numerator: 1, denominator: 100 } },
        { name: 'y', unit: '', step: null },
      ],
      askedRateHz: 10,
      tickNs: 1_000_000,
      driver: 'test',
      device: 'd',
      replay: false,
    },
    rows: {
      baseMs: Date.UTC(2026, 0, 1, 12),
      offsetsNs: Float64Array.from({ length: 50 }, (_, i) => i * 1e8 + s),
      columns: [
        Float64Array.from({ length: 50 }, (_, i) => i / 100),
        Float64Array.from({ length: 50 }, (_, i) => (i % 7 === 0 ? Number.NaN : Math.sin(i))),
      ],
    },
  })),
  gaps: [{ stream: 0, fromMs: 1, toMs: 2, cause: 'sensor', detail: 'x' }],
};

describe(`fuzzing (seed ${SEED}, ${ROUNDS} rounds)`, () => {
  const { space, invitation, messages, member } = material();

  it('decodeCbor', () => {
    const corpus = [
      encodeCbor([1, 'x', new Map([[1, [2, null, true]]]), new Uint8Array(9)]),
      ...messages.slice(0, 8),
    ];
    fuzzBytes('decodeCbor', corpus, (bytes) => {
      const value = decodeCbor(bytes, 1_000_000);
      expect(toHex(encodeCbor(value))).toBe(toHex(bytes));
    });
  });

  it('decodeEntry', () => {
    const corpus = space.entries.map((entry) => entry.bytes);
    const { refused } = fuzzBytes('decodeEntry', corpus, (bytes) => {
      const { header, body } = decodeEntry(bytes);
      const { payload, signature } = decodeSign1(bytes, 100_000);
      expect(toHex(encodeSign1(encodePayload(encodeHeader(header), body), signature))).toBe(toHex(bytes));
      expect(payload.length).toBeLessThan(bytes.length);
    });
    expect(refused).toBeGreaterThan(ROUNDS / 2);
  });

  it('bodies of membership entries', () => {
    const bodies = Object.values(BODY);
    fuzzBytes(
      'bodies',
      space.entries.map((entry) => entry.body),
      (bytes) => {
        // Of one kind at most it is the body; all others must refuse it.
        for (const body of bodies) {
          try {
            body.decode(bytes);
          } catch (error) {
            if (!isWaystationError(error)) throw error;
          }
        }
      },
    );
  });

  it('decodeMessage', () => {
    expect(new Set(messages.map((bytes) => decodeMessage(bytes).name)).size).toBeGreaterThan(9);
    fuzzBytes('decodeMessage', messages, (bytes) => decodeMessage(bytes));
  });

  it('decodeBeat', () => {
    const payload = beatPayload({
      space: space.id,
      author: member.node,
      timeMs: 5,
      heads: space.entries.map((entry) => ({
        author: member.node,
        feed: entry.header.feed,
        seq: 1,
        id: entry.id,
      })),
      extra: bytesOf('extra'),
    });
    fuzzBytes('decodeBeat', [encodeSign1(payload, new Uint8Array(64))], (bytes) => decodeBeat(bytes));
  });

  it('decodeChain', () => {
    const corpus = [encodeChain(invitation.chain), encodeChain(space.credential(member))];
    fuzzBytes('decodeChain', corpus, (bytes) => decodeChain(bytes));
  });

  it('parseInvite', () => {
    const link = encodeInvite('https://example.org/', {
      space: space.id,
      hosts: ['wss://example.org/', 'ws://192.0.2.1:7070'],
      meetSecret: bytesOf('meet'),
      seed: invitation.seed,
      chain: encodeChain(invitation.chain),
    });
    fuzz(
      'parseInvite',
      [link],
      mutateText,
      (text) => parseInvite(text),
      (text) => JSON.stringify(text),
    );
  });

  it('recovery words', () => {
    const words = recoveryWords(bytesOf('recovery'));
    fuzz(
      'parseRecoveryWords',
      [words],
      mutateText,
      (text) => parseRecoveryWords(text),
      (text) => JSON.stringify(text),
    );
  });

  it('decodeHour', () => {
    fuzzBytes('decodeHour', [encodeHour(HOUR)], (bytes) => decodeHour(bytes));
  });

  it('write-ahead segments', () => {
    const segment = encodeSegment({
      startMs: HOUR.startMs,
      lengthMs: HOUR.lengthMs,
      beginMs: HOUR.startMs,
      streams: HOUR.streams.map((stream) => stream.descriptor),
      rows: HOUR.streams.map(({ descriptor, rows }, stream) => ({
        stream,
        from: 0,
        descriptor,
        batch: rows,
      })),
      gaps: HOUR.gaps,
      pending: [],
      isComplete: false,
    });
    fuzzBytes('decodeSegment', [segment], (bytes) => decodeSegment(bytes));
    fuzzBytes('joinSegments', segmentRecords(segment, 100), (bytes) => joinSegments([bytes, bytes]));
  });

  it('RunSet.decode', () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const numbers = Array.from({ length: random.integer(0, 20) }, () =>
        random.pick<unknown>([
          random.integer(0, 5),
          random.integer(0, 2 ** 31),
          Number.MAX_SAFE_INTEGER,
          2 ** 52,
          -1,
          0.5,
          Number.NaN,
          null,
          '1',
          new Uint8Array(1),
        ]),
      );
      try {
        const set = RunSet.decode(numbers, 16);
        expect(set.encode()).toEqual(numbers);
      } catch (error) {
        expect(isWaystationError(error), `seed ${SEED}, round ${round}: ${String(error)}`).toBe(true);
      }
    }
  });
});
