/**
 * The two certificates of a relay (X.509, RFC 5280): an authority that phones are asked to trust, and the one that the relay
 * shows them. ASN.1 by @peculiar/asn1-x509, keys and signatures (ECDSA P-256 with SHA-256) by node:crypto.
 *
 * Trusting the authority must be as harmless as it can be. Therefore it may sign certificates and nothing else, for
 * servers only, no further authorities (path length 0), and only for the relay's own name, `localhost` and private addresses (name
 * constraints). Names of other kinds (mail, URI) are shut out by permitting one that cannot exist.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { PRIVATE_NETWORKS } from './private-networks.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const ORGANISATION = '2.5.4.10';
/** RFC 2606: names under it never exist. */
const NOWHERE = 'invalid';
const SERIAL_BYTES = 16;
/** RFC 7093, method 1: the first 160 bits of SHA-256. */
const KEY_ID_BYTES = 20;
/**
 * An authority is good for as long as certificates can simply say (UTCTime ends with 2049), and from before this program was
 * written: it must not depend on the clock of a small computer that may have been wrong when the authority was made.
 */
export const AUTHORITY_FROM_MS = Date.UTC(2025, 0, 1);
const AUTHORITY_UNTIL_MS = Date.UTC(2049, 11, 31, 23, 59, 59);
const DAY_MS = 86_400_000;
/** How long a relay's own certificate is good: short, as it is renewed by itself and cannot be called back. */
export const LEAF_LIFE_MS = 90 * DAY_MS;
/** A phone whose clock is behind by less than this takes a fresh certificate. */
export const LEAF_BACKDATED_MS = 2 * DAY_MS;

/** A key with its certificate. */
export interface KeyedCertificate {
  readonly key: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
}

export interface AuthorityNames {
  /** The one DNS name (with all below it) that it may vouch for, such as `waystation.local`. */
  readonly name: string;
  /** What tells this relay's authority from another one's in a phone's list. */
  readonly shortId: string;
}

function der(value: unknown): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}

function extension(id: string, critical: boolean, value: unknown): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function nameOf(commonName: string): Name {
  const part = (type: string, text: string) =>
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: text }) }),
    ]);
  // Android's list shows the organisation first and the common name below it.
  return new Name([part(ORGANISATION, 'Waystation'), part(COMMON_NAME, commonName)]);
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(createPublicKey(key).export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

function keyIdOf(info: SubjectPublicKeyInfo): OctetString {
  const digest = createHash('sha256').update(Buffer.from(info.subjectPublicKey)).digest();
  return new OctetString(digest.subarray(0, KEY_ID_BYTES));
}

function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(SERIAL_BYTES));
  // Positive, and of full length.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

interface Signing {
  readonly subject: Name;
  readonly key: KeyObject;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extensions: readonly Extension[];
  readonly issuer: Name;
  readonly issuerKey: KeyObject;
}

function signed(wish: Signing): Buffer {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const info = publicKeyInfo(wish.key);
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: wish.issuer,
    validity: new Validity({ notBefore: new Date(wish.fromMs), notAfter: new Date(wish.untilMs) }),
    subject: wish.subject,
    subjectPublicKeyInfo: info,
    extensions: new Extensions([
      ...wish.extensions,
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdOf(info))),
      extension(
        id_ce_authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({
          keyIdentifier: new KeyIdentifier(keyIdOf(publicKeyInfo(wish.issuerKey))),
        }),
      ),
    ]),
  });
  const signature = sign('sha256', der(body), { key: wish.issuerKey, dsaEncoding: 'der' });
  return der(
    new Certificate({
      tbsCertificate: body,
      signatureAlgorithm: algorithm,
      signatureValue: new Uint8Array(signature).buffer,
    }),
  );
}

function freshKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function permitted(name: string): GeneralSubtrees {
  const bases = [
    { dNSName: name },
    { dNSName: 'localhost' },
    ...PRIVATE_NETWORKS.map((iPAddress) => ({ iPAddress })),
    { rfc822Name: NOWHERE },
    { uniformResourceIdentifier: NOWHERE },
  ];
  return new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base: new GeneralName(base) })));
}

/** A new authority for one name. */
export function makeAuthority({ name, shortId }: AuthorityNames): KeyedCertificate {
  return selfSigned(`${name} (relay ${shortId})`, [
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
    extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign)),
    extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_nameConstraints, true, new NameConstraints({ permittedSubtrees: permitted(name) })),
  ]);
}

/**
 * A certificate that only its own hash vouches for, as DTLS between devices uses them (RFC 8827 §6.5). It never expires in practice:
 * others have pinned it.
 */
export function makeSelfSigned(commonName: string): KeyedCertificate {
  return selfSigned(commonName, [
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
  ]);
}

/** Under a key of its own, for as long as authorities last. */
function selfSigned(commonName: string, extensions: readonly Extension[]): KeyedCertificate {
  const key = freshKey();
  const subject = nameOf(commonName);
  const certificate = signed({
    subject,
    key,
    fromMs: AUTHORITY_FROM_MS,
    untilMs: AUTHORITY_UNTIL_MS,
    issuer: subject,
    issuerKey: key,
    extensions,
  });
  return { key, certificate };
}

/** The DNS name that an authority vouches for; undefined when the certificate is not an authority of ours. */
export function authorityName(certificate: Uint8Array): string | undefined {
  const { extensions } = AsnConvert.parse(certificate, Certificate).tbsCertificate;
  const found = extensions?.find(({ extnID }) => extnID === id_ce_nameConstraints);
  if (found === undefined) return undefined;
  const { permittedSubtrees } = AsnConvert.parse(found.extnValue, NameConstraints);
  return permittedSubtrees?.find(({ base }) => base.dNSName !== undefined)?.base.dNSName;
}

/**
 * A server's certificate with a key of its own.
 * @param names DNS names and literal IP addresses that it is for; whether the authority may vouch for them is not checked here
 *   but by whoever is shown it.
 */
export function issueLeaf(
  authority: KeyedCertificate,
  names: readonly string[],
  nowMs: number,
): KeyedCertificate {
  const key = freshKey();
  const alternatives = names.map(
    (name) => new GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }),
  );
  const certificate = signed({
    // No host name, or some would take it for one more that the certificate is for.
    subject: nameOf('relay certificate'),
    key,
    fromMs: nowMs - LEAF_BACKDATED_MS,
    untilMs: nowMs + LEAF_LIFE_MS,
    issuer: AsnConvert.parse(authority.certificate, Certificate).tbsCertificate.subject,
    issuerKey: authority.key,
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
      extension(id_ce_subjectAltName, false, new SubjectAlternativeName(alternatives)),
    ],
  });
  return { key, certificate };
}

/** The certificate in PEM. */
export function certificatePem(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate)
    .toString('base64')
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${lines?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`;
}

/** The key in PEM, PKCS#8. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Reads what `keyPem` wrote. @throws Error when it is none. */
export function keyFromPem(pem: string): KeyObject {
  return createPrivateKey(pem);
}

/** SHA-256 of a certificate as phones show it: pairs of digits with colons. */
export function fingerprintOf(certificate: Uint8Array): string {
  const digits = createHash('sha256').update(certificate).digest('hex').toUpperCase();
  return digits.match(/../g)?.join(':') ?? '';
}
