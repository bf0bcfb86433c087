/** Pictures on their way into the space: written to the store first, published when that is possible, in order. */
import * as v from 'valibot';
import { asBytes, type Bytes } from '../core/bytes.ts';
import { decodeCbor, encodeCbor } from '../core/cbor.ts';
import { isWaystationError, WaystationError } from '../core/errors.ts';
import type { StationId } from '../core/ids.ts';
import type { Store } from '../store/port.ts';
import { pictureLog } from './unsealed-logs.ts';

export interface Picture {
  readonly atMs: number;
  readonly mediaType: string;
  readonly replay: boolean;
  readonly bytes: Uint8Array;
}

/** The largest still of a phone's camera is about 12 MiB; the store takes records of 16. */
const MAX_PICTURE_BYTES = 15 * 2 ** 20;
/** Time, media type and what CBOR adds. */
const RECORD_OVERHEAD_BYTES = 4_096;
const schema = v.strictTuple([
  v.number(),
  v.string(),
  v.boolean(),
  v.instance(Uint8Array) as v.GenericSchema<Bytes>,
]);

export class PictureQueue {
  readonly #store: Store;
  readonly #log: string;
  readonly #publish: (picture: Picture & { readonly bytes: Bytes }) => Promise<void>;
  #tail: Promise<void> = Promise.resolve();

  /** @param publish rejects with `no-key` while the node has not been let in. */
  constructor(
    store: Store,
    station: StationId,
    publish: (picture: Picture & { readonly bytes: Bytes }) => Promise<void>,
  ) {
    this.#store = store;
    this.#log = pictureLog(station);
    this.#publish = publish;
  }

  /** Publishes a picture; keeps it durably when that cannot be done yet. */
  add(picture: Picture): Promise<void> {
    if (picture.bytes.length > MAX_PICTURE_BYTES) {
      const what = `expected a picture of at most ${MAX_PICTURE_BYTES} bytes, got ${picture.bytes.length}: take smaller ones`;
      return Promise.reject(new WaystationError('limit', what));
    }
    return this.#inTurn(async () => {
      const bytes = asBytes(picture.bytes);
      try {
        await this.#publish({ ...picture, bytes });
      } catch (error) {
        if (!isWaystationError(error, 'no-key')) throw error;
        const record = encodeCbor([picture.atMs, picture.mediaType, picture.replay, bytes]);
        await this.#store.logs.append(this.#log, [record], 'relaxed');
      }
    });
  }

  /** Publishes what was kept. A crash in between publishes some twice, never loses one. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      const count = (await this.#store.logs.list()).get(this.#log) ?? 0;
      try {
        for (let at = 0; at < count; at++) {
          const [record] = await this.#store.logs.read(this.#log, at, 1, MAX_PICTURE_BYTES);
          if (record === undefined) break;
          const [atMs, mediaType, replay, bytes] = v.parse(
            schema,
            decodeCbor(record, MAX_PICTURE_BYTES + RECORD_OVERHEAD_BYTES),
          );
          await this.#publish({ atMs, mediaType, replay, bytes });
        }
        if (count > 0) await this.#store.logs.remove(this.#log);
      } catch (error) {
        if (!isWaystationError(error, 'no-key')) throw error;
      }
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
