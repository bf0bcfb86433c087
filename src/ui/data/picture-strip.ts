/**
 * Pictures on the time axis of the plot: as many as fit beside each other, each where it was taken. A tap opens one large. Pictures are
 * opened and made small off the page's thread, and only those in sight.
 */
import { msg, str } from '@lit/localize';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { PictureRecord } from '../../station/catalog.ts';
import { lowerBound } from '../../station/timeline.ts';
import type { DataModel, DataStation } from '../model/data-port.ts';
import { SHARED_STYLES } from '../parts/shared-styles.ts';
import { WidthWatch } from '../parts/width-watch.ts';
import { PLOT_LEFT_PX, PLOT_RIGHT_PX } from './plot-shape.ts';
import { momentText } from './time-words.ts';
import type { Span } from './view-state.ts';

const THUMB_PX = 84;
const THUMB_TALL_PX = 63;
/** On a phone. */
const NARROW_THUMB_PX = 56;
const NARROW_FROM_PX = 420;
/** Small pictures that are kept: some screens full, at 84 × 63 pixels times the screen's density a few MiB. */
const MAX_THUMBS = 120;
/** Opened at once: each is a whole picture for a moment. */
const AT_ONCE = 2;

export interface StationPicture {
  readonly station: DataStation;
  readonly picture: PictureRecord;
}

/** Pictures of the stations in a stretch of time, in order. */
export function picturesIn(stations: readonly DataStation[], { fromMs, toMs }: Span): StationPicture[] {
  const found = stations.flatMap((station) => {
    const times = timesOf(station.pictures);
    return station.pictures
      .slice(lowerBound(times, fromMs), lowerBound(times, toMs))
      .map((picture) => ({ station, picture }));
  });
  return stations.length < 2 ? found : found.sort((a, b) => a.picture.body.atMs - b.picture.body.atMs);
}

const times = new WeakMap<readonly PictureRecord[], Float64Array>();

function timesOf(pictures: readonly PictureRecord[]): Float64Array {
  let known = times.get(pictures);
  if (known === undefined) {
    known = Float64Array.from(pictures, ({ body }) => body.atMs);
    times.set(pictures, known);
  }
  return known;
}

/** At most one of each slot, the one nearest to its middle, so that none lies on another. */
export function thinned(
  pictures: readonly StationPicture[],
  span: Span,
  slots: number,
): readonly StationPicture[] {
  const slotMs = (span.toMs - span.fromMs) / Math.max(1, slots);
  const best = new Map<number, StationPicture>();
  const off = ({ picture }: StationPicture, slot: number) =>
    Math.abs(picture.body.atMs - span.fromMs - (slot + 0.5) * slotMs);
  for (const one of pictures) {
    const slot = Math.floor((one.picture.body.atMs - span.fromMs) / slotMs);
    const before = best.get(slot);
    if (before === undefined || off(one, slot) < off(before, slot)) best.set(slot, one);
  }
  return [...best.entries()].sort(([a], [b]) => a - b).map(([, one]) => one);
}

export class PictureStrip extends LitElement {
  static override properties = {
    data: { attribute: false },
    stations: { attribute: false },
    span: { attribute: false },
  };
  static override styles = [
    SHARED_STYLES,
    css`
      p {
        margin: 16px 0 4px;
      }
      .strip {
        position: relative;
        height: ${THUMB_TALL_PX + 4}px;
        margin-inline: ${PLOT_LEFT_PX}px ${PLOT_RIGHT_PX}px;
      }
      button {
        position: absolute;
        inset-block-start: 0;
        width: ${THUMB_PX}px;
        height: ${THUMB_TALL_PX}px;
        min-height: 0;
        padding: 0;
        overflow: hidden;
        border-radius: 4px;
        border: 2px solid var(--ws-edge);
        background: var(--ws-ground);
        font-size: 0.75rem;
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
    `,
  ];

  declare data: DataModel;
  declare stations: readonly DataStation[];
  declare span: Span;
  readonly #width = new WidthWatch(this, PLOT_LEFT_PX + PLOT_RIGHT_PX);
  readonly #thumbs = new Map<string, ImageBitmap | 'missing' | 'broken'>();
  readonly #queue: StationPicture[] = [];
  #working = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#queue.length = 0;
    for (const thumb of this.#thumbs.values()) if (typeof thumb !== 'string') thumb.close();
    this.#thumbs.clear();
  }

  protected override render(): TemplateResult | typeof nothing {
    const all = picturesIn(this.stations, this.span);
    if (all.length === 0 || this.#width.px <= 0) return nothing;
    const thumbPx = this.#width.px < NARROW_FROM_PX ? NARROW_THUMB_PX : THUMB_PX;
    const slots = Math.max(1, Math.floor(this.#width.px / (thumbPx + 4)));
    const shown = thinned(all, this.span, slots);
    const { fromMs, toMs } = this.span;
    this.#queue.length = 0;
    const said =
      shown.length < all.length
        ? msg(str`${shown.length} of ${all.length} pictures; zoom in for the others`)
        : all.length === 1
          ? msg('1 picture')
          : msg(str`${all.length} pictures`);
    return html`<p class="soft">${said}</p>
      <div class="strip">
        ${shown.map((one) => {
          const { atMs } = one.picture.body;
          const x = ((atMs - fromMs) / (toMs - fromMs)) * this.#width.px - thumbPx / 2;
          const left = Math.min(this.#width.px - thumbPx, Math.max(0, x));
          const label = msg(str`Picture of ${one.station.name}, ${momentText(atMs, toMs - fromMs)}`);
          return html`<button style="inset-inline-start: ${left}px; width: ${thumbPx}px" aria-label=${label} @click=${() => this.#open(one, all)}>
            ${this.#thumb(one)}
          </button>`;
        })}
      </div>`;
  }

  #elsewhere(one: StationPicture): string {
    return this.data.isInFolder(one.picture) ? msg('in the folder') : msg('not here yet');
  }

  #thumb(one: StationPicture): TemplateResult {
    const key = one.picture.entry.id;
    const thumb = this.#thumbs.get(key);
    if (thumb === undefined || (thumb === 'missing' && this.data.isHeld(one.picture))) {
      if (this.data.isHeld(one.picture)) this.#queue.push(one);
      else return html`${this.#elsewhere(one)}`;
      queueMicrotask(() => this.#work());
      return html`<canvas aria-hidden="true"></canvas>`;
    }
    if (typeof thumb === 'string')
      return html`${thumb === 'missing' ? this.#elsewhere(one) : msg('unreadable')}`;
    return html`<canvas aria-hidden="true" .width=${thumb.width} .height=${thumb.height} data-key=${key}></canvas>`;
  }

  protected override updated(): void {
    for (const canvas of this.renderRoot.querySelectorAll<HTMLCanvasElement>('canvas[data-key]')) {
      const thumb = this.#thumbs.get(canvas.dataset['key'] ?? '');
      if (thumb !== undefined && typeof thumb !== 'string') canvas.getContext('2d')?.drawImage(thumb, 0, 0);
    }
  }

  #work(): void {
    while (this.#working < AT_ONCE) {
      const one = this.#queue.shift();
      if (one === undefined) return;
      if (this.#thumbs.has(one.picture.entry.id)) continue;
      this.#working++;
      void this.#make(one).finally(() => {
        this.#working--;
        this.requestUpdate();
        this.#work();
      });
    }
  }

  async #make({ picture }: StationPicture): Promise<void> {
    const key = picture.entry.id;
    try {
      const blob = await this.data.picture(picture);
      const scale = Math.min(2, devicePixelRatio || 1);
      const whole = await createImageBitmap(blob, { resizeWidth: THUMB_PX * scale, resizeQuality: 'medium' });
      this.#thumbs.set(key, whole);
    } catch {
      this.#thumbs.set(key, 'broken');
    }
    for (const [oldest, thumb] of this.#thumbs) {
      if (this.#thumbs.size <= MAX_THUMBS) break;
      if (typeof thumb !== 'string') thumb.close();
      this.#thumbs.delete(oldest);
    }
  }

  #open(one: StationPicture, all: readonly StationPicture[]): void {
    this.dispatchEvent(new CustomEvent('open-picture', { detail: { one, all } }));
  }
}
customElements.define('picture-strip', PictureStrip);
