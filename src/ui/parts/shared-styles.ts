/** Styles that every view shares: cards, buttons, fields, tables. Values come from tokens.css. */
import { css } from 'lit';

export const SHARED_STYLES = css`
  /* Names that others chose may be long and without a space. */
  :host {
    display: block;
    overflow-wrap: break-word;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  section {
    background: var(--ws-surface);
    border: 1px solid var(--ws-line);
    border-radius: var(--ws-radius);
    padding: 20px;
    margin-block-end: var(--ws-gap);
  }
  section > :last-child,
  form > :last-child {
    margin-block-end: 0;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.2;
    margin: 0 0 8px;
  }
  h2 {
    font-size: 1.1rem;
    margin: 0 0 12px;
  }
  p {
    margin: 0 0 12px;
    max-width: 65ch;
  }
  form,
  details,
  .row,
  .table {
    margin-block-end: 12px;
  }
  .soft {
    color: var(--ws-ink-soft);
  }
  .good {
    color: var(--ws-good);
  }
  .warn {
    color: var(--ws-warn);
  }
  .bad {
    color: var(--ws-bad);
  }
  label {
    display: block;
    font-weight: 600;
    margin-block-end: 4px;
  }
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
    background: var(--ws-ground);
    border: 1px solid var(--ws-ink-soft);
    border-radius: 8px;
    min-height: var(--ws-target);
    padding: 8px 12px;
    width: 100%;
  }
  input[type='checkbox'] {
    accent-color: var(--ws-accent);
    flex: none;
    width: 28px;
    height: 28px;
    min-height: 0;
    margin: 0;
  }
  label.check {
    display: flex;
    gap: 12px;
    align-items: center;
    min-height: var(--ws-target);
    margin: 0;
  }
  textarea {
    min-height: 96px;
    word-break: break-all;
  }
  button {
    font: inherit;
    font-weight: 600;
    min-height: var(--ws-target);
    padding: 8px 20px;
    border-radius: 8px;
    border: 1px solid var(--ws-accent);
    background: transparent;
    color: var(--ws-accent);
    cursor: pointer;
  }
  button.main {
    background: var(--ws-accent);
    color: var(--ws-accent-ink);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  /* A label that is longer than a narrow screen takes two lines. */
  wa-button {
    max-width: 100%;
  }
  wa-button::part(base) {
    height: auto;
    min-height: var(--ws-target);
    white-space: normal;
  }
  :focus-visible {
    outline: 3px solid var(--ws-accent);
    outline-offset: 2px;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 12px;
    align-items: end;
  }
  .row > p,
  .row.top {
    margin-block-end: 0;
  }
  .row.top {
    align-items: start;
  }
  .row > .grow {
    flex: 1 1 220px;
  }
  .table {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    width: 100%;
  }
  th,
  td {
    text-align: start;
    padding: 8px 12px 8px 0;
    border-block-end: 1px solid var(--ws-line);
    vertical-align: top;
  }
  th {
    font-size: 0.85rem;
    color: var(--ws-ink-soft);
    font-weight: 600;
  }
  @media (max-width: 560px) {
    section {
      padding: 16px;
    }
    th,
    td {
      padding: 8px 8px 8px 0;
      font-size: 0.95rem;
    }
    button.small {
      padding: 8px 12px;
    }
  }
  .value {
    white-space: nowrap;
  }
  .words {
    columns: 2;
    max-width: 24rem;
    font-weight: 600;
  }
  /* Black on white in the dark theme, too: cameras read nothing else. */
  .code {
    background: #fff;
    border-radius: 8px;
    margin-block-end: 12px;
    max-width: 420px;
    padding: 12px;
  }
  .code svg {
    display: block;
  }
  summary {
    cursor: pointer;
    font-weight: 600;
    min-height: var(--ws-target);
    padding-block: 12px;
  }
  .number {
    display: inline-block;
    min-width: 4.5em;
    text-align: end;
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .label {
    border: 1px solid currentColor;
    border-radius: 4px;
    padding: 0 6px;
    font-size: 0.8rem;
    font-weight: 600;
    display: inline-block;
  }
`;
