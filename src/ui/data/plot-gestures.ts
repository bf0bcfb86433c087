/** Wheel, drag and pinch over a plot, as stretches of time. Vertical swipes still scroll the page (`touch-action: pan-y`). */
import { moved, type Span, zoomed } from './view-state.ts';

export interface GestureTarget {
  readonly span: Span;
  readonly bounds: Span;
  /** Left edge and width of what shows `span`, CSS pixels of the viewport. */
  area(): { readonly left: number; readonly width: number };
  /** @param isDone the gesture is over. */
  show(span: Span, isDone: boolean): void;
}

/** Wheel steps of so many pixels double or halve the span. */
const PIXELS_PER_DOUBLING = 320;
/** A gesture by wheel is over when nothing came for so long, ms. */
const WHEEL_PAUSE_MS = 250;
/** A touch that moved less is a tap, px. */
const TAP_PX = 6;

export class PlotGestures {
  readonly #target: GestureTarget;
  readonly #pointers = new Map<number, { x: number; y: number; startX: number }>();
  #isDragging = false;
  #wheelTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(target: GestureTarget) {
    this.#target = target;
  }

  readonly wheel = (event: WheelEvent): void => {
    const { span, bounds } = this.#target;
    const unit = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const next = isSideways
      ? moved(span, (event.deltaX * unit) / this.#target.area().width, bounds)
      : zoomed(span, 2 ** ((event.deltaY * unit) / PIXELS_PER_DOUBLING), this.#timeAt(event.clientX), bounds);
    // At the ends the page scrolls on.
    if (next.fromMs === span.fromMs && next.toMs === span.toMs) return;
    event.preventDefault();
    this.#target.show(next, false);
    clearTimeout(this.#wheelTimer);
    this.#wheelTimer = setTimeout(() => this.#target.show(this.#target.span, true), WHEEL_PAUSE_MS);
  };

  readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX });
  };

  readonly move = (event: PointerEvent): void => {
    const own = this.#pointers.get(event.pointerId);
    if (own === undefined) return;
    const { span, bounds } = this.#target;
    const { width } = this.#target.area();
    const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (!this.#isDragging) {
      if (other === undefined && Math.abs(event.clientX - own.startX) < TAP_PX) return;
      this.#isDragging = true;
      if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
    }
    const before = { x: own.x, y: own.y };
    own.x = event.clientX;
    own.y = event.clientY;
    if (other === undefined) {
      this.#target.show(moved(span, (before.x - own.x) / width, bounds), false);
      return;
    }
    // Fingers may lie above each other as well as beside.
    const apart = (at: { x: number; y: number }) => Math.max(8, Math.hypot(at.x - other.x, at.y - other.y));
    const factor = apart(before) / apart(own);
    this.#target.show(zoomed(span, factor, this.#timeAt((own.x + other.x) / 2), bounds), false);
  };

  readonly up = (event: PointerEvent): void => {
    this.#pointers.delete(event.pointerId);
    if (!this.#isDragging || this.#pointers.size > 0) return;
    this.#isDragging = false;
    this.#target.show(this.#target.span, true);
  };

  /** Two fingers zoom, also when they move upwards: the page must not take that for scrolling. */
  readonly touch = (event: TouchEvent): void => {
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  };

  /** Nothing more is to come. */
  end(): void {
    clearTimeout(this.#wheelTimer);
    this.#pointers.clear();
    this.#isDragging = false;
  }

  #timeAt(clientX: number): number {
    const { left, width } = this.#target.area();
    const { fromMs, toMs } = this.#target.span;
    const part = Math.min(1, Math.max(0, (clientX - left) / width));
    return fromMs + part * (toMs - fromMs);
  }
}
