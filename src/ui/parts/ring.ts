/** A ring that fills: how much of something is here. What it says is written in it, and read out. */
import { css, html, nothing, svg, type TemplateResult } from 'lit';

/** Radius that makes the circumference 100, so that a share is its own dash. */
const RADIUS = 100 / (2 * Math.PI);

export interface RingOptions {
  /** 0 to 1; null when there is nothing to hold yet. */
  readonly share: number | null;
  /** Read out instead of the picture. */
  readonly label: string;
  /** Stands in the middle. */
  readonly middle?: TemplateResult | string;
  readonly tone?: 'accent' | 'good' | 'warn' | 'bad';
}

export const ringStyles = css`
  .ring {
    display: grid;
    place-items: center;
    flex: none;
    position: relative;
  }
  .ring > * {
    grid-area: 1 / 1;
  }
  .ring svg.arc {
    display: block;
    width: 100%;
    height: 100%;
    transform: rotate(-90deg);
  }
  .ring .track {
    stroke: var(--ws-line);
  }
  .ring .value {
    stroke: var(--ws-accent);
    transition: stroke-dasharray var(--ws-motion) linear;
  }
  .ring .value.good {
    stroke: var(--ws-good);
  }
  .ring .value.warn {
    stroke: var(--ws-warn);
  }
  .ring .value.bad {
    stroke: var(--ws-bad);
  }
  .ring .middle {
    text-align: center;
    line-height: 1.1;
  }
`;

/** The ring, as large as `.ring` is made by whoever shows it. */
export function ring({ share, label, middle, tone = 'accent' }: RingOptions): TemplateResult {
  // Neither looks full when something is missing, nor empty when something is here.
  const percent =
    share === null ? 0 : share >= 1 ? 100 : share <= 0 ? 0 : Math.min(97, Math.max(3, share * 100));
  return html`<div class="ring" role="img" aria-label=${label}>
    <svg class="arc" viewBox="0 0 42 42" aria-hidden="true" fill="none" stroke-width="5">
      <circle class="track" cx="21" cy="21" r=${RADIUS}></circle>
      ${
        percent === 0
          ? nothing
          : svg`<circle class="value ${tone}" cx="21" cy="21" r=${RADIUS} stroke-dasharray="${percent} ${100 - percent}"></circle>`
      }
    </svg>
    ${middle === undefined ? nothing : html`<div class="middle" aria-hidden="true">${middle}</div>`}
  </div>`;
}
