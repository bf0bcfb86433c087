/**
 * Serving blobs of one space over one link, in transfer chunks with their proofs. Answers wait for the link's credit, so a
 * peer that asks for much and reads slowly makes us hold a few chunks, not all that it asked for.
 */
import { chunkCount } from '../blob/merkle.ts';
import { type BlobRef, blobKey, blobRootFrom, idBytes } from '../core/ids.ts';
import { MAX_QUEUED_CHUNKS, MAX_READS_AHEAD } from './limits.ts';
import { encodeMessage, type Message } from './messages.ts';
import { type SpaceContext, sendControl } from './space-context.ts';

export class BlobServing {
  readonly #context: SpaceContext;
  readonly #servings: { readonly ref: BlobRef; readonly chunk: number }[] = [];
  #reading = 0;

  constructor(context: SpaceContext) {
    this.#context = context;
  }

  stop(): void {
    this.#servings.length = 0;
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

  /** Serves queued requests while the link takes bytes. Called again when it drains. */
  pump(): void {
    const { out } = this.#context;
    while (this.#servings.length > 0 && this.#reading < MAX_READS_AHEAD && this.#context.bulkCredit() > 0) {
      if (!this.#context.mayServe()) {
        this.#servings.length = 0;
        return;
      }
      const { ref, chunk } = this.#servings.shift() as { ref: BlobRef; chunk: number };
      this.#reading++;
      out.request(
        'readChunk',
        { ref, chunk },
        ({ bytes, proof }) => {
          this.#reading--;
          const { alias } = this.#context;
          if (this.#context.mayServe()) {
            const message = encodeMessage(
              'chunk',
              alias,
              idBytes(ref.root),
              ref.size,
              chunk,
              [...proof],
              bytes,
            );
            this.#context.sendBulk(message);
          }
          this.pump();
        },
        () => {
          this.#reading--;
          sendControl(this.#context, 'lack', [idBytes(ref.root), ref.size]);
          this.pump();
        },
      );
    }
  }
}
