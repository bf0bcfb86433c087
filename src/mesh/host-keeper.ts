/**
 * Which hosts a node is on. For every space: the two best of its choice (`host-choice.ts`) that are reachable, and every host in the local
 * network; the others are standby. One that is down is passed over, so the next takes its place, and is still tried; once it
 * is back it takes its place again. Hosts that the person named are always used, for every space.
 *
 * Members whose lists of hosts differ may have chosen hosts that the others do not know. Two things bring them together, and the entries that
 * they then exchange make their lists one (`known-hosts.ts`): a node that has met nobody goes to one host more every ten seconds, and every node is
 * on one further host of its list at a time, its lookout, changed by chance every minute.
 *
 * Invariants
 * - Links are none of its business: leaving a host costs only what was being arranged through it.
 * - A host that comes back is waited for by those who had to leave it: its substitute is kept for a minute longer.
 * - Bounded: `maxHosts` sockets. Of more, those down longest rest, so that dead ones cannot keep a living one out.
 */
import { toHex } from '../core/bytes.ts';
import type { SpaceId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import { choiceTopic, rankHosts } from './host-choice.ts';
import type { HostSession, Meeting } from './host-session.ts';
import {
  type HostChoice,
  type HostPolicy,
  type HostUse,
  isLocal,
  type KnownHost,
  keyOf,
} from './known-host.ts';

/** A lookout that turns out to be down is replaced no sooner than this. */
const LOOKOUT_RETRY_MS = 5_000;

export interface HostKeeperOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: HostPolicy;
  /** Starts a session; its turns and ends are told by {@link HostKeeper.onTurn}. */
  open(urls: readonly string[]): HostSession;
  /** A session was closed because it is not needed. */
  left(session: HostSession): void;
  /** A member of the space is linked. */
  isMet(space: SpaceId): boolean;
}

interface Place {
  readonly meeting: Meeting;
  /** In the order of the choice. */
  readonly hosts: readonly KnownHost[];
  aloneSinceMs: number | null;
}

interface Want {
  readonly key: string;
  readonly urls: readonly string[];
  readonly use: HostUse;
  readonly meetings: Set<Meeting>;
}

interface Kept {
  readonly session: HostSession;
  use: HostUse;
  meetings: readonly Meeting[];
  /** Monotonic; null while it is open. */
  closedSinceMs: number | null;
  /** It has never opened, and none of its addresses answered. */
  isUnreachable: boolean;
  /** Not needed any more since then. */
  spareSinceMs: number | null;
}

export class HostKeeper {
  readonly #options: HostKeeperOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #resting = new Map<string, number>();
  #given: readonly string[] = [];
  #places: readonly Place[] = [];
  #lookout: { readonly key: string | null; readonly sinceMs: number; readonly untilMs: number };
  #dueMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isPlanning = false;
  #isClosed = false;

  constructor(options: HostKeeperOptions) {
    this.#options = options;
    const nowMs = options.clock.monotonicMs();
    const untilMs = nowMs + options.policy.lookoutMs * this.#chance();
    this.#lookout = { key: null, sinceMs: nowMs, untilMs };
  }

  /** Sets the hosts that are always used. @param urls as `hostSocketUrl` writes them. */
  setGiven(urls: readonly string[]): void {
    this.#given = urls;
    this.#plan();
  }

  /** Sets the spaces and what is known of their hosts. */
  setPlaces(places: readonly { readonly meeting: Meeting; readonly hosts: readonly KnownHost[] }[]): void {
    const before = new Map(this.#places.map((place) => [place.meeting.space, place.aloneSinceMs]));
    this.#places = places.map(({ meeting, hosts }) => ({
      meeting,
      hosts: rankHosts(choiceTopic(meeting.meetSecret), hosts),
      aloneSinceMs: before.get(meeting.space) ?? null,
    }));
    this.#plan();
  }

  /** A session opened, ended, or found nobody at any of its addresses. */
  onTurn(session: HostSession): void {
    const kept = [...this.#kept.values()].find((one) => one.session === session);
    if (kept === undefined) return;
    if (session.state === 'open') {
      kept.closedSinceMs = null;
      kept.isUnreachable = false;
    } else if (kept.closedSinceMs === null) kept.closedSinceMs = this.#nowMs();
    else if (!kept.session.wasOpen) kept.isUnreachable = true;
    this.#plan();
  }

  /** A link came or went: somebody was met, or nobody is left. */
  onLinks(): void {
    const isNews = this.#places.some(
      ({ meeting, aloneSinceMs }) => this.#options.isMet(meeting.space) !== (aloneSinceMs === null),
    );
    if (isNews) this.#plan();
  }

  /** Days may have changed. */
  refresh(): void {
    for (const { session, meetings } of this.#kept.values()) session.refresh(meetings);
  }

  sessions(): { readonly session: HostSession; readonly use: HostUse }[] {
    return [...this.#kept.values()];
  }

  /** The hosts of a space in the order of its choice. */
  choices(space: SpaceId): HostChoice[] {
    const place = this.#places.find(({ meeting }) => meeting.space === space);
    return (place?.hosts ?? []).map((host, rank) => {
      const kept = this.#keptFor(host);
      return { urls: host.urls, rank, state: kept === undefined ? 'standby' : this.#stateOf(kept) };
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    for (const { session } of this.#kept.values()) session.close();
  }

  #plan(): void {
    if (this.#isClosed) return;
    if (this.#isPlanning) {
      this.#dueMs = 0;
      return;
    }
    this.#isPlanning = true;
    this.#dueMs = Number.POSITIVE_INFINITY;
    const wants = new Map<string, Want>();
    const all = this.#places.map(({ meeting }) => meeting);
    for (const url of this.#given)
      wants.set(url, { key: url, urls: [url], use: 'given', meetings: new Set(all) });
    for (const place of this.#places) this.#wantChosen(wants, place);
    for (const place of this.#places) this.#wantLocal(wants, place);
    this.#wantLookout(wants);
    this.#keepSpare(wants);
    this.#fit(wants);
    this.#apply(wants);
    this.#isPlanning = false;
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#dueMs < Number.POSITIVE_INFINITY)
      this.#cancel = this.#options.clock.schedule(Math.max(0, this.#dueMs - this.#nowMs()), () =>
        this.#plan(),
      );
  }

  #wantChosen(wants: Map<string, Want>, place: Place): void {
    let places = this.#options.policy.chosen + this.#extraOf(place);
    const counted = new Set<Kept>();
    for (const host of place.hosts) {
      if (places === 0) break;
      // Anybody may announce a host by the name that the person's own goes by: it takes one place all the same.
      const given = this.#givenFor(host);
      if (given !== undefined && counted.has(given)) continue;
      if (given !== undefined) counted.add(given);
      if (this.#want(wants, host, place.meeting, 'chosen')) places--;
    }
  }

  #wantLocal(wants: Map<string, Want>, place: Place): void {
    let places = this.#options.policy.maxLocal;
    for (const host of place.hosts) {
      if (places === 0) break;
      if (isLocal(host) && this.#want(wants, host, place.meeting, 'local')) places--;
    }
  }

  /** Asks for a host to be used for a meeting; false when it is down, so that another is needed. */
  #want(wants: Map<string, Want>, host: KnownHost, meeting: Meeting, use: HostUse): boolean {
    const key = keyOf(host);
    if (this.#isResting(key)) return false;
    const given = this.#givenFor(host);
    if (given !== undefined) return !this.#isDown(given);
    const want = wants.get(key);
    if (want === undefined) wants.set(key, { key, urls: host.urls, use, meetings: new Set([meeting]) });
    else want.meetings.add(meeting);
    const kept = this.#kept.get(key);
    return kept === undefined || !this.#isDown(kept);
  }

  /** How many hosts more than usual a space uses, because nobody was met on those. */
  #extraOf(place: Place): number {
    if (this.#options.isMet(place.meeting.space)) {
      place.aloneSinceMs = null;
      return 0;
    }
    const { aloneMs, chosen, maxExtra } = this.#options.policy;
    place.aloneSinceMs ??= this.#nowMs();
    const most = Math.min(maxExtra, Math.max(0, place.hosts.length - chosen));
    const extra = Math.min(most, Math.floor((this.#nowMs() - place.aloneSinceMs) / aloneMs));
    if (extra < most) this.#due(place.aloneSinceMs + (extra + 1) * aloneMs);
    return extra;
  }

  #wantLookout(wants: Map<string, Want>): void {
    const nowMs = this.#nowMs();
    const candidates = new Map<string, KnownHost>();
    for (const { hosts } of this.#places) {
      for (const host of hosts) {
        const key = keyOf(host);
        if (!wants.has(key) && !this.#isResting(key) && this.#givenFor(host) === undefined)
          candidates.set(key, host);
      }
    }
    const { key: before, sinceMs, untilMs } = this.#lookout;
    const kept = before === null ? undefined : this.#kept.get(before);
    const isLost = kept !== undefined && this.#isDown(kept);
    const changeMs = isLost ? Math.min(untilMs, sinceMs + LOOKOUT_RETRY_MS) : untilMs;
    if (nowMs >= changeMs) {
      const others = [...candidates.keys()].filter((one) => one !== before || candidates.size === 1);
      const key = others[Math.floor(this.#chance() * others.length)] ?? null;
      const lastsMs = this.#options.policy.lookoutMs * (0.75 + 0.5 * this.#chance());
      this.#lookout = { key, sinceMs: nowMs, untilMs: nowMs + lastsMs };
      this.#due(nowMs + lastsMs);
    } else if (candidates.size > 0) this.#due(changeMs);
    const { key } = this.#lookout;
    const host = key === null ? undefined : candidates.get(key);
    if (key === null || host === undefined) return;
    const knowing = this.#places.filter(({ hosts }) => hosts.some((one) => keyOf(one) === key));
    const meetings = new Set(knowing.map(({ meeting }) => meeting));
    wants.set(key, { key, urls: host.urls, use: 'lookout', meetings });
  }

  /** What was chosen and is not any more stays a while, for those who have not noticed yet. */
  #keepSpare(wants: Map<string, Want>): void {
    const all = new Set(this.#places.map(({ meeting }) => meeting));
    for (const [key, kept] of this.#kept) {
      if (wants.get(key) !== undefined && wants.get(key)?.use !== 'lookout') {
        kept.spareSinceMs = null;
        continue;
      }
      const meetings = new Set(kept.meetings.filter((meeting) => all.has(meeting)));
      if (kept.use !== 'chosen' || kept.session.state !== 'open' || meetings.size === 0) continue;
      if (this.#isReplaced(key, kept.session, wants)) continue;
      kept.spareSinceMs ??= this.#nowMs();
      const untilMs = kept.spareSinceMs + this.#options.policy.lingerMs;
      if (this.#nowMs() >= untilMs) continue;
      this.#due(untilMs);
      wants.set(key, { key, urls: [], use: 'chosen', meetings });
    }
  }

  /** The same host is connected under what is known of it now. */
  #isReplaced(key: string, { url, hostId }: HostSession, wants: ReadonlyMap<string, Want>): boolean {
    for (const other of wants.keys()) {
      const session = other === key ? undefined : this.#kept.get(other)?.session;
      if (session?.state === 'open' && (session.url === url || (hostId !== '' && session.hostId === hostId)))
        return true;
    }
    return false;
  }

  /** Leaves out what is over the limit of sockets: the lookout, then what is kept a while longer, then what is down, longest first. */
  #fit(wants: Map<string, Want>): void {
    const { maxHosts, restMs } = this.#options.policy;
    if (wants.size <= maxHosts) return;
    const worth = ({ key, use, urls }: Want): number => {
      const kept = this.#kept.get(key);
      if (use === 'given') return 0;
      if (use === 'lookout') return 5;
      if (urls.length === 0) return 4;
      if (kept !== undefined && this.#isDown(kept)) return 3;
      return use === 'chosen' ? 1 : 2;
    };
    const closedMs = ({ key }: Want) => this.#kept.get(key)?.closedSinceMs ?? 0;
    const byWorth = [...wants.values()].sort((a, b) => worth(a) - worth(b) || closedMs(b) - closedMs(a));
    for (const want of byWorth.slice(maxHosts)) {
      wants.delete(want.key);
      if (worth(want) !== 3) continue;
      this.#resting.set(want.key, this.#nowMs() + restMs);
      this.#due(this.#nowMs() + restMs);
    }
  }

  #apply(wants: ReadonlyMap<string, Want>): void {
    for (const [key, kept] of this.#kept) {
      if (wants.has(key)) continue;
      this.#kept.delete(key);
      kept.session.close();
      this.#options.left(kept.session);
    }
    for (const { key, urls, use, meetings } of wants.values()) {
      const list = [...meetings];
      let kept = this.#kept.get(key);
      if (kept === undefined) {
        const session = this.#options.open(urls);
        const closedSinceMs = this.#nowMs();
        kept = { session, use, meetings: [], closedSinceMs, isUnreachable: false, spareSinceMs: null };
        this.#kept.set(key, kept);
      }
      kept.use = use;
      const isSame = list.length === kept.meetings.length && list.every((one, i) => one === kept.meetings[i]);
      kept.meetings = list;
      if (!isSame) kept.session.refresh(list);
      if (kept.closedSinceMs !== null && !this.#isDown(kept))
        this.#due(kept.closedSinceMs + this.#options.policy.downMs);
    }
  }

  #isDown(kept: Kept): boolean {
    if (kept.closedSinceMs === null) return false;
    const { state } = kept.session;
    const isOver = this.#nowMs() - kept.closedSinceMs >= this.#options.policy.downMs;
    return kept.isUnreachable || state === 'invalid' || isOver;
  }

  #stateOf(kept: Kept): HostChoice['state'] {
    if (kept.closedSinceMs === null) return 'open';
    return this.#isDown(kept) ? 'down' : 'trying';
  }

  #keptFor(host: KnownHost): Kept | undefined {
    return this.#givenFor(host) ?? this.#kept.get(keyOf(host));
  }

  /** A host that the person named and that is this one: by an address, or by what it says of itself. */
  #givenFor(host: KnownHost): Kept | undefined {
    for (const url of this.#given) {
      const kept = this.#kept.get(url);
      if (kept === undefined) continue;
      const { hostId } = kept.session;
      if (host.urls.includes(url) || (hostId !== '' && hostId === host.hostId)) return kept;
    }
    return undefined;
  }

  #isResting(key: string): boolean {
    const untilMs = this.#resting.get(key);
    if (untilMs === undefined) return false;
    if (this.#nowMs() < untilMs) {
      this.#due(untilMs);
      return true;
    }
    this.#resting.delete(key);
    return false;
  }

  #due(ms: number): void {
    if (ms < this.#dueMs) this.#dueMs = ms;
  }

  /** From 0 to below 1. */
  #chance(): number {
    return Number.parseInt(toHex(this.#options.random.bytes(3)), 16) / 2 ** 24;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
