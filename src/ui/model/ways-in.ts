/**
 * How this device comes into a group, and out again: links and short codes that are opened, the group that the page's own relay keeps,
 * making one, joining one, leaving one that is nobody else's.
 *
 * Invariants: a link is used by a tap alone; one that was put off or is for another group stays where it can be found again; a page is in
 * one group at a time, and what leaving deletes was agreed to by a person.
 */
import { equalBytes } from '../../core/bytes.ts';
import { errorMessage, WaystationError } from '../../core/errors.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import { looksLikeInvite, parseInvite } from '../../identity/invite.ts';
import { codeInLink, readShortCode } from '../../identity/short-code.ts';
import { markGroupLeft } from '../../station/leaving-group.ts';
import { rememberName } from '../../station/own-station.ts';
import type { Space } from '../../station/space.ts';
import type { CodeAnswer, OwnRelay } from '../platform/own-relay.browser.ts';
import { refuseWithOthers } from './leaving-costs.ts';
import { endedAs } from './members.ts';
import type { ModelCore } from './model-core.ts';
import type { Recovery } from './recovery.ts';

export interface WaysInPorts {
  /** Address of this page: what invites open. */
  readonly base: string;
  /** Takes the invite, which is a secret, out of the address bar and the history. */
  readonly forgetLink: () => void;
  /** The relay that serves this page, if one does. */
  readonly ownRelay: () => Promise<OwnRelay | null>;
  /** Asks that relay which invite a short code stands for; missing where nobody can be asked. */
  readonly inviteBehind?: (code: string) => Promise<CodeAnswer>;
  /** Asks the browser to keep the storage; null when it cannot be asked. */
  readonly persist: () => Promise<boolean | null>;
  /** Starts the page anew, with a link that is to be opened then. */
  readonly startAnew?: (link: string | null) => void;
}

/** What of the page goes on with a group once there is one. */
export interface GroupHooks {
  enter(space: Space): Promise<void>;
  /** Others may think better of this device now. */
  rejoined(): Promise<void>;
  stopRecording(): Promise<void>;
  /** The storage is about to be closed for good: nothing is gathered any more. */
  closing(): void;
}

export class WaysIn {
  readonly #core: ModelCore;
  readonly #ports: WaysInPorts;
  readonly #recovery: Recovery;
  readonly #hooks: GroupHooks;
  /** Where others reach the relay that serves this page; null when none does, or nobody else reaches it. */
  #reach: OwnRelay['reach'] = null;
  /** A link for another group that was opened while this page is in one. */
  #otherLink: string | null = null;

  constructor(core: ModelCore, ports: WaysInPorts, recovery: Recovery, hooks: GroupHooks) {
    this.#core = core;
    this.#ports = ports;
    this.#recovery = recovery;
    this.#hooks = hooks;
  }

  /** What invites from this page open, and where their group meets. */
  leadTo(): { readonly base: string; readonly hosts: readonly string[] } {
    return {
      base: this.#reach === null ? this.#ports.base : new URL('/', this.#reach.url).href,
      hosts: this.#reach?.hosts ?? [],
    };
  }

  /** An address was opened; if it holds an invite or a code for one, the views show what can be done with it. */
  offer(address: string): void {
    const code = looksLikeInvite(address) ? undefined : codeInLink(address);
    if (code !== undefined) return this.#offerCode(code);
    if (!looksLikeInvite(address)) return;
    if (this.#core.state.space === null) {
      this.#core.set({ pendingLink: address, pendingCode: null, isInvitePutOff: false });
      return;
    }
    try {
      const space = this.#core.space();
      const invite = parseInvite(address);
      if (invite.space !== space.id) {
        this.#otherLink = address;
        return this.#core.set({ isOtherGroupsLink: true });
      }
      const { inviteSeed } = space.record;
      const isUsed = inviteSeed !== null && equalBytes(inviteSeed, invite.seed);
      if (space.isAdmitted || isUsed) this.dismissLink();
      else this.#core.set({ pendingLink: address });
    } catch (error) {
      this.#core.tell(errorMessage(error));
    }
  }

  #offerCode(code: string): void {
    if (this.#core.state.space === null) {
      return this.#core.set({ pendingCode: code, pendingLink: null, isInvitePutOff: false });
    }
    void this.#core.orTell(async () => this.offer(await this.resolveCode(code)));
  }

  /**
   * The invite behind a short code, asked of the relay that this page came from.
   * @throws WaystationError `not-found`, `unavailable`, `limit` with what a person can do.
   */
  async resolveCode(code: string): Promise<string> {
    // Loaded first: what it says is needed just when nothing else can be reached.
    const { codeTrouble } = await loadPart(() => import('./code-trouble.ts'));
    const answer = (await this.#ports.inviteBehind?.(code)) ?? { kind: 'no-relay' };
    if (answer.kind === 'invite') return answer.link;
    throw codeTrouble(answer.kind);
  }

  /** The invite is not wanted now; it can be taken up again. */
  putOff(isPutOff: boolean): void {
    this.#core.set({ isInvitePutOff: isPutOff });
  }

  dismissLink(): void {
    this.#ports.forgetLink();
    this.#otherLink = null;
    this.#core.set({ pendingLink: null, pendingCode: null, isInvitePutOff: false, isOtherGroupsLink: false });
  }

  /** There is a network, perhaps another one: where the page came from may be reached now, and be a meeting point. */
  networkCame(): Promise<void> {
    return this.#core.orTell(async () => {
      const relay = await this.#ports.ownRelay();
      if (relay === null) return;
      this.#reach = relay.reach;
      this.#core.set({ relayGroup: relay.group });
      if (this.#core.state.space !== null) await this.#core.space().learnHosts([relay.host]);
    });
  }

  async create(spaceName: string, deviceName: string): Promise<void> {
    const node = this.#core.node();
    await this.#name(deviceName);
    await this.#recovery.expect(node.ports.store);
    try {
      await node.createSpace({
        name: spaceName,
        isPublic: false,
        ownName: deviceName,
        onMade: (words) => this.#recovery.made(words),
      });
    } catch (error) {
      // What was cut short after the group was made is made up for by itself; another attempt would be a second group.
      if (node.spaces.size === 0) {
        await this.#recovery.unexpect(node.ports.store).catch(() => undefined);
        throw error;
      }
      this.#core.tell(errorMessage(error));
    }
    await this.#hooks.enter(node.space());
  }

  async join(link: string, deviceName: string): Promise<void> {
    const invite = parseInvite(link);
    await this.#name(deviceName);
    const space = await this.#core.node().join(invite);
    this.dismissLink();
    await this.#hooks.enter(space);
  }

  async joinAgain(link: string): Promise<void> {
    const space = this.#core.space();
    const code = looksLikeInvite(link) ? undefined : (readShortCode(link) ?? codeInLink(link));
    const invite = parseInvite(code === undefined ? link : await this.resolveCode(code));
    if (invite.space !== space.id) throw new WaystationError('usage', OTHER_GROUP);
    if (endedAs(space, space.self) === 'revoked') throw new WaystationError('revoked', REMOVED);
    await this.#core.node().join(invite);
    this.dismissLink();
    await this.#hooks.rejoined();
  }

  async #name(deviceName: string): Promise<void> {
    await rememberName(this.#core.node().ports.store, deviceName);
    this.#core.set({ deviceName });
    // Some browsers ask the person, who may leave the question open: nothing waits for the answer.
    void this.#core.orTell(async () => {
      const persistent = await this.#ports.persist();
      this.#core.set({ storage: { ...this.#core.state.storage, persistent } });
    });
  }

  /**
   * Leaves the group: deletes all that this browser holds of it, and the device's identity; the page starts anew at the doors, with the link
   * for another group if one was opened.
   * @throws WaystationError `forbidden` while others are in the group.
   */
  async leave(): Promise<void> {
    const node = this.#core.node();
    refuseWithOthers(this.#core.space(), this.#core.state.refusal);
    const link = this.#otherLink ?? this.#core.state.pendingLink;
    await this.#hooks.stopRecording();
    await markGroupLeft(node.ports.store);
    this.#hooks.closing();
    this.#core.set({ phase: 'starting', recoveryWords: null, recovery: 'none' });
    try {
      await node.close();
    } finally {
      this.#ports.startAnew?.(link);
    }
  }
}

const OTHER_GROUP =
  'this link is for another group, and a browser can be in one: open it on another device, or in another browser or browser profile';
export const REMOVED =
  'this device was removed from the group, and no link lets it in again: under Devices it can leave the group, and then join as a new device';
