import { css } from 'lit';

/** The page's frame. */
export const appStyles = css`
  header {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 16px;
    justify-content: space-between;
    overflow-wrap: anywhere;
    padding: 16px 20px;
    border-block-end: 1px solid var(--ws-line);
    background: var(--ws-surface);
  }
  main {
    max-width: 960px;
    margin: 0 auto;
    padding: 16px;
  }
  .notice {
    border-inline-start: 6px solid var(--ws-warn);
  }
`;
