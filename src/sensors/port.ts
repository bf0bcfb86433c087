/**
 * Drivers: what turns a sensor, a cable or a recording into batches of readings. Adapters stand beside this file.
 * A driver never invents, smooths or reorders readings; what it cannot deliver it reports as a gap with a cause.
 */
import type { GapCause, ReadingBatch, StreamDescriptor } from '../hour/types.ts';

export type Availability =
  | { readonly state: 'available' }
  /** Can be had after the person allows it; `ask` says in one sentence why it is wanted. */
  | { readonly state: 'needs-permission'; readonly ask: string }
  /** The person, or the browser in their name, said no; `reason` says where that is changed. */
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'unavailable'; readonly reason: string };

export interface DriverSink {
  /** Called once per stream before its first batch; the returned number names the stream in later calls. */
  addStream(descriptor: StreamDescriptor): number;
  batch(stream: number, batch: ReadingBatch): void;
  /** The stream delivered nothing from `fromMs` on, for `cause`; ends with the next batch. */
  gap(stream: number, fromMs: number, cause: GapCause, detail?: string): void;
  /** A picture, already encoded (`image/jpeg` and the like). */
  picture?(atMs: number, mediaType: string, bytes: Uint8Array): void;
}

export interface Driver {
  /** Tells drivers of one device apart, also after a restart. */
  readonly name: string;
  /** What the device calls itself, where it is not this one itself: a USB sensor. */
  readonly device?: string;
  /** True when the readings are a recording's, not this device's: shown wherever they are shown. */
  readonly replay: boolean;
  probe(): Promise<Availability>;
  /**
   * Asks the person for permission, where the browser only takes that question straight from a tap. Called before `run`, in the same
   * task as the tap; resolves also when the answer is no, which `run` then says.
   */
  ask?(): Promise<void>;
  /** Which of several devices it could use, each with the name the browser gives it; empty while nothing may be said. */
  choices?(): Promise<readonly { readonly id: string; readonly label: string }[]>;
  /**
   * Delivers until `signal` aborts or the source ends; resolves then.
   * @throws WaystationError `unavailable` with what the person can do, when it cannot start.
   */
  run(sink: DriverSink, signal: AbortSignal): Promise<void>;
}
