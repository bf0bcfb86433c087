/**
 * What the sync engine asks of the world, as data. An effect with an `id` wants an answer: the driver calls
 * `engine.result(id, value)` or `engine.failed(id, error)` once, in any order, at any later time (at once is fine).
 */
import type { Bytes } from '../core/bytes.ts';
import type { BlobRef, NodeId, SpaceId } from '../core/ids.ts';
import type { Verification } from '../core/ports.ts';
import type { Entry, Head } from '../feed/entry.ts';
import type { Segment } from '../feed/feed-index.ts';
import type { Channel } from '../mesh/port.ts';

export type LinkId = number;
export type EffectId = number;

/** Effects with answers and what the answer is. */
export interface Requests {
  /** Sign with the node's key: the signature. */
  sign: { ask: { message: Bytes }; answer: Bytes };
  /** Check signatures: one boolean each. */
  verify: { ask: { items: readonly Verification[] }; answer: readonly boolean[] };
  /** SHA-256 of each chunk. */
  digest: { ask: { chunks: readonly Uint8Array[] }; answer: readonly Bytes[] };
  /** Make entries of one feed durable (`strict`) in the branch's log. */
  append: {
    ask: { space: SpaceId; branch: string; entries: readonly Entry[]; verified: (entry: Entry) => boolean };
    answer: undefined;
  };
  /** Read entries back: their exact bytes, in order, stopping before `maxBytes` but at least one. */
  readEntries: { ask: { space: SpaceId; segment: Segment; maxBytes: number }; answer: readonly Bytes[] };
  /** Write verified leaves, the first of their blob or more: whether the blob is complete now. */
  writeLeaves: {
    ask: { space: SpaceId; ref: BlobRef; firstLeaf: number; bytes: Bytes; isFirst: boolean };
    answer: boolean;
  };
  /** Read one transfer chunk with its Merkle proof. */
  readChunk: { ask: { ref: BlobRef; chunk: number }; answer: { bytes: Bytes; proof: readonly Bytes[] } };
  /** Write an `admit` entry in our own control feed and hand it to `localEntries`: answered when that is done. */
  writeAdmit: { ask: { space: SpaceId; body: Bytes }; answer: undefined };
}

export type RequestName = keyof Requests;

export type RequestEffect = {
  [N in RequestName]: { readonly type: N; readonly id: EffectId } & Readonly<Requests[N]['ask']>;
}[RequestName];

/** Things worth telling the layer above; nothing depends on them being heard. */
export type Notice =
  | { readonly kind: 'peer-proved'; readonly link: LinkId; readonly node: NodeId }
  | { readonly kind: 'space-open'; readonly link: LinkId; readonly node: NodeId; readonly space: SpaceId }
  | {
      readonly kind: 'refused';
      readonly link: LinkId;
      readonly node: NodeId;
      readonly space: SpaceId;
      readonly code: string;
    }
  | {
      readonly kind: 'refused-by-peer';
      readonly link: LinkId;
      readonly node: NodeId;
      readonly space: SpaceId;
      readonly code: string;
    }
  | { readonly kind: 'compared'; readonly link: LinkId; readonly node: NodeId; readonly space: SpaceId }
  | { readonly kind: 'entries'; readonly space: SpaceId; readonly entries: readonly Entry[] }
  | { readonly kind: 'blob-complete'; readonly space: SpaceId; readonly ref: BlobRef }
  | { readonly kind: 'beat'; readonly space: SpaceId; readonly author: NodeId }
  | { readonly kind: 'forked'; readonly space: SpaceId; readonly author: NodeId; readonly feed: string }
  /** The network holds entries of our own feed that we do not: it must not be written to any more. */
  | { readonly kind: 'own-feed-elsewhere'; readonly space: SpaceId; readonly head: Head }
  | { readonly kind: 'dropped'; readonly link: LinkId; readonly reason: string }
  | { readonly kind: 'store-trouble'; readonly code: string; readonly message: string };

export type Effect =
  | { readonly type: 'send'; readonly link: LinkId; readonly channel: Channel; readonly bytes: Bytes }
  | { readonly type: 'close'; readonly link: LinkId; readonly reason: string }
  | { readonly type: 'notice'; readonly notice: Notice }
  | RequestEffect;

/** How the parts of the engine ask: with the continuation that gets the answer. */
export interface Outbox {
  send(link: LinkId, channel: Channel, bytes: Bytes): void;
  close(link: LinkId, reason: string): void;
  notice(notice: Notice): void;
  /** Counts hostile or useless input under its reason. */
  drop(link: LinkId, reason: string): void;
  request<N extends RequestName>(
    type: N,
    ask: Requests[N]['ask'],
    done: (answer: Requests[N]['answer']) => void,
    failed?: (error: unknown) => void,
  ): void;
  /** Monotonic time of the event being handled, ms. */
  readonly nowMs: number;
  /** The date as this device believes it, ms since the Unix epoch. */
  readonly wallMs: number;
}
