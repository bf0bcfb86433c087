/** What one hub takes from its clients. Every limit with its reason; what is over is dropped and counted. */
import type { RateLimit } from './rate-slots.ts';

export interface HubLimits {
  /** Clients at once; a village, and 20 MB of memory. */
  readonly maxClients: number;
  /** A node that arrives among 64 peers sends an offer and about eight candidates to each. */
  readonly burstMessages: number;
  /** Long-run rate per connection; a quiet client sends one heartbeat in 5 s. */
  readonly messagesPerSecond: number;
  /** All clients of this hub, which are those of one key, together: one key's flood leaves the machine to the others. */
  readonly allMessages: RateLimit;
  /** New topics per connection: 32 spaces with two days each, and their next day, three times over; then one in two seconds. */
  readonly newTopics: RateLimit;
  /** A client that keeps flooding is cut off after this many drops. */
  readonly maxDropsPerConnection: number;
  /** Silence after which a client is gone, as PeerServer's `alive_timeout`; background tabs beat once a minute. */
  readonly aliveMs: number;
  /** See `Mailbox`, as the following. */
  readonly expireMs: number;
  readonly lettersPerPeer: number;
  readonly lettersPerOrigin: number;
  readonly charsPerSender: number;
  readonly charsPerOrigin: number;
  readonly mailboxChars: number;
}

export const HUB_LIMITS: HubLimits = {
  maxClients: 4096,
  burstMessages: 640,
  messagesPerSecond: 50,
  allMessages: { burst: 65_536, perSecond: 8_192 },
  newTopics: { burst: 192, perSecond: 0.5 },
  maxDropsPerConnection: 1000,
  aliveMs: 90_000,
  expireMs: 5_000,
  lettersPerPeer: 64,
  lettersPerOrigin: 32,
  charsPerSender: 512 * 1024,
  charsPerOrigin: 2 * 1024 * 1024,
  mailboxChars: 8 * 1024 * 1024,
};

/** Reading a message costs by its length; most have less than this. */
export const CHARS_PER_TOKEN = 4_096;
/** What no version of the protocol ever said, and what only a scanner does, counts as this many drops. */
export const HOSTILE_DROPS = 20;
