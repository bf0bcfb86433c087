/** What the views of moving share. */
import { css } from 'lit';

export const MOVING_STYLES = css`
  section {
    max-width: 720px;
  }
  :host([alone]) {
    max-width: 720px;
    margin: 0 auto;
  }
  wa-radio-group,
  wa-input,
  wa-textarea,
  wa-checkbox,
  wa-progress-bar,
  .words,
  ol.steps {
    display: block;
    margin-block-end: 16px;
  }
  wa-radio {
    border: var(--ws-border) solid var(--ws-line);
    border-radius: var(--ws-radius-small);
    padding: 12px 14px;
    min-height: var(--ws-target);
  }
  wa-radio:state(checked) {
    border-color: var(--ws-accent);
    background: var(--ws-accent-soft);
  }
  small {
    display: block;
    font-size: 0.9375rem;
    color: var(--ws-ink-soft);
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 12px;
    margin-block-end: 12px;
  }
  ol.steps {
    padding-inline-start: 1.5em;
  }
  ol.steps li {
    margin-block-end: 8px;
    max-width: 65ch;
  }
  .words {
    columns: auto;
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr));
    gap: 8px 24px;
    max-width: 34rem;
    padding-inline-start: 1.5em;
    font-size: 1.25rem;
  }
  .numbers {
    font-variant-numeric: tabular-nums;
  }
  .warning {
    border: var(--ws-border) solid var(--ws-warn);
    border-radius: var(--ws-radius-small);
    background: var(--ws-warn-soft);
    padding: 14px 16px;
    margin-block-end: 16px;
  }
  .warning > :last-child {
    margin-block-end: 0;
  }
  .address {
    overflow-wrap: anywhere;
    font-weight: 600;
  }
  a.address {
    color: var(--ws-accent);
  }
`;
