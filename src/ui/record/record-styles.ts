/** The place “Record”: its large button stays within the thumb's reach, above the bar of the places. */
import { css } from 'lit';

export const recordStyles = css`
  :host {
    display: flex;
    flex-direction: column;
  }
  .thumb {
    /* Where it sticks, too when there is little above it: the frame leaves 24px more below a place. */
    margin-block: auto -24px;
    position: sticky;
    inset-block-end: calc(64px + env(safe-area-inset-bottom));
    z-index: 5;
    display: flex;
    gap: 12px;
    padding-block: 12px;
    background: linear-gradient(transparent, var(--ws-ground) 12px);
  }
  .record {
    flex: 1 1 auto;
  }
  .record::part(base) {
    min-height: 72px;
    font-size: 1.3rem;
    padding-inline: 12px;
  }
  .gap {
    padding-block: 8px;
    border-block-end: var(--ws-border) solid var(--ws-line);
  }
  .gap p {
    margin: 0;
  }
  .beside::part(base) {
    min-height: 72px;
    background: var(--ws-surface);
  }
  .darken::part(base) {
    min-height: 72px;
    padding-inline: 14px;
    background: var(--ws-surface);
  }
  .above {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 4px;
    font-size: 0.9rem;
    line-height: 1.1;
  }
  .ways li {
    padding-block: 8px;
  }
  .ways li p {
    margin-block: 6px 0;
  }
  .plain {
    list-style: none;
    padding: 0;
  }
  h3 {
    font-size: 1rem;
    margin: 12px 0 4px;
  }
  wa-switch::part(base) {
    min-height: var(--ws-target);
  }
  .notice {
    border-inline-start: 6px solid var(--ws-warn);
  }
  @media (min-width: 900px) {
    .thumb {
      inset-block-end: 0;
    }
    /* Lines stay together that belong together: a switch and its sensor, a rate and its name. */
    section,
    record-running,
    record-senses,
    .thumb {
      max-width: 680px;
    }
    .record {
      flex: 0 1 360px;
    }
  }
`;
