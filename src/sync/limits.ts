/** Every bound of the sync session, with its reason. Bytes are bytes, times are milliseconds. */
import { CHUNK_LEAVES, LEAF_BYTES } from '../blob/merkle.ts';

/** The largest message both WebRTC stacks carry (measured; see src/mesh/port.ts). */
export const MAX_MESSAGE_BYTES = 262_144;
/** Before a peer has proved who it is, a handshake of under 3 KiB is all it needs to say. */
export const MAX_BYTES_BEFORE_PROOF = 65_536;
/** A phone on a bad link proves itself in two round trips; ten seconds is several times that. */
export const PROOF_TIMEOUT_MS = 10_000;
/** Spaces one node may be in at once, and be met in: two topics each, around midnight, are what a host allows a connection. */
export const MAX_SPACES = 32;
/** Spaces that a peer may name in its proof: each costs one HMAC per link. Other programs may be in more than this one. */
export const MAX_SPACE_TOKENS = 64;
/** Feeds and epochs that each side of a link gives numbers, per space: what a large mesh writes in a day, in under 1 MiB of memory. */
export const MAX_NAMES = 4_096;
/** Names in one message: 26 KiB. */
export const MAX_NAMES_PER_MESSAGE = 512;
/** Ranges or heads in one message: 64 KiB of them at most. */
export const MAX_RANGES = 256;
export const MAX_HEADS_PER_MESSAGE = 512;
/** Feeds per author: a handful per node, more after forks. Past this an author is filling memories. */
export const MAX_FEEDS_PER_AUTHOR = 64;
/** Heads of one peer that we remember without holding their entries. */
export const MAX_PENDING_HEADS = 65_536;
/** Of these in one feed: twice its branches. Newer heads lead to older ones. */
export const MAX_PENDING_PER_FEED = 16;
/** Entries asked for in one request; served in messages of {@link ENTRY_BATCH_BYTES}. */
export const MAX_ENTRIES_PER_WANT = 1_024;
/**
 * An answer ends after this much, to be asked for again from there: answers go over the control channel, whose queue the server
 * cannot see, so the one who asks bounds it, by {@link WINDOW_BYTES} and {@link MAX_FETCHES_PER_LINK}.
 */
export const MAX_ANSWER_BYTES = 262_144;
/** Of one feed, answers at the wrong place before the request is given up: the rest of an answer that came too late is fewer. */
export const MAX_STRAY_BATCHES = 32;
export const MAX_WANTS_PER_MESSAGE = 64;
/** What a link of 2 kB/s carries in a quarter of a minute, so that a slow peer is heard of while it answers. */
export const ENTRY_BATCH_BYTES = 32_768;
/** Feeds asked for at once over one link, each answer at worst an entry longer than it may be: 11 MiB, less than a link lets wait. */
export const MAX_FETCHES_PER_LINK = 36;
/**
 * Requests for one head that bring nothing new before it counts as a lie. Looking for the start of a fork doubles the
 * distance each time, so an honest search in 2^32 entries ends sooner.
 */
export const MAX_FRUITLESS_FETCHES = 40;
/** Requests a peer may have waiting with us; a polite one stays under it, a rude one is dropped from. */
export const MAX_QUEUED_ENTRY_WANTS = 1_024;
/** Entries of one peer that wait to be checked and written: twice what is on its way when hours have 2 KiB. */
export const MAX_QUEUED_ENTRY_BYTES = 8 * 2 ** 20;
export const MAX_QUEUED_CHUNKS = 1_024;
/** The most that one transfer chunk carries. */
export const CHUNK_BYTES = CHUNK_LEAVES * LEAF_BYTES;
/** Bytes of chunks asked for and not yet stored, per link, and the same of entries: what keeps a fast LAN busy. */
export const WINDOW_BYTES = 8 * 2 ** 20;
export const MAX_CHUNKS_IN_FLIGHT = 512;
export const MAX_CHUNKS_PER_MESSAGE = 256;
/** Reads of chunks started ahead of the link's credit. */
export const MAX_READS_AHEAD = 8;
/** What a peer has not answered after this long may be asked of others too. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** A peer that answers nothing for this long has forgotten: one chunk takes two minutes at 1 kB/s. */
export const STALLED_MS = 180_000;
/** Answers come in the order of the requests, but for some reads ahead; what so many later ones overtook is lost. */
export const MAX_OVERTAKEN = 64;
/** What a peer said that it lacks, or did not answer for, it is not asked for again this soon. */
export const LACK_MS = 60_000;
/** Feeds whose holdings one peer may tell, and the run numbers in them: 8 MiB of memory. */
export const MAX_TOLD_FEEDS = 65_536;
export const MAX_TOLD_RUN_NUMBERS = 2 ** 20;
/** Ranges one comparison may ask for: 64 heads each, that is more heads than we would remember. */
export const MAX_COMPARED_RANGES = 4_096;
/** New heads and holdings are collected this long before they are told, so a burst costs one message. */
export const ANNOUNCE_DELAY_MS = 20;
/** How often unreachable wants are asked for through neighbours, and how many at once. */
export const PULL_INTERVAL_MS = 5_000;
/** A blob that was heard of just now usually comes by itself: whoever told of its entry is fetching it as well. */
export const PULL_GRACE_MS = 1_000;
export const PULL_REPEAT_MS = 60_000;
/** A blob that nobody has any more is asked for ever more rarely, on each link. */
export const MAX_PULL_REPEAT_MS = 3_600_000;
export const MAX_PULLS_PER_MESSAGE = 256;
/** The longest chain of neighbours that a pull goes through; a valley has fewer hops. */
export const MAX_PULL_HOPS = 16;
/** Runs in one statement of holdings: 4,096 gaps in one feed is a disk gone bad. */
export const MAX_RUN_NUMBERS = 8_192;
export const MAX_BEATS_PER_MESSAGE = 24;
/** Beats of one peer that wait for their authors' admission to arrive: 2 MiB, most of them a twentieth of that. */
export const MAX_BEATS_ASIDE = 256;
/** A clock further ahead than this is wrong: its beat would shut out later, honest ones. */
export const MAX_CLOCK_AHEAD_MS = 24 * 3_600_000;
/** Wrong data from one peer before the link is closed: one may be a fault of its disk. */
export const MAX_STRIKES = 3;
