/** Going through time by buttons: last day, week, month, all; earlier and later; closer and wider. */
import { msg } from '@lit/localize';
import { html, type TemplateResult } from 'lit';
import { ArrowLeft, ArrowRight, ZoomIn, ZoomOut } from 'lucide';
import { icon } from '../parts/icon.ts';
import { moved, type Span, zoomed } from './view-state.ts';

const DAY_MS = 86_400_000;
/** Most of what was seen stays in sight. */
const STEP = 0.8;

export interface RangeBar {
  readonly span: Span;
  readonly bounds: Span;
  readonly isAll: boolean;
  show(span: Span | null): void;
}

export function rangeBar({ span, bounds, isAll, show }: RangeBar): TemplateResult {
  const middle = (span.fromMs + span.toMs) / 2;
  const length = span.toMs - span.fromMs;
  const chips = [
    { label: msg('Last day'), ms: DAY_MS },
    { label: msg('Week'), ms: 7 * DAY_MS },
    { label: msg('Month'), ms: 30 * DAY_MS },
  ].filter(({ ms }) => ms < bounds.toMs - bounds.fromMs);
  const button = (label: string, drawing: TemplateResult, isUseless: boolean, act: () => void) =>
    html`<wa-button appearance="outlined" title=${label} ?disabled=${isUseless} @click=${act}>
      ${drawing}<span class="hidden-text">${label}</span>
    </wa-button>`;
  return html`<div class="range" role="group" aria-label=${msg('Time')}>
    ${chips.map(({ label, ms }) => {
      const isShown = !isAll && Math.abs(length - ms) < 1 && Math.abs(span.toMs - bounds.toMs) < 1;
      return html`<wa-button
        variant=${isShown ? 'brand' : 'neutral'}
        appearance="outlined"
        @click=${() => show({ fromMs: bounds.toMs - ms, toMs: bounds.toMs })}
        >${label}</wa-button
      >`;
    })}
    <wa-button variant=${isAll ? 'brand' : 'neutral'} appearance="outlined" @click=${() => show(null)}>
      ${msg('All')}
    </wa-button>
    <span class="steps">
      ${button(msg('Earlier'), icon(ArrowLeft), span.fromMs <= bounds.fromMs, () => show(moved(span, -STEP, bounds)))}
      ${button(msg('Later'), icon(ArrowRight), span.toMs >= bounds.toMs, () => show(moved(span, STEP, bounds)))}
      ${button(msg('Zoom out'), icon(ZoomOut), length >= bounds.toMs - bounds.fromMs, () => show(zoomed(span, 3, middle, bounds)))}
      ${button(msg('Zoom in'), icon(ZoomIn), false, () => show(zoomed(span, 1 / 3, middle, bounds)))}
    </span>
  </div>`;
}
