/** Keeps a view drawn for the width that it has: canvases and plots are given pixels, not percents. */
import type { LitElement, ReactiveController } from 'lit';

export class WidthWatch implements ReactiveController {
  readonly #host: LitElement;
  readonly #resized: ResizeObserver;
  #px = 0;

  /** @param takenPx what of the host's width labels and edges take, px. */
  constructor(host: LitElement, takenPx = 0) {
    this.#host = host;
    this.#resized = new ResizeObserver(([entry]) => {
      const px = Math.floor((entry?.contentRect.width ?? 0) - takenPx);
      if (px === this.#px) return;
      this.#px = px;
      host.requestUpdate();
    });
    host.addController(this);
  }

  /** What is left for drawing, whole px; 0 or less while the host is not laid out or too narrow. */
  get px(): number {
    return this.#px;
  }

  hostConnected(): void {
    this.#resized.observe(this.#host);
  }

  hostDisconnected(): void {
    this.#resized.disconnect();
  }
}
