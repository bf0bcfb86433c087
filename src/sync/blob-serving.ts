/**
 * Serving blobs of one space over one link, in transfer chunks with their proofs. Answers wait for the link's credit, so a
 * peer that asks for much and reads slowly makes us hold a few chunks, not all that it asked for.
 */
import { chunkCount } from '../blob/merkle.ts';
import type { Bytes } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import { type BlobRef, blobKey, blobRootFrom, idBytes } from '../core/ids.ts';
import { MAX_QUEUED_CHUNKS, MAX_READS_AHEAD } from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import { type SessionContext, sendControl } from './session-context.ts';

export class BlobServing {
  readonly #context: SessionContext;
  readonly #servings: { readonly ref: BlobRef; readonly chunk: number }[] = [];
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

  onWantChunks([, , requests]: Message<'wantChunks'>['fields']): void {
    const { out, link, replica } = this.#context;
    if (!this.#context.mayServe()) return out.drop(link, 'want-before-open');
    for (const [root, size, chunk] of requests) {
      const ref: BlobRef = { root: blobRootFrom(root), size };
      if (!replica.holds(blobKey(ref)) || chunk >= chunkCount(size)) {
        sendControl(this.#context, 'lack', [root, size]);
        continue;
      }
      if (this.#servings.length >= MAX_QUEUED_CHUNKS) return out.drop(link, 'too-many-chunk-wants');
      this.#servings.push({ ref, chunk });
    }
    this.pump();
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
      const { ref, chunk } = this.#servings.shift() as { ref: BlobRef; chunk: number };
      this.#read(ref, chunk);
    }
  }

  #read(ref: BlobRef, chunk: number): void {
    this.#reading++;
    const { alias, out, replica, hooks } = this.#context;
    const root = idBytes(ref.root);
    out.request(
      'readChunk',
      { ref, chunk },
      ({ bytes, proof }) => {
        this.#reading--;
        this.#ready.push(encodeMessage('chunk', alias, root, ref.size, chunk, [...proof], bytes));
        this.pump();
      },
      (error) => {
        this.#reading--;
        if (isWaystationError(error, 'corrupt') || isWaystationError(error, 'not-found'))
          hooks.blobLost(replica, blobKey(ref));
        if (this.#context.mayServe()) sendControl(this.#context, 'lack', [root, ref.size]);
        this.pump();
      },
    );
  }
}
