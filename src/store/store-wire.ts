/**
 * What passes between a page and the worker that keeps its store. Comlink carries the calls; errors are carried as values,
 * because cloning an `Error` drops its `code`.
 */
import { type ErrorCode, errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import type { BlobStore, LogStore, Recovery, StateStore, StoreUsage } from './port.ts';

/** Every call a page can make, flat: name → the function it stands for. */
export interface StoreCalls {
  open: (name: string) => Promise<readonly Recovery[]>;
  usage: () => Promise<StoreUsage>;
  close: () => Promise<void>;
  'logs.list': LogStore['list'];
  'logs.append': LogStore['append'];
  'logs.read': LogStore['read'];
  'logs.remove': LogStore['remove'];
  'state.get': StateStore['get'];
  'state.put': StateStore['put'];
  'state.delete': StateStore['delete'];
  'state.keys': StateStore['keys'];
  'blobs.list': BlobStore['list'];
  'blobs.held': BlobStore['held'];
  'blobs.write': BlobStore['write'];
  'blobs.put': BlobStore['put'];
  'blobs.read': BlobStore['read'];
  'blobs.remove': BlobStore['remove'];
}

export type CallName = keyof StoreCalls;
export type CallResult<N extends CallName> = Awaited<ReturnType<StoreCalls[N]>>;

export type Reply<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly kind: 'family' | 'range' | 'other';
      readonly code: ErrorCode;
      readonly message: string;
    };

/** What the worker exposes. */
export interface StoreWorkerApi {
  request<N extends CallName>(name: N, args: Parameters<StoreCalls[N]>): Promise<Reply<CallResult<N>>>;
}

/** An error as it travels. */
export function failureReply(error: unknown): Reply<never> {
  if (isWaystationError(error))
    return { ok: false, kind: 'family', code: error.code, message: error.message };
  const kind = error instanceof RangeError || error instanceof TypeError ? 'range' : 'other';
  return { ok: false, kind, code: 'unavailable', message: errorMessage(error) };
}

/** The value of a reply. @throws the error it carries, made anew on this side. */
export function readReply<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.value;
  throw reply.kind === 'range'
    ? new RangeError(reply.message)
    : new WaystationError(reply.code, reply.message);
}

/** The buffers behind every byte string in `value`, once each, to be handed over instead of copied. */
export function transferables(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const collect = (item: unknown): void => {
    if (item instanceof Uint8Array && item.buffer instanceof ArrayBuffer) buffers.add(item.buffer);
    else if (Array.isArray(item)) for (const inner of item) collect(inner);
    else if (typeof item === 'object' && item !== null && 'bits' in item) collect(item.bits);
    else if (typeof item === 'object' && item !== null && 'value' in item) collect(item.value);
  };
  collect(value);
  return [...buffers];
}
