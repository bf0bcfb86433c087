import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import {
  otherRole,
  type ProveEnd,
  type ProveTranscript,
  proveStatement,
  proveTranscript,
  proveVerification,
  spaceAlias,
  spaceToken,
  transcriptHash,
} from '../../../src/identity/prove.ts';
import { Actor, bytesOf, nodeCrypto, sign } from './test-space.ts';

const opener = new Actor('opener');
const answerer = new Actor('answerer');

function end(actor: Actor, fingerprint = `certificate of ${actor.name}`): ProveEnd {
  return { node: actor.node, nonce: bytesOf(`nonce ${actor.name}`), fingerprint: bytesOf(fingerprint) };
}

const transcript = proveTranscript('initiator', end(opener), end(answerer));

function fits(role: 'initiator' | 'responder', seen: ProveTranscript, signature: Uint8Array): boolean {
  return (nodeCrypto.verify([proveVerification(role, seen, signature)]) as boolean[])[0] === true;
}

describe('proof of a node', () => {
  it('is about the same transcript at both ends, and each end’s signature fits its own role', () => {
    const seen = proveTranscript('responder', end(answerer), end(opener));
    expect(transcriptHash(seen)).toEqual(transcriptHash(transcript));
    const signature = sign(opener.signSeed, proveStatement('initiator', transcript));
    expect(fits('initiator', seen, signature)).toBe(true);
    expect(fits('responder', seen, signature)).toBe(false);
  });

  it('cannot be reflected by an end that answers with what it got', () => {
    const self = proveTranscript('initiator', end(opener), { ...end(opener), nonce: bytesOf('other') });
    const signature = sign(opener.signSeed, proveStatement('initiator', self));
    expect(fits(otherRole('initiator'), self, signature)).toBe(false);
  });

  it('does not fit when anything in the transcript differs: somebody between has another certificate', () => {
    const signature = sign(opener.signSeed, proveStatement('initiator', transcript));
    const changes: ProveTranscript[] = [
      proveTranscript('initiator', end(opener, 'certificate of mallory'), end(answerer)),
      proveTranscript('initiator', end(opener), end(answerer, 'certificate of mallory')),
      proveTranscript('initiator', { ...end(opener), nonce: bytesOf('old') }, end(answerer)),
      proveTranscript('initiator', end(opener), { ...end(answerer), nonce: bytesOf('old') }),
      proveTranscript('initiator', end(opener), end(new Actor('mallory'))),
    ];
    for (const change of changes) expect(fits('initiator', change, signature)).toBe(false);
  });

  it('names a common space differently per role, transcript and secret', () => {
    const hash = transcriptHash(transcript);
    const other = transcriptHash(proveTranscript('responder', end(opener), end(answerer)));
    const secret = bytesOf('meet');
    const names = [
      spaceToken(secret, 'initiator', hash),
      spaceToken(secret, 'responder', hash),
      spaceToken(secret, 'initiator', other),
      spaceToken(bytesOf('another'), 'initiator', hash),
      spaceAlias(secret, hash),
    ].map(toHex);
    expect(new Set(names).size).toBe(names.length);
    expect(names.map((name) => name.length / 2)).toEqual([32, 32, 32, 32, 8]);
  });

  it('is not made of fields of other lengths', () => {
    const short = { ...end(opener), nonce: bytesOf('nonce', 31) };
    expect(() => transcriptHash(proveTranscript('initiator', short, end(answerer)))).toThrow(RangeError);
  });
});
