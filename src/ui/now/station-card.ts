/** A station in a few lines: how much of it is here, when it was heard, how its readings went, and what is missing. A tap opens its data. */
import { msg, str } from '@lit/localize';
import { css, html, nothing, type TemplateResult } from 'lit';
import { Check, CirclePause, Hourglass, TriangleAlert, VolumeX } from 'lucide';
import { routeHash } from '../app/router.ts';
import type { Spark, StationFacts } from '../model/station-facts.ts';
import { icon } from '../parts/icon.ts';
import { ring } from '../parts/ring.ts';
import { sparkline } from '../parts/sparkline.ts';
import { agoText, lengthInHoursText, momentText, readingText, unitText, zoneAt } from '../parts/words.ts';
import { aheadMs, gapText, idleMs, nameOf, silentMs } from './now-sentence.ts';
import { hoursText, listText, stretchText } from './time-words.ts';

export const cardStyles = css`
  .card {
    display: grid;
    grid-template-columns: 72px minmax(0, 1fr);
    gap: 4px 16px;
    align-content: start;
    height: 100%;
    min-height: 148px;
    padding: 16px;
    background: var(--ws-surface);
    border: var(--ws-border) solid var(--ws-line);
    border-radius: var(--ws-radius);
    color: var(--ws-ink);
    position: relative;
  }
  /* The name is the link; all of the card can be tapped. */
  .card h3 a {
    color: inherit;
    text-decoration: none;
  }
  .card h3 a::after {
    content: '';
    position: absolute;
    inset: 0;
    border-radius: var(--ws-radius);
  }
  .card h3 a:focus-visible {
    outline: none;
  }
  .card h3 a:focus-visible::after {
    outline: 3px solid var(--ws-accent);
    outline-offset: 2px;
  }
  .card:hover {
    border-color: var(--ws-edge);
  }
  .card.bad {
    border-inline-start: 6px solid var(--ws-bad);
  }
  .card.warn {
    border-inline-start: 6px solid var(--ws-warn);
  }
  .card .ring {
    width: 72px;
    height: 72px;
  }
  .card .ring .middle {
    font-size: 1rem;
    font-weight: 700;
  }
  .card h3 {
    font-size: var(--ws-size-large);
    line-height: 1.2;
    margin: 0;
    overflow-wrap: anywhere;
  }
  .card p {
    margin: 0;
  }
  .card .wide {
    grid-column: 1 / -1;
  }
  .card .state {
    font-weight: 600;
  }
  .card .line {
    align-self: end;
    margin-block-start: 8px;
  }
  .card .extent {
    display: flex;
    justify-content: space-between;
    gap: 12px;
    font-size: var(--ws-size-small);
    color: var(--ws-ink-soft);
  }
`;

/** Beats come every minute: what was not heard for longer may have ended since. */
const FRESH_MS = 5 * 60_000;

/** What a station needs, as a word with a shape. Lower is more urgent. */
interface Standing {
  readonly urgency: number;
  readonly tone: 'bad' | 'warn' | 'good' | 'soft';
  readonly text: string;
  readonly sign: TemplateResult;
}

/**
 * Whether another device records now, as far as that is known: its latest hour was recorded to its end, the next is not due yet, and it has
 * been heard since. Null where nothing says so.
 */
export function recordsText(
  { status, hourMs, lastEndMs, isWholeToEnd }: StationFacts,
  nowMs: number,
): string | null {
  if (status.lastHeard === null || status.replay) return null;
  const heardMs = Date.parse(status.lastHeard);
  if (nowMs - heardMs > FRESH_MS) return null;
  // A station is known from the moment on at which its recording was started.
  if (lastEndMs === null || hourMs === null) return status.sealed === 0 ? msg('has begun to record') : null;
  const isDue = nowMs - lastEndMs > hourMs + FRESH_MS;
  return isWholeToEnd && !isDue && heardMs >= lastEndMs ? msg('records now') : null;
}

export function standingOf(
  facts: StationFacts,
  { nowMs, isAlone, isRecording, isOut }: Omit<CardContext, 'spark'>,
): Standing {
  const { status, stoppedMs, isOwn, gaps } = facts;
  if (facts.isRemoved && !isOwn)
    return { urgency: 6, tone: 'soft', text: msg('removed from the group'), sign: icon(CirclePause) };
  if (isOut && !isOwn)
    return {
      urgency: 6,
      tone: 'soft',
      text: msg('shares nothing with this device'),
      sign: icon(CirclePause),
    };
  const silence = silentMs(facts, nowMs);
  if (silence !== null && isAlone)
    return { urgency: 3, tone: 'soft', text: msg('not heard: no device is connected'), sign: icon(VolumeX) };
  if (silence !== null)
    return {
      urgency: 0,
      tone: 'bad',
      text: msg(str`silent for ${stretchText(silence)}`),
      sign: icon(TriangleAlert),
    };
  if (isOwn && isRecording) return { urgency: 4, tone: 'good', text: msg('records now'), sign: icon(Check) };
  if (stoppedMs !== null)
    return {
      urgency: 5,
      tone: 'soft',
      text: msg(str`stopped ${momentText(stoppedMs - (stoppedMs % 60_000), nowMs)} (${zoneAt(stoppedMs)})`),
      sign: icon(CirclePause),
    };
  if (isOwn) return { urgency: 5, tone: 'soft', text: msg('does not record now'), sign: icon(CirclePause) };
  const idle = idleMs(facts, nowMs);
  if (idle !== null)
    return {
      urgency: 0,
      tone: 'bad',
      text: msg(str`awake, and recorded nothing for ${stretchText(idle)}`),
      sign: icon(TriangleAlert),
    };
  const ahead = aheadMs(facts, nowMs);
  if (ahead !== null)
    return {
      urgency: 1,
      tone: 'warn',
      text: msg(str`its clock is ${stretchText(ahead)} ahead`),
      sign: icon(TriangleAlert),
    };
  const [gap] = gaps;
  if (gap !== undefined)
    return {
      urgency: 1,
      tone: 'warn',
      text: msg(str`did not record for ${stretchText(gap.ms)}: ${gapText(gap.cause)}`),
      sign: icon(TriangleAlert),
    };
  if (status.missing + status.unseen > 0)
    return { urgency: 2, tone: 'warn', text: msg('not all is here yet'), sign: icon(Hourglass) };
  return { urgency: 4, tone: 'good', text: recordsText(facts, nowMs) ?? msg('fine'), sign: icon(Check) };
}

/** As people count: 9 before 10. */
const BY_NAME = new Intl.Collator(undefined, { numeric: true });

/** Alarms first, then by name. */
export function byUrgency(
  stations: readonly StationFacts[],
  context: Omit<CardContext, 'spark'>,
): StationFacts[] {
  const urgency = new Map(stations.map((one) => [one, standingOf(one, context).urgency]));
  return [...stations].sort(
    (a, b) => (urgency.get(a) ?? 0) - (urgency.get(b) ?? 0) || BY_NAME.compare(nameOf(a), nameOf(b)),
  );
}

/** What of a station is not here, in words. */
function missingText({ status, through }: StationFacts): string | null {
  const { missing, unseen } = status;
  if (missing === 0 && unseen === 0) return null;
  const what =
    missing === 0
      ? unseen === 1
        ? msg('1 new record is not here yet')
        : msg(str`${unseen} new records are not here yet`)
      : msg(str`${hoursText(missing)} not here yet`);
  return through.length === 0 ? what : msg(str`${what}; coming through ${listText(through, 2)}`);
}

function drawn({ label, unit, points, stepMs, isLive }: Spark): TemplateResult {
  const last = points.at(-1)?.mean ?? null;
  const least = Math.min(...points.map(({ min }) => min));
  const most = Math.max(...points.map(({ max }) => max));
  const units = unit === '' ? '' : ` ${unitText(unit)}`;
  const between = msg(str`${readingText(least, unit)} to ${readingText(most, unit)}${units}`);
  const when = isLive ? msg('this minute') : msg('last day');
  return html`<div class="wide line">
    ${sparkline(points, stepMs, msg(str`${label}, ${when}: ${between}`))}
    <div class="extent" aria-hidden="true">
      <span>${label}, ${when}</span>
      <span>${isLive ? html`${readingText(last, unit)}${units}` : between}</span>
    </div>
  </div>`;
}

export interface CardContext {
  readonly nowMs: number;
  readonly isAlone: boolean;
  readonly isRecording: boolean;
  /** This device takes no part in its group: others share nothing with it. */
  readonly isOut: boolean;
  readonly spark: Spark | null;
}

/** `all 12 hours here`, `all 12 minutes here`, `3 of 12 hours here, 9 in the folder`: what was copied to a folder and let go of here is not missing. */
export function hereText({ status, recordedMs }: Pick<StationFacts, 'status' | 'recordedMs'>): string {
  const { sealed, held, inFolder } = status;
  const all = recordedMs === null ? hoursText(sealed) : lengthInHoursText(recordedMs);
  if (sealed === 0) return msg('no hour finished yet');
  if (held === sealed) return msg(str`all ${all} here`);
  if (inFolder === sealed) return msg(str`all ${all} in the folder`);
  const here = msg(str`${held} of ${hoursText(sealed)} here`);
  return inFolder === 0 ? here : msg(str`${here}, ${inFolder} in the folder`);
}

export function stationCard(facts: StationFacts, { spark, ...context }: CardContext): TemplateResult {
  const { status, isOwn } = facts;
  const { tone, text, sign } = standingOf(facts, context);
  const { nowMs } = context;
  const share = status.sealed === 0 ? null : (status.held + status.inFolder) / status.sealed;
  const heard = status.lastHeard === null ? null : Date.parse(status.lastHeard);
  const missing = missingText(facts);
  return html`<article class="card ${tone}">
    ${ring({
      share,
      tone: share === 1 ? 'good' : 'accent',
      label:
        status.sealed === 0
          ? msg('No hour is finished yet')
          : status.inFolder === 0
            ? msg(str`${status.held} of ${hoursText(status.sealed)} are on this device`)
            : msg(
                str`${status.held + status.inFolder} of ${hoursText(status.sealed)} are on this device or in the folder`,
              ),
      middle: share === null ? '–' : share === 1 ? icon(Check, 1.6) : `${Math.floor(share * 100)}%`,
    })}
    <div>
      <h3><a href=${routeHash('data', { station: status.key })}>${nameOf(facts)}</a></h3>
      <p class="state ${tone}">${sign} ${text}</p>
      ${status.replay ? html`<p><span class="label warn">${msg('replay of a recording')}</span></p>` : nothing}
      <p class="soft">
        ${isOwn ? msg('This device') : msg(str`Heard ${agoText(heard, nowMs)}`)} ·
        ${hereText(facts)}
      </p>
      ${missing === null ? nothing : html`<p class="warn">${missing}</p>`}
    </div>
    ${spark === null ? nothing : drawn(spark)}
  </article>`;
}
