/**
 * The bytes that other implementations must make too: tests/vectors/{identity-keys,identity-prove,entry,invite}.json. With
 * UPDATE_VECTORS=1 the files are written instead of compared, which is a change of format.
 */
import { createDecipheriv } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, toUtf8 } from '../../../src/core/bytes.ts';
import { idBytes, nodeIdText, parseNodeId } from '../../../src/core/ids.ts';
import type { SealedBox } from '../../../src/core/ports.ts';
import { decodeEntry, type Entry, encodeHeader, statement } from '../../../src/feed/entry.ts';
import { epochCommitment, recorderKey } from '../../../src/identity/epochs.ts';
import { decodeChain, encodeChain, redemptionStatement } from '../../../src/identity/grant-chain.ts';
import { encodeInvite, parseInvite } from '../../../src/identity/invite.ts';
import { seedKeys } from '../../../src/identity/invite-keys.ts';
import {
  proveStatement,
  proveTranscript,
  spaceAlias,
  spaceToken,
  transcriptHash,
} from '../../../src/identity/prove.ts';
import { parseRecoveryWords, recoveryWords } from '../../../src/identity/recovery.ts';
import { Actor, bytesOf, nodeCrypto, sign, TestSpace } from './test-space.ts';

const { UPDATE_VECTORS } = process.env;
const ORDINAL = Uint8Array.from({ length: 32 }, (_, i) => i);

function pathOf(name: string): URL {
  return new URL(`../../vectors/${name}.json`, import.meta.url);
}

function matches(name: string, made: unknown): void {
  const text = `${JSON.stringify(made, null, 2)}\n`;
  if (UPDATE_VECTORS === '1') writeFileSync(pathOf(name), text);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(pathOf(name), 'utf8')));
}

function hexed(object: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(object).map(([name, bytes]) => [name, toHex(bytes)]));
}

/** RFC 9180 base mode by hand, step by step: KEM 0x0020, KDF 0x0001, AEAD 0x0002. */
function openByTheBook(privateKey: Uint8Array, info: Uint8Array, box: SealedBox): string {
  const kem = concatBytes(toUtf8('KEM'), Uint8Array.of(0, 0x20));
  const suite = concatBytes(toUtf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 2));
  const none = new Uint8Array(0);
  const labeledExtract = (id: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) =>
    extract(sha256, concatBytes(toUtf8('HPKE-v1'), id, toUtf8(label), ikm), salt);
  const labeledExpand = (
    id: Uint8Array,
    prk: Uint8Array,
    label: string,
    context: Uint8Array,
    length: number,
  ) =>
    expand(
      sha256,
      prk,
      concatBytes(Uint8Array.of(0, length), toUtf8('HPKE-v1'), id, toUtf8(label), context),
      length,
    );
  const dh = x25519.getSharedSecret(privateKey, box.enc);
  const kemContext = concatBytes(box.enc, x25519.getPublicKey(privateKey));
  const shared = labeledExpand(
    kem,
    labeledExtract(kem, none, 'eae_prk', dh),
    'shared_secret',
    kemContext,
    32,
  );
  const pskIdHash = labeledExtract(suite, none, 'psk_id_hash', none);
  const infoHash = labeledExtract(suite, none, 'info_hash', info);
  const context = concatBytes(Uint8Array.of(0), pskIdHash, infoHash);
  const secret = labeledExtract(suite, shared, 'secret', none);
  const key = labeledExpand(suite, secret, 'key', context, 32);
  const nonce = labeledExpand(suite, secret, 'base_nonce', context, 12);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(box.ciphertext.subarray(-16));
  return toHex(concatBytes(decipher.update(box.ciphertext.subarray(0, -16)), decipher.final()));
}

async function hpkeVector() {
  const { sealPrivate, sealKey } = seedKeys(ORDINAL, 'invite');
  const space = new TestSpace();
  const info = statement('waystation/epoch/1', idBytes(space.id));
  const plaintext = toUtf8('what is sealed');
  const { enc, ciphertext } = await nodeCrypto.hpkeSeal(sealKey, info, plaintext);
  return hexed({ privateKey: sealPrivate, publicKey: sealKey, info, enc, ciphertext, plaintext });
}

describe('vectors', () => {
  it('of keys: seeds, words, labels, a box', async () => {
    const old =
      UPDATE_VECTORS === '1' ? undefined : JSON.parse(readFileSync(pathOf('identity-keys'), 'utf8'));
    const space = new TestSpace();
    const grant = space.grant(space.admin, 'recorder').grant.id;
    const node = parseNodeId(toHex(ed25519.getPublicKey(ORDINAL)));
    matches('identity-keys', {
      about:
        'Keys derived from the seed 00 01 … 1f; labels are followed by one zero byte; HKDF-SHA-256 with an empty salt.',
      seed: toHex(ORDINAL),
      node: { publicKey: node, text: nodeIdText(node) },
      invite: hexed({ ...seedKeys(ORDINAL, 'invite') }),
      recovery: { words: recoveryWords(ORDINAL), ...hexed({ ...seedKeys(ORDINAL, 'recovery') }) },
      epoch: { key: toHex(ORDINAL), commitment: toHex(epochCommitment(ORDINAL)) },
      recorder: { space: space.id, grant, key: toHex(recorderKey(ORDINAL, space.id, grant)) },
      // Sealing is random: the box of the file is kept, and opened below and by every adapter.
      hpke: old?.hpke ?? (await hpkeVector()),
    });
    expect(toHex(parseRecoveryWords(recoveryWords(ORDINAL)))).toBe(toHex(ORDINAL));
  });

  it('of a box open by RFC 9180 to the letter', () => {
    const { hpke } = JSON.parse(readFileSync(pathOf('identity-keys'), 'utf8'));
    const box = { enc: fromHex(hpke.enc), ciphertext: fromHex(hpke.ciphertext) };
    expect(openByTheBook(fromHex(hpke.privateKey), fromHex(hpke.info), box)).toBe(hpke.plaintext);
  });

  it('of the proof: transcript, statements, tokens', () => {
    const ends = ['initiator', 'responder'].map((name) => ({
      name,
      actor: new Actor(name),
      nonce: bytesOf(`${name} nonce`),
      fingerprint: bytesOf(`${name} fingerprint`),
    }));
    const [initiator, responder] = ends.map(({ actor, nonce, fingerprint }) => ({
      node: actor.node,
      nonce,
      fingerprint,
    }));
    if (initiator === undefined || responder === undefined) throw new Error('expected two ends');
    const transcript = proveTranscript('initiator', initiator, responder);
    const hash = transcriptHash(transcript);
    const meetSecret = bytesOf('meet');
    matches('identity-prove', {
      about:
        'What both ends of a link sign, and how common spaces are named. Nodes, nonces and fingerprints are given, the rest follows.',
      ends: ends.map(({ name, actor, nonce, fingerprint }) => {
        const role = name as 'initiator' | 'responder';
        const signed = proveStatement(role, transcript);
        return {
          role,
          ...hexed({ seed: actor.signSeed, node: idBytes(actor.node), nonce, fingerprint }),
          ...hexed({
            statement: signed,
            signature: sign(actor.signSeed, signed),
            token: spaceToken(meetSecret, role, hash),
          }),
        };
      }),
      ...hexed({ meetSecret, transcriptHash: hash, alias: spaceAlias(meetSecret, hash) }),
    });
  });

  it('of entries: exact bytes and ids of every membership kind', () => {
    const space = new TestSpace();
    const member = space.invite(space.admin, 'member', 'member');
    space.revokeFromNow(space.admin, member);
    space.succeed(space.admin, new Actor('heir'));
    const row = (entry: Entry) => ({
      id: entry.id,
      author: entry.header.author,
      kind: entry.header.kind,
      header: toHex(encodeHeader(entry.header)),
      body: toHex(entry.body),
      bytes: toHex(entry.bytes),
    });
    matches('entry', {
      about:
        'Signed entries of one space: genesis, grant, admit, revoke, succeed. Header and body are the two parts of the COSE payload.',
      seeds: { admin: toHex(space.admin.signSeed) },
      space: space.id,
      entries: space.entries.map(row),
    });
    for (const { bytes, id } of space.entries) expect(decodeEntry(bytes).id).toBe(id);
  });

  it('of an invite: its link, and the credential that redeeming it makes', () => {
    const space = new TestSpace();
    const invitation = space.grant(space.admin, 'member');
    const joiner = new Actor('joiner');
    const { signature } = space.redeem(invitation, joiner);
    space.admit(space.admin, invitation, joiner);
    const { seed } = invitation;
    const hosts = ['wss://station.example/mesh'];
    const meetSecret = bytesOf('meet');
    const chain = encodeChain(invitation.chain);
    const link = encodeInvite('https://station.example/', {
      space: space.id,
      hosts,
      meetSecret,
      seed,
      chain,
    });
    matches('invite', {
      about: 'An invite link with its parts, and what the joiner signs with the invite key.',
      link,
      hosts,
      space: space.id,
      grant: invitation.grant.id,
      ...hexed({ meetSecret, seed, chain }),
      joiner: hexed({
        node: idBytes(joiner.node),
        sealKey: joiner.sealKey,
        statement: redemptionStatement(space.id, invitation.grant.id, joiner.node, joiner.sealKey),
        signature,
        credential: encodeChain(space.credential(joiner)),
      }),
    });
    expect(parseInvite(link).space).toBe(space.id);
    expect(decodeChain(chain).last?.id).toBe(invitation.grant.id);
  });
});
