/** The page's frame: a bar below on a phone, beside on a wide screen. */
import { css } from 'lit';

export const appStyles = css`
  .frame {
    min-height: 100dvh;
  }
  main {
    max-width: 1100px;
    margin: 0 auto;
    padding: 16px max(16px, env(safe-area-inset-right)) 16px max(16px, env(safe-area-inset-left));
    outline: none;
  }
  .with-bar main {
    padding-block-end: calc(88px + env(safe-area-inset-bottom));
  }
  /* As high as the screen from the beginning, so that its large button does not move away under a finger when more comes above it. */
  main:has(> record-place) {
    box-sizing: border-box;
    display: flex;
    flex-direction: column;
    min-height: 100dvh;
  }
  main > record-place {
    flex: 1 0 auto;
  }
  .skip {
    position: fixed;
    inset-inline-start: 8px;
    inset-block-start: -80px;
    z-index: 20;
    background: var(--ws-surface);
    padding: 14px 20px;
  }
  .skip:focus {
    inset-block-start: 8px;
  }
  nav {
    position: fixed;
    inset: auto 0 0 0;
    z-index: 10;
    background: var(--ws-surface);
    border-block-start: var(--ws-border) solid var(--ws-line);
    padding-block-end: env(safe-area-inset-bottom);
  }
  nav ul {
    display: flex;
    list-style: none;
    margin: 0;
    padding: 0;
  }
  nav li {
    flex: 1 1 0;
    min-width: 0;
  }
  nav a {
    position: relative;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 4px;
    min-height: 64px;
    padding: 6px 2px;
    color: var(--ws-ink-soft);
    text-decoration: none;
    /* Five words must fit beside each other, however large the text is set. */
    font-size: min(0.8125rem, 3.5vw);
    font-weight: 600;
    outline-offset: -4px;
  }
  nav a[aria-current] {
    color: var(--ws-accent);
    box-shadow: inset 0 3px 0 var(--ws-accent);
  }
  nav .group {
    display: none;
  }
  .dot {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-start: calc(50% + 10px);
    width: 12px;
    height: 12px;
    border-radius: 50%;
    background: var(--ws-bad);
    border: 2px solid var(--ws-surface);
  }
  section.update {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 16px;
    align-items: center;
    justify-content: space-between;
    padding: 12px 16px;
  }
  section.update p {
    margin: 0;
  }
  .notice {
    border-inline-start: 6px solid var(--ws-warn);
  }
  @media (min-width: 900px) {
    .with-bar {
      display: grid;
      grid-template-columns: 216px minmax(0, 1fr);
    }
    .with-bar main {
      width: 100%;
      padding: 24px 32px;
    }
    nav {
      position: sticky;
      inset: 0 auto auto auto;
      height: 100dvh;
      border-block-start: 0;
      border-inline-end: var(--ws-border) solid var(--ws-line);
      padding: 20px 12px;
    }
    nav .group {
      display: flex;
      flex-direction: column;
      padding: 0 12px 16px;
      margin: 0;
      overflow-wrap: anywhere;
    }
    nav ul {
      flex-direction: column;
      gap: 4px;
    }
    nav a {
      flex-direction: row;
      justify-content: flex-start;
      gap: 14px;
      min-height: var(--ws-target);
      padding: 10px 12px;
      border-radius: var(--ws-radius-small);
      font-size: 1.0625rem;
      outline-offset: 2px;
    }
    nav a[aria-current] {
      background: var(--ws-accent-soft);
      box-shadow: none;
    }
    .dot {
      position: static;
      margin-inline-start: auto;
    }
  }
`;
