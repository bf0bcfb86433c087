/** Keeps a view's measurements of the connections fresh while it is on the page. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { MeasuredConnection, NetworkModel } from '../model/network-model.ts';

/** Often enough to see a transfer start, rarely enough to cost nothing. */
const MEASURE_EVERY_MS = 2_000;

export class ConnectionWatch implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #network: () => NetworkModel;
  #timer: ReturnType<typeof setInterval> | undefined;
  #connections: readonly MeasuredConnection[] | null = null;

  constructor(host: ReactiveControllerHost, network: () => NetworkModel) {
    this.#host = host;
    this.#network = network;
    host.addController(this);
  }

  /** The last measurements; null before the first. */
  get connections(): readonly MeasuredConnection[] | null {
    return this.#connections;
  }

  hostConnected(): void {
    this.#timer = setInterval(() => void this.#measure(), MEASURE_EVERY_MS);
    // The view is given its model after it was connected.
    queueMicrotask(() => void this.#measure());
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    try {
      this.#connections = await this.#network().measure();
    } catch {
      this.#connections = []; // not in a group any more, or not yet
    }
    this.#host.requestUpdate();
  }
}
