/** What the parts of one space's session on one link share. */
import type { Bytes } from '../core/bytes.ts';
import type { NodeId } from '../core/ids.ts';
import type { Placement } from '../feed/feed-index.ts';
import type { LinkId, Outbox } from './effects.ts';
import type { FetchBudget } from './fetch-budget.ts';
import { MAX_NAMES_PER_MESSAGE } from './limits.ts';
import type { LinkNames } from './link-names.ts';
import { encodeMessage, type MessageName } from './messages.ts';
import type { Replica } from './replica.ts';

/** What the engine does when one session has changed the space for all of them. */
export interface SpaceHooks {
  /** Entries are durable and taken in. */
  committed(replica: Replica, placement: Placement): void;
  /** Members may have come or gone, without an entry of any feed. */
  membersChanged(replica: Replica): void;
  /** A blob is whole. */
  blobHeld(replica: Replica, key: string): void;
  /** A blob that was held could not be read: it is damaged. */
  blobLost(replica: Replica, key: string): void;
  /** A newer beat of `author` is known. */
  beatChanged(replica: Replica, author: NodeId): void;
  /** Something was freed or offered: every link of the space should look for work again. */
  reschedule(replica: Replica): void;
  /** Somebody asks for blobs through us: do not wait for the next round of asking others. */
  pullSoon(): void;
  /** Fetching blobs is paused because the store cannot take more. */
  storeTrouble(error: unknown): void;
  readonly storePaused: boolean;
  /** How much may be fetched, over all spaces and links. */
  readonly budget: FetchBudget;
}

export interface SessionContext {
  readonly self: NodeId;
  readonly link: LinkId;
  readonly peer: NodeId;
  /** We opened the link. */
  readonly initiator: boolean;
  readonly alias: Bytes;
  /** Numbers for feeds and epochs of this space on this link. */
  readonly names: LinkNames;
  readonly replica: Replica;
  readonly out: Outbox;
  readonly hooks: SpaceHooks;
  /** We may give this peer bytes of the space: it is a member by our own records. */
  mayServe(): boolean;
  /** We may take entries and blobs from it: it is a member, or its chain checks out. */
  mayTake(): boolean;
  /** Wrong data: counted, and after a few the link is closed. */
  strike(reason: string): void;
  /** Bytes that the bulk channel still takes. */
  bulkCredit(): number;
  sendBulk(bytes: Bytes): void;
}

type FieldsAfterAlias<N extends MessageName> =
  Parameters<typeof encodeMessage<N>> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/** Sends a control message of this space, and before it the names that are used in it. */
export function sendControl<N extends MessageName>(
  context: SessionContext,
  name: N,
  ...fields: FieldsAfterAlias<N>
): void {
  const unsaid = context.names.takeUnsaid();
  for (let i = 0; i < unsaid.length; i += MAX_NAMES_PER_MESSAGE) {
    const names = encodeMessage('names', context.alias, unsaid.slice(i, i + MAX_NAMES_PER_MESSAGE));
    context.out.send(context.link, 'control', names);
  }
  const all = [name, context.alias, ...fields] as unknown as Parameters<typeof encodeMessage<N>>;
  context.out.send(context.link, 'control', encodeMessage(...all));
}
