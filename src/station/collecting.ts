/**
 * Collecting as a person sees it: how much there is to fetch and how fast it comes, whether they may leave, what was picked up when, and
 * the limits that they set. Everything that must outlive a reload is in the store's small values.
 *
 * Invariant: `mayLeave` is only ever true while every head that a member told of is settled, entries and blobs durable; and while
 * nobody who has just come still has to tell, but for {@link TELLING_MS}.
 */
import * as v from 'valibot';
import { fromUtf8, toUtf8 } from '../core/bytes.ts';
import type { NodeId } from '../core/ids.ts';
import type { PurposedHead } from '../feed/entry.ts';
import type { StateStore, Store } from '../store/port.ts';
import type { Notice } from '../sync/effects.ts';
import { type FetchLimits, NO_LIMITS } from '../sync/fetch-budget.ts';
import type { BlobBytes } from '../sync/replica.ts';
import { Pace } from './collecting-pace.ts';
import { linkedMembers } from './linked-members.ts';
import type { WaystationNode } from './node.ts';
import { type PickupState, pickup } from './pickup.ts';
import type { Space } from './space.ts';

const LIMITS_KEY = 'collecting/limits';
const HISTORY_KEY = 'collecting/pickups';
/** Pick-ups that are remembered: a season of weekly rounds. */
const MAX_PICKUPS = 30;
/** How often what is left of an amount is written down: at worst this much is fetched twice over after a crash. */
const SAVE_AMOUNT_MS = 5_000;
/** Fewer things than this, in less time than that, is everyday life and no visit. */
const VISIT_MIN_THINGS = 3;
const VISIT_MIN_MS = 5_000;
/** After nobody was connected for so long, the visit is over. */
const VISIT_GONE_MS = 60_000;
/** When nothing came for so long though it was wanted, nobody here has it: that is everyday life again. */
const VISIT_STALLED_MS = 120_000;

/** Who is linked so long and has not told what there is does not keep one here: comparing takes seconds. */
const TELLING_MS = 30_000;

/** One visit on which everything that others had came here. */
export interface PickupRecord {
  readonly atMs: number;
  /** Hours, pictures and clips that came. */
  readonly things: number;
  readonly bytes: number;
}

/** Somebody is here with things that this device wants, or was until a moment ago. */
export interface Visit {
  readonly sinceMs: number;
  readonly things: number;
  readonly bytes: number;
  /** When everything was here; null while it is not. */
  readonly completeMs: number | null;
  /** Things that were heard of after everything was here, and that are still coming. */
  readonly newThings: number;
}

export interface CollectingState {
  readonly limits: FetchLimits;
  /** The amount does not allow the next one whole. */
  readonly isSpent: boolean;
  /** The last thing that came could not be stored: this device is full. */
  readonly isFull: boolean;
  readonly bytes: BlobBytes;
  /** Hours, pictures and clips that are known, wanted or not. */
  readonly things: { readonly held: number; readonly missing: number };
  /** Such as are in a folder and were let go of here: neither held nor missing. */
  readonly inFolder: number;
  /** Null before anything can be said. */
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
  readonly connected: number;
  /** Since when nobody is connected, ms since the Unix epoch; null while somebody is, or was never. */
  readonly aloneSinceMs: number | null;
  /** Since when none of the hosts that are known answers, ms since the Unix epoch; null while one does, or none is known. */
  readonly unmetSinceMs: number | null;
  readonly pickup: PickupState;
  readonly mayLeave: boolean;
  readonly visit: Visit | null;
  /** Latest first. */
  readonly history: readonly PickupRecord[];
}

const limit = v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0)));
const limitsSchema = v.object({ paused: v.boolean(), bytesPerSecond: limit, amountBytes: limit });
const historySchema = v.pipe(
  v.array(v.object({ atMs: v.number(), things: v.number(), bytes: v.number() })),
  v.maxLength(MAX_PICKUPS),
);

/** A small value as it was written; undefined when there is none, or none that can be read. */
async function read<S extends v.GenericSchema>(
  state: StateStore,
  key: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  const bytes = await state.get(key);
  if (bytes === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), fromUtf8(bytes));
  return parsed.success ? parsed.output : undefined;
}

interface OpenVisit {
  readonly sinceMs: number;
  readonly thingsBefore: number;
  readonly bytesBefore: number;
  completeMs: number | null;
  missingThen: number;
}

export class Collecting {
  readonly #node: WaystationNode;
  readonly #space: Space;
  readonly #store: Store;
  readonly #pace = new Pace();
  #history: readonly PickupRecord[];
  #isFull = false;
  #aloneSinceMs: number | null = null;
  #unmetSinceMs: number | null = null;
  #busySinceMs: number | null = null;
  /** Things that others brought, since this was opened. */
  #fetchedThings = 0;
  #visit: OpenVisit | null = null;
  /** The panel was put away; until everything is here or nobody is. */
  #isDismissed = false;
  #progress = { bytes: -1, atMs: 0 };
  #savedAmountMs = 0;
  #saving: Promise<unknown> = Promise.resolve();
  readonly #stopListening: () => void;

  private constructor(node: WaystationNode, space: Space, history: readonly PickupRecord[]) {
    this.#node = node;
    this.#space = space;
    this.#store = space.context.store;
    this.#history = history;
    this.#stopListening = node.onNotice((notice) => this.#heard(notice));
  }

  /** Reads back what was set and done before; limits hold from then on. */
  static async open(node: WaystationNode, space: Space): Promise<Collecting> {
    const { state } = space.context.store;
    const limits = (await read(state, LIMITS_KEY, limitsSchema)) ?? NO_LIMITS;
    const history = (await read(state, HISTORY_KEY, historySchema)) ?? [];
    const { engine, clock, run } = space.context;
    engine.limitFetching(limits, clock.monotonicMs());
    run();
    return new Collecting(node, space, history);
  }

  close(): void {
    this.#stopListening();
  }

  #heard(notice: Notice): void {
    if (notice.kind === 'store-trouble' && notice.code === 'store-full') this.#isFull = true;
    if (notice.kind !== 'blob-complete') return;
    this.#isFull = false;
    this.#fetchedThings++;
  }

  /** Pauses, or limits how much is fetched and how fast; kept over a reload. @throws WaystationError `store-full`. */
  async limit(change: Partial<FetchLimits>): Promise<void> {
    const { engine, clock, run } = this.#space.context;
    const { paused, bytesPerSecond, amountBytes } = { ...engine.fetchLimits, ...change };
    engine.limitFetching({ paused, bytesPerSecond, amountBytes }, clock.monotonicMs());
    this.#pace.reset();
    run();
    await this.#saveLimits();
  }

  #saveLimits(): Promise<void> {
    const { paused, bytesPerSecond, amountBytes } = this.#space.context.engine.fetchLimits;
    return this.#save(LIMITS_KEY, { paused, bytesPerSecond, amountBytes });
  }

  /** One after the other, so that an older value never overtakes a newer one. */
  #save(key: string, value: unknown): Promise<void> {
    const saved = this.#saving.then(() =>
      this.#store.state.put(key, toUtf8(JSON.stringify(value)), 'relaxed'),
    );
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** The visit's panel is not wanted any more. */
  dismissVisit(): void {
    this.#visit = null;
    this.#isDismissed = true;
  }

  /** How it stands now. Call about once a second: what is measured is measured between calls. */
  look(): CollectingState {
    const { engine, clock } = this.#space.context;
    const { replica } = this.#space;
    const nowMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    const bytes = replica.blobBytes();
    const { held, missing } = replica.blobCounts();
    const state = pickup(this.#space);
    const connected = linkedMembers(this.#node, this.#space).length;
    // What did not come from nobody says nothing of whoever is here now.
    if (connected > 0 && this.#aloneSinceMs !== null) this.#pace.reset();
    if (connected > 0) this.#aloneSinceMs = null;
    else this.#aloneSinceMs ??= nowMs;
    const hosts = this.#node.mesh?.hosts() ?? [];
    if (hosts.length === 0 || hosts.some(({ state: one }) => one === 'open')) this.#unmetSinceMs = null;
    else this.#unmetSinceMs ??= nowMs;
    this.#pace.note(monotonicMs, bytes.fetched, bytes.missing);
    const { isSpent, ...limits } = engine.fetchLimits;
    if (limits.amountBytes !== null && monotonicMs - this.#savedAmountMs > SAVE_AMOUNT_MS) {
      this.#savedAmountMs = monotonicMs;
      void this.#saveLimits().catch(() => undefined); // a full disk is told of elsewhere
    }
    const mayLeave = state.complete && !this.#isBeingTold(nowMs);
    const visit = this.#lookAtVisit(nowMs, connected, missing, bytes, mayLeave);
    return {
      limits,
      isSpent: isSpent && bytes.missing > 0,
      isFull: this.#isFull && bytes.missing > 0,
      bytes,
      things: { held, missing },
      inFolder: replica.putAwayCount,
      bytesPerSecond: this.#pace.bytesPerSecond,
      leftMs: this.#pace.leftMs,
      connected,
      aloneSinceMs: this.#aloneSinceMs,
      unmetSinceMs: this.#unmetSinceMs,
      pickup: state,
      mayLeave,
      visit,
      history: this.#history,
    };
  }

  /** A member is here and has not told yet what there is: what it told the last time says nothing of now. */
  #isBeingTold(nowMs: number): boolean {
    const { sessions } = this.#space.context.engine;
    return this.#node.peers().some(({ link, sinceMs }) => {
      const session = sessions.get(link)?.spaces.get(this.#space.id);
      if (session === undefined || nowMs - sinceMs > TELLING_MS) return false;
      return session.weServe && session.refusedByPeer === null && !session.compare.done;
    });
  }

  #lookAtVisit(
    nowMs: number,
    connected: number,
    missing: number,
    bytes: BlobBytes,
    isComplete: boolean,
  ): Visit | null {
    const isBusy = connected > 0 && bytes.missing > 0;
    if (!isBusy) {
      this.#busySinceMs = null;
      this.#isDismissed = false;
    } else if (this.#busySinceMs === null || bytes.fetched !== this.#progress.bytes) {
      this.#busySinceMs ??= nowMs;
      this.#progress = { bytes: bytes.fetched, atMs: nowMs };
    }
    const isStalled = isBusy && nowMs - this.#progress.atMs > VISIT_STALLED_MS;
    const isHeldBack = this.#space.context.engine.fetchLimits.paused || this.#isFull;
    if (isStalled && !isHeldBack && this.#visit?.completeMs === null) this.#visit = null;
    if (this.#visit === null) {
      if (this.#busySinceMs === null || this.#isDismissed || (isStalled && !isHeldBack)) return null;
      if (missing < VISIT_MIN_THINGS && nowMs - this.#busySinceMs < VISIT_MIN_MS) return null;
      this.#visit = {
        sinceMs: nowMs,
        thingsBefore: this.#fetchedThings,
        bytesBefore: bytes.fetched,
        completeMs: null,
        missingThen: 0,
      };
    }
    const visit = this.#visit;
    if (connected === 0 && this.#aloneSinceMs !== null && nowMs - this.#aloneSinceMs > VISIT_GONE_MS) {
      this.#visit = null;
      return null;
    }
    const things = this.#fetchedThings - visit.thingsBefore;
    const fetched = bytes.fetched - visit.bytesBefore;
    if (!isComplete) visit.completeMs = null;
    else if (visit.completeMs === null) {
      visit.completeMs = nowMs;
      visit.missingThen = missing;
      this.#remember({ atMs: nowMs, things, bytes: fetched }, visit.sinceMs);
    }
    const newThings = visit.completeMs === null ? 0 : Math.max(0, missing - visit.missingThen);
    return { sinceMs: visit.sinceMs, things, bytes: fetched, completeMs: visit.completeMs, newThings };
  }

  /** One record for a visit, however often it was complete. */
  #remember(record: PickupRecord, sinceMs: number): void {
    if (record.things === 0) return;
    const earlier = this.#history.filter(({ atMs }) => atMs < sinceMs);
    this.#history = [record, ...earlier].slice(0, MAX_PICKUPS);
    void this.#save(HISTORY_KEY, this.#history).catch(() => undefined); // a full disk is told of elsewhere
  }

  /** Names of the connected devices through which what an author wrote comes here; itself not among them. */
  throughOf(authors: Iterable<NodeId>): ReadonlyMap<NodeId, readonly NodeId[]> {
    const linked = new Set(this.#node.peers().map(({ node }) => node));
    const through = new Map<NodeId, NodeId[]>([...authors].map((author) => [author, []]));
    for (const [peer, heads] of this.#space.replica.told) {
      if (!linked.has(peer)) continue;
      for (const author of authorsOf(heads)) {
        if (author !== peer && !linked.has(author)) through.get(author)?.push(peer);
      }
    }
    return through;
  }
}

/** Whose heads were told, found once for each telling. */
const toldAuthors = new WeakMap<readonly PurposedHead[], ReadonlySet<NodeId>>();

function authorsOf(heads: readonly PurposedHead[]): ReadonlySet<NodeId> {
  let authors = toldAuthors.get(heads);
  if (authors === undefined) {
    authors = new Set(heads.map(({ author }) => author));
    toldAuthors.set(heads, authors);
  }
  return authors;
}
