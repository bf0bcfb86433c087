/**
 * Moving this device to another address, as the page does it. At the old address: rest, make the file, say that it has moved, or
 * stay after all. At the new one: take the file in.
 *
 * Invariants: while a device rests its node is not open, so that nothing is recorded, met or written; every change between resting and
 * not is durable before the page starts anew; at most one file is made or taken in at a time.
 */
import { msg, str } from '@lit/localize';
import { WaystationError } from '../../core/errors.ts';
import { loadPart } from '../../core/load-part.browser.ts';
import type { KeySeeds } from '../../identity/key-seeds.ts';
import {
  type Arrival,
  type Leaving,
  markLeaving,
  readArriving,
  readLeaving,
  takeArrival,
} from '../../station/moving-marks.ts';
import type { KeyPlace } from '../../station/moving-settle.ts';
import type { NodePorts } from '../../station/node.ts';
import { rememberedName } from '../../station/own-station.ts';
import { listSpaces } from '../../station/space-record.ts';
import type { Store } from '../../store/port.ts';
import type { ModelCore } from './model-core.ts';

/** What the page lends to moving. */
export interface MovingPorts {
  readonly keys: KeyPlace;
  /** The private halves of this node's keys; null when they cannot be taken along. */
  readonly seeds: () => Promise<KeySeeds | null>;
  readonly areMovable: () => Promise<boolean>;
  /** Starts the page anew. */
  readonly restart: () => void;
  /** Deletes what the page itself keeps of a file that was made: it is with the person, or of no use. Never rejects. */
  readonly forgetFile?: () => Promise<void>;
}

/** Where a file is written to. */
export interface SaveTarget {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** There will be no file. */
  abort(): Promise<void>;
}

/** A file that a person chose. */
export interface ChosenFile {
  readonly size: number;
  stream(): ReadableStream<Uint8Array>;
}

/** A file being made or taken in. */
export interface MovingWork {
  readonly doneBytes: number;
  /** About; null when it is not known. */
  readonly totalBytes: number | null;
  readonly sinceMs: number;
}

export interface MovingState {
  /** The device here rests, or has moved; null while it lives here. */
  readonly leaving: Leaving | null;
  readonly work: MovingWork | null;
  /** Size of the file that was made last, in bytes. */
  readonly packedBytes: number | null;
  /** Whether the identity can go along, or only the recordings; null until it is known. */
  readonly identityMoves: boolean | null;
  /** What is kept here, with the recordings and without, in bytes; null until it is known. */
  readonly sizes: { readonly everything: number; readonly withoutRecordings: number } | null;
}

export interface MovingModel {
  readonly state: MovingState;
  /** Finds out what can go along, for the views. */
  look(): Promise<void>;
  /** Stops recording and meeting, and starts the page anew, at rest. */
  rest(): Promise<void>;
  /** Six words for a file. */
  makeWords(): Promise<string>;
  /** Writes the file. @throws the error of an `AbortSignal` after {@link stop}. */
  pack(words: string, everything: boolean, target: SaveTarget): Promise<void>;
  /** The file is in the person's hands: the device lives elsewhere from now on. */
  confirmMoved(to: string): Promise<void>;
  /** It lives here again; starts the page anew. */
  stay(): Promise<void>;
  /** Shows the way in, instead of the doors. */
  showArriving(): void;
  /** Shows the doors again. */
  hideArriving(): void;
  /** Takes a file in, and starts the page anew. */
  unpack(file: ChosenFile, words: string): Promise<void>;
  /** Stops what is under way. */
  stop(): void;
  /** What the file is to be called. */
  fileName(): string;
}

/** What was being recorded is asked for anew at the new address. */
const STAYS = ['recording'] as const;

const NOTHING: MovingState = {
  leaving: null,
  work: null,
  packedBytes: null,
  identityMoves: null,
  sizes: null,
};

export class Moving implements MovingModel {
  state: MovingState = NOTHING;
  readonly #core: ModelCore;
  readonly #ports: MovingPorts;
  readonly #stopRecording: () => Promise<void>;
  /** Of a device at rest, whose node is not open. */
  #resting: NodePorts | undefined;
  #stopper: AbortController | undefined;

  constructor(core: ModelCore, ports: MovingPorts, stopRecording: () => Promise<void>) {
    this.#core = core;
    this.#ports = ports;
    this.#stopRecording = stopRecording;
  }

  #set(change: Partial<MovingState>): void {
    this.state = { ...this.state, ...change };
    this.#core.set({});
  }

  /** True when the device on these ports rests: its node is not to be opened. */
  async isResting(ports: NodePorts): Promise<boolean> {
    const leaving = await readLeaving(ports.store);
    if (leaving === null) {
      // Of a move that was given up, or ended while the page was closed.
      void this.#ports.forgetFile?.();
      return false;
    }
    this.#resting = ports;
    this.state = { ...this.state, leaving };
    this.#core.set({ phase: 'moving', deviceName: (await rememberedName(ports.store)) ?? '' });
    return true;
  }

  /** Says, once, what has arrived. */
  async greet({ store }: NodePorts): Promise<void> {
    const arrival = await takeArrival(store);
    if (arrival !== null) this.#core.tell(arrivalText(arrival));
  }

  #open(): NodePorts {
    return this.#resting ?? this.#core.node().ports;
  }

  async look(): Promise<void> {
    const { store } = this.#open();
    const [identityMoves, { usedBytes }, blobs] = await Promise.all([
      this.#ports.areMovable(),
      store.usage(),
      store.blobs.list(),
    ]);
    const recordings = blobs.reduce((sum, { ref }) => sum + ref.size, 0);
    const withoutRecordings = Math.max(0, usedBytes - recordings);
    this.#set({ identityMoves, sizes: { everything: Math.max(usedBytes, recordings), withoutRecordings } });
  }

  async rest(): Promise<void> {
    const node = this.#core.node();
    if (this.#core.state.recoveryWords !== null) {
      throw new WaystationError(
        'usage',
        msg('write down the recovery words of the group first: they are gone when the page starts anew'),
      );
    }
    await this.#stopRecording();
    const { store, clock } = node.ports;
    await markLeaving(store, { phase: 'packing', to: null, sinceMs: clock.nowMs() });
    this.#core.set({ phase: 'starting' });
    try {
      await node.close();
    } finally {
      this.#ports.restart();
    }
  }

  async makeWords(): Promise<string> {
    const { makeMovingWords } = await loadPart(() => import('../../station/moving-words.ts'));
    return makeMovingWords(this.#open().random);
  }

  async pack(words: string, everything: boolean, target: SaveTarget): Promise<void> {
    const ports = this.#atRest();
    await this.look();
    const { sizes } = this.state;
    const total = everything ? sizes?.everything : sizes?.withoutRecordings;
    await this.#work(total ?? null, async (signal, onProgress) => {
      let bytes = 0;
      try {
        const { packMoving } = await loadPart(() => import('../../station/moving-out.ts'));
        const { parseMovingWords } = await loadPart(() => import('../../station/moving-words.ts'));
        const file = packMoving({
          ...ports,
          publicKey: ports.keys.publicKey,
          seeds: await this.#ports.seeds(),
          name: this.#core.state.deviceName.slice(0, MAX_NAME_LENGTH),
          everything,
          nowMs: ports.clock.nowMs(),
          words: parseMovingWords(words),
          stays: STAYS,
          signal,
          onProgress,
        });
        for await (const chunk of file) {
          bytes += chunk.length;
          await target.write(chunk);
        }
        await this.#notePacked(ports);
        await target.close();
      } catch (error) {
        await target.abort().catch(() => undefined);
        throw error;
      }
      this.#set({ packedBytes: bytes });
    });
  }

  /** Before the file is in anybody's hands: from then on the device may be opened elsewhere, whatever this page was told. */
  async #notePacked({ store }: NodePorts): Promise<void> {
    const { leaving } = this.state;
    if (leaving?.phase !== 'packing') return;
    const packed = { ...leaving, phase: 'packed' } as const;
    // A disk that is full keeps nobody from leaving it.
    await markLeaving(store, packed).catch(() => undefined);
    this.#set({ leaving: packed });
  }

  async confirmMoved(to: string): Promise<void> {
    const { store, clock } = this.#atRest();
    const leaving = { phase: 'moved', to: to === '' ? null : to, sinceMs: clock.nowMs() } as const;
    await markLeaving(store, leaving);
    this.#set({ leaving });
    await this.#ports.forgetFile?.();
  }

  async stay(): Promise<void> {
    const { store } = this.#atRest();
    this.stop();
    await markLeaving(store, null);
    await this.#ports.forgetFile?.();
    this.#ports.restart();
  }

  showArriving(): void {
    if (this.#core.state.phase === 'no-space') this.#core.set({ phase: 'moving' });
  }

  hideArriving(): void {
    if (this.#resting === undefined && this.state.work === null) this.#core.set({ phase: 'no-space' });
  }

  async unpack(file: ChosenFile, words: string): Promise<void> {
    const node = this.#core.node();
    try {
      await this.#takeIn(node.ports, file, words);
    } catch (error) {
      // Something of it is here all the same: only a new start clears it, or finishes it.
      if (await isTouched(node.ports.store)) this.#ports.restart();
      throw error;
    }
    this.#core.set({ phase: 'starting' });
    try {
      await node.close();
    } finally {
      this.#ports.restart();
    }
  }

  #takeIn({ store, crypto }: NodePorts, file: ChosenFile, words: string): Promise<void> {
    return this.#work(file.size, async (signal, onProgress) => {
      const [{ unpackMoving }, { parseMovingWords }] = await Promise.all([
        loadPart(() => import('../../station/moving-in.ts')),
        loadPart(() => import('../../station/moving-words.ts')),
      ]);
      await unpackMoving({
        store,
        crypto,
        keys: this.#ports.keys,
        source: piecesOf(file),
        sizeBytes: file.size,
        words: parseMovingWords(words),
        signal,
        onProgress,
      });
    });
  }

  stop(): void {
    this.#stopper?.abort(new WaystationError('closed', msg('stopped, and nothing was changed')));
  }

  fileName(): string {
    const name = this.#core.state.deviceName.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '');
    const day = new Date(this.#open().clock.nowMs()).toISOString().slice(0, 10);
    return `waystation-${name === '' ? 'device' : name}-${day}.wsmove`;
  }

  #atRest(): NodePorts {
    if (this.#resting === undefined)
      throw new WaystationError('usage', 'this device has to rest before it moves');
    return this.#resting;
  }

  async #work(
    totalBytes: number | null,
    work: (signal: AbortSignal, onProgress: (bytes: number) => void) => Promise<void>,
  ): Promise<void> {
    if (this.#stopper !== undefined) throw new WaystationError('usage', 'one file after the other');
    const stopper = new AbortController();
    this.#stopper = stopper;
    const { clock } = this.#open();
    const sinceMs = clock.monotonicMs();
    let shownMs = sinceMs;
    this.#set({ work: { doneBytes: 0, totalBytes, sinceMs }, packedBytes: null });
    try {
      await work(stopper.signal, (doneBytes) => {
        // Drawing every piece anew would cost more than packing it.
        if (clock.monotonicMs() - shownMs < SHOW_EVERY_MS) return;
        shownMs = clock.monotonicMs();
        this.#set({ work: { doneBytes, totalBytes, sinceMs } });
      });
    } finally {
      this.#stopper = undefined;
      this.#set({ work: null });
    }
  }
}

/** An arrival that failed has left something, or was over when it failed. */
async function isTouched(store: Store): Promise<boolean> {
  try {
    return (await readArriving(store)) !== null || (await listSpaces(store)).length > 0;
  } catch {
    return true;
  }
}

/** The bound of the file's format. */
const MAX_NAME_LENGTH = 200;
const SHOW_EVERY_MS = 100;

/** Not every browser iterates over streams. */
async function* piecesOf(file: ChosenFile): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function arrivalText({ name, identity, damaged }: Arrival): string {
  const came = identity
    ? msg(
        str`${name} lives here now, with everything it brought along. Press Record when it is to record here.`,
      )
    : msg(str`The recordings of ${name} are here. Join the group with a link to go on.`);
  if (damaged === 0) return came;
  return `${came} ${msg(str`${damaged} recordings were damaged and were left out; they come again from other devices that have them.`)}`;
}
