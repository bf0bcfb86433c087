/**
 * Serving blobs of one space over one link, in transfer chunks with their proofs. Answers wait for the link's credit, so a
 * peer that asks for much and reads slowly makes us hold a few chunks, not all that it asked for.
 */
import { chunkCount } from '../blob/merkle.ts';
import { type Bytes, toHex } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey, blobRootFrom } from '../core/ids.ts';
import { MAX_QUEUED_CHUNKS, MAX_READS_AHEAD } from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

interface Serving {
  /** The peer's number for it. */
  readonly request: number;
  readonly ref: BlobRef;
  readonly chunk: number;
}

export class BlobServing {
  readonly #context: SessionContext;
  readonly #servings: Serving[] = [];
  #reading = 0;
  /** Chunks that were read and wait for the link to take them. */
  readonly #ready: Bytes[] = [];

  constructor(context: SessionContext) {
    this.#context = context;
  }

  stop(): void {
    this.#servings.length = 0;
    this.#ready.length = 0;
  }

  onWantChunks([, , first, wants]: Message<'wantChunks'>['fields']): void {
    const { out, link, replica } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [i, want] of wants.entries()) {
      const ref = this.#refOf(want);
      const chunk = want.at(-1) as number;
      if (ref === undefined || !replica.holds(blobKey(ref)) || chunk >= chunkCount(ref.size)) {
        sendControl(this.#context, 'lack', first + i);
        continue;
      }
      if (this.#servings.length >= MAX_QUEUED_CHUNKS) return out.drop(link, 'too-many-chunk-wants');
      this.#servings.push({ request: first + i, ref, chunk });
    }
    this.pump();
  }

  /** The blob that is meant; none where an author has named two whose roots begin alike at one position. */
  #refOf(want: Message<'wantChunks'>['fields'][3][number]): BlobRef | undefined {
    if (want.length === 3) return { root: blobRootFrom(want[0]), size: want[1] };
    const [name, seq, rootStart] = want;
    const { author, feed } = this.#context.names.feedOf(name);
    const start = toHex(rootStart);
    const refs = this.#context.replica.index.blobsAt(author, feed, seq);
    const meant = refs.filter(({ root }) => root.startsWith(start));
    return meant.every((ref) => blobKey(ref) === blobKey(meant[0] as BlobRef)) ? meant[0] : undefined;
  }

  /**
   * Serves queued requests while the link takes bytes; one message may exceed its credit. Called again when it drains, and
   * when a read is done.
   */
  pump(): void {
    if (!this.#context.mayServe()) return this.stop();
    while (this.#ready.length > 0 && this.#context.bulkCredit() > 0) {
      this.#context.sendBulk(this.#ready.shift() as Bytes);
    }
    while (
      this.#servings.length > 0 &&
      this.#reading + this.#ready.length < MAX_READS_AHEAD &&
      this.#context.bulkCredit() > 0
    ) {
      this.#read(this.#servings.shift() as Serving);
    }
  }

  #read({ request, ref, chunk }: Serving): void {
    this.#reading++;
    const { alias, out, replica, hooks } = this.#context;
    out.request(
      'readChunk',
      { ref, chunk },
      ({ bytes, proof }) => {
        this.#reading--;
        this.#ready.push(encodeMessage('chunk', alias, request, [...proof], bytes));
        this.pump();
      },
      (error) => {
        this.#reading--;
        if (isWaystationError(error, 'corrupt') || isWaystationError(error, 'not-found'))
          hooks.blobLost(replica, blobKey(ref));
        if (this.#context.mayServe()) sendControl(this.#context, 'lack', request);
        this.pump();
      },
    );
  }
}
