/**
 * A link as the mesh hands it out: the transport's link, plus what the mesh needs to know about it. Closing it, from
 * either side or by the owner, reaches the owner first and the mesh second, once each.
 */
import type { Bytes } from '../core/bytes.ts';
import type { NodeId, SpaceId } from '../core/ids.ts';
import { LinkInbox } from './link-inbox.ts';
import type { LinkPath } from './link-path.ts';
import type { Channel, Link, LinkHandlers } from './port.ts';

/** How a link came about. The node id is the peer's claim until the session above has proved it. */
export interface LinkInfo {
  /** URL of the host that carried the signaling; `direct:address:port` of a relay that was dialled, `direct` where somebody dialled this one. */
  readonly host: string;
  /** Null on a direct link: nobody claimed to be anybody. */
  readonly peerNode: NodeId | null;
  /** Spaces in which the two met; more may turn out to be shared. */
  readonly spaces: readonly SpaceId[];
}

export class TrackedLink implements Link {
  readonly info: LinkInfo;
  readonly openedMs: number;
  /** The owner has proof that the peer is who it claimed to be. */
  proven = false;
  readonly #link: Link;
  readonly #inbox = new LinkInbox();

  constructor(
    link: Link,
    info: LinkInfo,
    openedMs: number,
    onClosed: (link: TrackedLink, reason: string) => void,
  ) {
    this.#link = link;
    this.info = info;
    this.openedMs = openedMs;
    link.attach({
      onMessage: (channel, bytes) => {
        if (!this.#inbox.deliver(channel, bytes)) link.close('nobody attached');
      },
      onDrain: () => this.#inbox.drained(),
      onClose: (reason) => {
        this.#inbox.close(reason);
        onClosed(this, reason);
      },
    });
  }

  get initiator(): boolean {
    return this.#link.initiator;
  }

  get localFingerprint(): Bytes {
    return this.#link.localFingerprint;
  }

  get remoteFingerprint(): Bytes {
    return this.#link.remoteFingerprint;
  }

  get isClosed(): boolean {
    return this.#inbox.isClosed;
  }

  attach(handlers: LinkHandlers): void {
    this.#inbox.attach(handlers);
  }

  send(channel: Channel, bytes: Uint8Array): void {
    this.#link.send(channel, bytes);
  }

  bulkCredit(): number {
    return this.#link.bulkCredit();
  }

  path(): Promise<LinkPath | null> {
    return this.isClosed ? Promise.resolve(null) : this.#link.path();
  }

  close(reason: string): void {
    this.#link.close(reason);
  }
}
