/**
 * What the two ends of a link sign and compare before anything else is said ("Prove" in the protocol).
 *
 * The transcript names both nodes, both nonces and both DTLS certificate fingerprints as each stack saw them, always
 * the initiator's first, so both ends compute the same bytes exactly when nobody stands between them. The signed
 * statement adds the signer's part in the exchange, so that it cannot be reflected; the nonces keep it from being
 * replayed. All fields have fixed lengths; every label is followed by one zero byte ({@link statement}).
 */
import type { Bytes } from '../core/bytes.ts';
import { hmacSha256, sha256 } from '../core/hash.ts';
import { idBytes, type NodeId } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import { statement } from '../feed/entry.ts';

/** The side of the exchange: who opened the link, who answered. */
export type ProveRole = 'initiator' | 'responder';

/** Bytes of a nonce: a birthday bound far beyond the number of links anybody opens. */
export const PROVE_NONCE_BYTES = 32;
/** Bytes of a token that names a common space during the exchange. */
export const SPACE_TOKEN_BYTES = 32;
/** Bytes of the short name of a space for the rest of the session; unique among one pair's few common spaces. */
export const SPACE_ALIAS_BYTES = 8;

/** One end's contribution to the transcript. */
export interface ProveEnd {
  readonly node: NodeId;
  /** {@link PROVE_NONCE_BYTES} random bytes, fresh for this link. */
  readonly nonce: Uint8Array;
  /** SHA-256 of this end's DTLS certificate, 32 bytes. */
  readonly fingerprint: Uint8Array;
}

/** What both ends must agree on. */
export interface ProveTranscript {
  readonly initiator: ProveEnd;
  readonly responder: ProveEnd;
}

const ROLE_BYTE: Readonly<Record<ProveRole, number>> = { initiator: 0, responder: 1 };

/** The other side of the exchange. */
export function otherRole(role: ProveRole): ProveRole {
  return role === 'initiator' ? 'responder' : 'initiator';
}

/** Puts the transcript in its canonical order from one end's point of view. */
export function proveTranscript(role: ProveRole, self: ProveEnd, peer: ProveEnd): ProveTranscript {
  return role === 'initiator' ? { initiator: self, responder: peer } : { initiator: peer, responder: self };
}

function fields({ initiator, responder }: ProveTranscript): Uint8Array[] {
  for (const end of [initiator, responder]) {
    if (end.nonce.length !== PROVE_NONCE_BYTES || end.fingerprint.length !== 32) {
      throw new RangeError('expected a 32-byte nonce and a 32-byte fingerprint of each end');
    }
  }
  return [
    idBytes(initiator.node),
    idBytes(responder.node),
    initiator.nonce,
    responder.nonce,
    initiator.fingerprint,
    responder.fingerprint,
  ];
}

/** SHA-256 of the transcript under the label `waystation/transcript/1`, 32 bytes, the same at both ends. */
export function transcriptHash(transcript: ProveTranscript): Bytes {
  return sha256(statement('waystation/transcript/1', ...fields(transcript)));
}

/** The bytes that the end with part `role` signs with its node key (label `waystation/prove/1`). */
export function proveStatement(role: ProveRole, transcript: ProveTranscript): Bytes {
  return statement('waystation/prove/1', Uint8Array.of(ROLE_BYTE[role]), ...fields(transcript));
}

/** What has to hold for the proof of the end with part `role`; `signature` is 64 bytes from that end. */
export function proveVerification(
  role: ProveRole,
  transcript: ProveTranscript,
  signature: Uint8Array,
): Verification {
  return {
    publicKey: idBytes(transcript[role].node),
    message: proveStatement(role, transcript),
    signature,
  };
}

/**
 * The blinded name under which the end with part `role` says that it belongs to the space with this meet secret:
 * HMAC-SHA-256(meetSecret, `waystation/space/1` ‖ 0 ‖ role byte ‖ transcript hash), 32 bytes. Each end sends its own
 * and compares what came with the other role's, so a token cannot be echoed.
 */
export function spaceToken(meetSecret: Uint8Array, role: ProveRole, transcript: Uint8Array): Bytes {
  return hmacSha256(meetSecret, statement('waystation/space/1', Uint8Array.of(ROLE_BYTE[role]), transcript));
}

/** The space's short name in this session: first 8 bytes of HMAC(meetSecret, `waystation/alias/1` ‖ 0 ‖ transcript hash). */
export function spaceAlias(meetSecret: Uint8Array, transcript: Uint8Array): Bytes {
  return hmacSha256(meetSecret, statement('waystation/alias/1', transcript)).slice(0, SPACE_ALIAS_BYTES);
}
