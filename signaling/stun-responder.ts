/**
 * A STUN server for the Binding usage (RFC 8489 §6, §12) as a pure state machine: a datagram and its source in, at most one
 * datagram to that source out. It answers “under which address do you see me?” and nothing else: no TURN, no authentication.
 *
 * Amplification. Whoever forges a source has our answer sent there, which UDP cannot prevent; so an answer is not worth it:
 * - It carries what the RFC needs: XOR-MAPPED-ADDRESS, and FINGERPRINT for a request that has one; for an error ERROR-CODE and
 *   UNKNOWN-ATTRIBUTES. SOFTWARE, FINGERPRINT otherwise, and an error's reason come only as far as the answer is then no longer than the
 *   request. So answer ÷ request is at most {@link MAX_AMPLIFICATION}: 32 ÷ 20 bytes over IPv4, 44 ÷ 20 over IPv6, 36 ÷ 24 for an
 *   error; with the headers of IP and UDP (28, 48 bytes) 1.25 and 1.36. A common client's request (28 bytes and more) gets less.
 * - What goes to one house, one neighbourhood and to all is bounded ({@link STUN_LIMITS}), whatever comes.
 * - Responses and indications are never answered, so two servers cannot be set on each other.
 *
 * Everything that is not answered is counted under a fixed reason.
 */
import { Counters } from '../src/core/counters.ts';
import { houseBytes, neighbourhoodBytes } from './ip-address.ts';
import { type RateLimit, RateSlots } from './rate-slots.ts';
import {
  BINDING_METHOD,
  decodeStun,
  encodeStun,
  errorCode,
  looksLikeStun,
  STUN_ATTRIBUTE,
  type StunAttribute,
  type StunEndpoint,
  type StunMessage,
  stunLength,
  unknownAttributes,
  xorMappedAddress,
} from './stun-message.ts';

/** Bytes out ÷ bytes in, UDP payloads, at most: 44 ÷ 20, a bare request over IPv6. */
export const MAX_AMPLIFICATION = 2.2;

/** A request that crosses any IPv6 network in one piece (RFC 8489 §6.1); real ones are under 200 bytes. */
export const MAX_STUN_REQUEST_BYTES = 1_232;

/** Answers cost by their length, so that limits are bounds in bytes. */
export const BYTES_PER_TOKEN = 64;

export interface StunLimits {
  /** Per IPv4 address or IPv6 /64. */
  readonly house: RateLimit;
  /** Per IPv4 /24 or IPv6 /48. */
  readonly neighbourhood: RateLimit;
  /** To everybody together. */
  readonly total: RateLimit;
}

/** In tokens of {@link BYTES_PER_TOKEN}. */
export const STUN_LIMITS: StunLimits = {
  // Dozens of devices that look for a way at once, each from some sockets; then 2 KiB a second: nothing to flood a line with.
  house: { burst: 256, perSecond: 32 },
  // A village behind one provider's translators; 8 KiB a second.
  neighbourhood: { burst: 1_024, perSecond: 128 },
  // Half a megabyte a second: a home's uplink keeps room for what it is there for.
  total: { burst: 16_384, perSecond: 8_192 },
};

/** 2^16 houses and 2^14 neighbourhoods, 1.25 MiB: a flood from as many forged sources still leaves most real ones a bucket. */
const HOUSE_SLOT_BITS = 16;
const NEIGHBOURHOOD_SLOT_BITS = 14;

const REASON_420 = 'Unknown Attribute';

/** Attributes of RFC 8489 that a request may carry without our needing them: known but unexpected, so ignored (§6.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set(Object.values(STUN_ATTRIBUTE));
/** First attribute that may be ignored unknown (§14). */
const OPTIONAL_FROM = 0x8000;

export interface StunStats {
  readonly requests: number;
  readonly answers: number;
  /** Of the answers, those that were errors. */
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** What was not answered, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface StunResponderOptions {
  /** Said in SOFTWARE where there is room; ASCII, at most 64 characters. */
  readonly software?: string;
  readonly limits?: Partial<StunLimits>;
  /** 32 random bits: which sources share a bucket nobody can know. */
  readonly salt: number;
}

export class StunResponder {
  readonly #software: StunAttribute;
  readonly #houses: RateSlots;
  readonly #neighbourhoods: RateSlots;
  readonly #total: RateSlots;
  readonly #dropped = new Counters();
  #requests = 0;
  #answers = 0;
  #errors = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(options: StunResponderOptions) {
    const limits = { ...STUN_LIMITS, ...options.limits };
    const name = (options.software ?? 'waystation').slice(0, 64);
    const value = Uint8Array.from(name, (one) => one.charCodeAt(0) & 0x7f);
    this.#software = { type: STUN_ATTRIBUTE.software, value };
    this.#houses = new RateSlots(limits.house, options.salt, HOUSE_SLOT_BITS);
    this.#neighbourhoods = new RateSlots(limits.neighbourhood, ~options.salt, NEIGHBOURHOOD_SLOT_BITS);
    this.#total = new RateSlots(limits.total, 0, 0);
  }

  /** What to send back to `source`, if anything. @param nowMs monotonic. */
  answer(datagram: Uint8Array, source: StunEndpoint, nowMs: number): Uint8Array | undefined {
    this.#bytesIn += datagram.length;
    if (!looksLikeStun(datagram)) return this.#drop('not-stun');
    if (datagram.length > MAX_STUN_REQUEST_BYTES) return this.#drop('too-long');
    if (source.port === 0) return this.#drop('no-port');
    const request = decodeStun(datagram);
    if (typeof request === 'string') return this.#drop(request);
    if (request.messageClass !== 'request') return this.#drop('not-a-request');
    if (request.method !== BINDING_METHOD) return this.#drop('unknown-method');
    this.#requests++;
    const unknown = unknownTypes(request);
    const answer = encodeStun(
      unknown.length === 0
        ? this.#success(request, source, datagram.length)
        : this.#refusal(request, unknown, datagram.length),
    );
    const refusal = this.#spend(source, Math.ceil(answer.length / BYTES_PER_TOKEN), nowMs);
    if (refusal !== undefined) return this.#drop(refusal);
    this.#answers++;
    if (unknown.length > 0) this.#errors++;
    this.#bytesOut += answer.length;
    return answer;
  }

  stats(): StunStats {
    return {
      requests: this.#requests,
      answers: this.#answers,
      errors: this.#errors,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      dropped: this.#dropped.snapshot(),
    };
  }

  #drop(reason: string): undefined {
    this.#dropped.count(reason);
    return undefined;
  }

  /** The nearest bound first, so that one flooder does not use up what is everybody's. */
  #spend({ address }: StunEndpoint, cost: number, nowMs: number): string | undefined {
    const house = this.#houses.slotOf(address, houseBytes(address));
    if (!this.#houses.take(house, cost, nowMs)) return 'rate-address';
    const neighbourhood = this.#neighbourhoods.slotOf(address, neighbourhoodBytes(address));
    if (!this.#neighbourhoods.take(neighbourhood, cost, nowMs)) return 'rate-network';
    return this.#total.take(0, cost, nowMs) ? undefined : 'rate-total';
  }

  #success(request: StunMessage, source: StunEndpoint, maxBytes: number): StunMessage {
    const mapped = xorMappedAddress(source, request.transaction);
    return this.#fitted(request, 'success', [mapped], maxBytes);
  }

  #refusal(request: StunMessage, unknown: readonly number[], maxBytes: number): StunMessage {
    const list = unknownAttributes(unknown);
    const worded = [errorCode(420, REASON_420), list];
    const fits = lengthWith(worded, request.hasFingerprint) <= maxBytes;
    return this.#fitted(request, 'error', fits ? worded : [errorCode(420, ''), list], maxBytes);
  }

  /** With SOFTWARE and FINGERPRINT as far as they fit. */
  #fitted(
    { method, transaction, hasFingerprint }: StunMessage,
    messageClass: 'success' | 'error',
    needed: readonly StunAttribute[],
    maxBytes: number,
  ): StunMessage {
    const marked = hasFingerprint || lengthWith(needed, true) <= maxBytes;
    const named = [this.#software, ...needed];
    const attributes = lengthWith(named, marked) <= maxBytes ? named : needed;
    return { messageClass, method, transaction, attributes, hasFingerprint: marked };
  }
}

function lengthWith(attributes: readonly StunAttribute[], hasFingerprint: boolean): number {
  return stunLength(
    attributes.map(({ value }) => value.length),
    hasFingerprint,
  );
}

/** Attributes that we would have to understand and do not, each once. What follows an integrity attribute is to be ignored (§14.5, §14.6). */
function unknownTypes(request: StunMessage): number[] {
  const unknown = new Set<number>();
  for (const { type } of request.attributes) {
    if (type === STUN_ATTRIBUTE.messageIntegrity || type === STUN_ATTRIBUTE.messageIntegritySha256) break;
    if (type < OPTIONAL_FROM && !UNDERSTOOD.has(type)) unknown.add(type);
  }
  return [...unknown];
}
