/**
 * The hosts that are known to a space: those its members announced, and those of the invites. A function of the set of entries, so whoever holds
 * the same ones knows the same hosts, whatever came first.
 *
 * Who is believed: a member of what it runs itself, an admin of every host. Where an admin has said something of a host, that holds; of several
 * admins and of one author's entries the latest does, by (lamport, id). No address retracts. A member cannot give its own host more than the
 * ordinary weight, nor say anything of another's: hosts are told apart by the member that runs them.
 */
import type { NodeId } from '../core/ids.ts';
import type { Entry } from '../feed/entry.ts';
import { KIND } from '../feed/kinds.ts';
import type { Membership } from '../identity/membership.ts';
import { byFollowedLamport, type Parsed } from '../identity/membership-entries.ts';
import { DEFAULT_WEIGHT } from '../mesh/host-choice.ts';
import { hostSocketUrl } from '../mesh/host-url.ts';
import { type KnownHost, MAX_KNOWN_HOSTS } from '../mesh/known-host.ts';
import { decodeEndpoint, type EndpointBody } from './endpoint-body.ts';

/** Of one member: a relay that moved its data has an old and a new one. */
export const MAX_HOSTS_PER_MEMBER = 4;
/** Of one admin, who may announce for others. */
export const MAX_HOSTS_PER_ADMIN = 64;

type Announcement = Parsed<EndpointBody>;

export class KnownHosts {
  /** By author and host, the latest of each. */
  readonly #said = new Map<NodeId, Map<string, Announcement>>();
  /** Bodies that could not be read. */
  refused = 0;

  /** Takes in those of the entries that announce hosts; true when there was one. */
  note(entries: readonly Entry[]): boolean {
    let isNews = false;
    for (const entry of entries) {
      if (entry.header.kind !== KIND.endpoint) continue;
      try {
        this.#keep({ entry, body: decodeEndpoint(entry.body) });
        isNews = true;
      } catch {
        this.refused++;
      }
    }
    return isNews;
  }

  /** What `author` says of a host now; undefined when it has said nothing, or its word on that many others is newer. */
  saidBy(author: NodeId, node: NodeId | null, hostId: string): EndpointBody | undefined {
    return this.#said.get(author)?.get(hostName(node, hostId))?.body;
  }

  /** All that `author` says, retractions included. */
  allBy(author: NodeId): EndpointBody[] {
    return [...(this.#said.get(author)?.values() ?? [])].map(({ body }) => body);
  }

  /**
   * The hosts in force.
   * @param others addresses that nobody announced: from invites. What is no host's is left out.
   */
  list(membership: Membership, others: readonly string[]): KnownHost[] {
    const hosts: KnownHost[] = [];
    const invited = new Set(others.map(inOneForm));
    for (const [name, { body, isAdmins }] of this.#inForce(membership)) {
      if (body.addresses.length === 0) continue;
      const weight = isAdmins ? body.weight : Math.min(body.weight, DEFAULT_WEIGHT);
      const urls = body.addresses.map(inOneForm);
      hosts.push({ name, weight, urls: isAdmins ? urls : invitedFirst(urls, invited), hostId: body.hostId });
    }
    const announced = new Set(hosts.flatMap(({ urls }) => urls));
    const loose = new Set(
      others.flatMap((url) => hostSocketUrl(url) ?? []).filter((url) => !announced.has(url)),
    );
    const unannounced = [...loose].map((url) => ({ name: url, weight: DEFAULT_WEIGHT, urls: [url] }));
    return [...unannounced, ...hosts].slice(0, MAX_KNOWN_HOSTS);
  }

  /** By host the announcement that holds, admins' first, then in the order of names. */
  #inForce(membership: Membership): [string, { body: EndpointBody; isAdmins: boolean }][] {
    const byHost = new Map<string, { said: Announcement; isAdmins: boolean }>();
    for (const [author, said] of this.#said) {
      const member = membership.member(author);
      if (member?.status !== 'active') continue;
      const isAdmins = member.role === 'admin';
      const latest = [...said.entries()].sort(([, a], [, b]) => byFollowedLamport(b, a));
      for (const [name, one] of latest.slice(0, isAdmins ? MAX_HOSTS_PER_ADMIN : MAX_HOSTS_PER_MEMBER)) {
        const { node } = one.body;
        if (!isAdmins && node !== author) continue;
        if (node !== null && !membership.isActive(node)) continue;
        const other = byHost.get(name);
        const isStronger =
          other === undefined || (isAdmins && (!other.isAdmins || byFollowedLamport(one, other.said) > 0));
        if (isStronger) byHost.set(name, { said: one, isAdmins });
      }
    }
    return [...byHost]
      .sort(([a, x], [b, y]) => Number(y.isAdmins) - Number(x.isAdmins) || (a < b ? -1 : 1))
      .map(([name, { said, isAdmins }]) => [name, { body: said.body, isAdmins }]);
  }

  #keep(one: Announcement): void {
    const { author } = one.entry.header;
    const said = this.#said.get(author) ?? new Map<string, Announcement>();
    this.#said.set(author, said);
    const name = hostName(one.body.node, one.body.hostId);
    const before = said.get(name);
    if (before !== undefined && byFollowedLamport(one, before) <= 0) return;
    said.set(name, one);
    if (said.size <= MAX_HOSTS_PER_ADMIN) return;
    // The oldest goes, retractions like others: what came before it stays forgotten, for so many newer ones stand before it.
    const [oldest] = [...said.entries()].sort(([, a], [, b]) => byFollowedLamport(a, b));
    if (oldest !== undefined) said.delete(oldest[0]);
  }
}

/** The name of an announced host, the same for all who know it: who runs it, in hex, and what it calls itself. */
export function hostName(node: NodeId | null, hostId: string): string {
  return `${node ?? ''}/${hostId}`;
}

/**
 * A member's word may name an address that is known from an invite, beside others of the member's choice. That host is then this one; but it
 * is where the invite led that is tried first, or any member could have all the others meet at a host of its own instead.
 */
function invitedFirst(urls: readonly string[], invited: ReadonlySet<string>): string[] {
  return [...urls.filter((url) => invited.has(url)), ...urls.filter((url) => !invited.has(url))];
}

function inOneForm(url: string): string {
  return hostSocketUrl(url) ?? url;
}
