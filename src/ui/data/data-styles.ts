/** Layout of the Data place and of an opened hour file. */
import { css } from 'lit';

export const DATA_STYLES = css`
  .bar {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
    margin-block-end: 8px;
  }
  .bar h1 {
    margin: 0 auto 0 0;
  }
  .range {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
  }
  .range .steps {
    display: flex;
    gap: 8px;
    margin-inline-start: auto;
  }
  .when {
    font-weight: 600;
    margin-block: 8px 0;
  }
  .columns {
    display: flex;
    flex-wrap: wrap;
    gap: 0 24px;
  }
  .columns wa-checkbox {
    min-height: var(--ws-target);
    display: inline-flex;
    align-items: center;
  }
  wa-radio {
    max-width: 100%;
    overflow-wrap: anywhere;
  }
  .columns h3 {
    flex: 1 0 100%;
    font-size: var(--ws-size-small);
    margin: 8px 0 0;
  }
  .key {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 20px;
    margin: 8px 0 0;
    padding: 0;
    list-style: none;
    font-size: var(--ws-size-small);
  }
  .key li {
    display: flex;
    align-items: center;
    gap: 8px;
  }
  .key canvas {
    flex: none;
  }
  .progress {
    min-height: 1.6em;
    margin: 4px 0 0;
  }
  dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 6px 16px;
    margin: 0 0 12px;
  }
  dt {
    color: var(--ws-ink-soft);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  .drop {
    border: 2px dashed var(--ws-edge);
    border-radius: var(--ws-radius);
    padding: 24px;
    text-align: center;
  }
  .drop.over {
    border-color: var(--ws-accent);
    background: var(--ws-accent-soft);
  }
`;
