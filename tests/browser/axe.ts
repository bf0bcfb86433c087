/** What axe finds wrong with a page as it is now. */
import axeCore from 'axe-core';
import type { Page } from 'playwright-core';

/** WCAG 2.2, levels A and AA. */
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export interface AxeOptions {
  /** Every rule, best practices too, not those of WCAG alone. */
  readonly all?: boolean;
  /** Colours alone: looks differ in nothing else. */
  readonly coloursOnly?: boolean;
  /** Selector of the part to look at; the whole page without it. */
  readonly within?: string;
}

interface Found {
  readonly id: string;
  readonly nodes: readonly {
    readonly html: string;
    readonly target: unknown;
    readonly failureSummary?: string;
  }[];
}

/** Each violation as text: the rule, the element, what is wrong with it. */
export async function axeViolations(page: Page, options: AxeOptions = {}): Promise<string[]> {
  await page.evaluate(`${axeCore.source}; undefined`);
  const runOnly = options.coloursOnly
    ? { type: 'rule', values: ['color-contrast'] }
    : options.all
      ? undefined
      : { type: 'tag', values: WCAG };
  return page
    .locator(options.within ?? ':root')
    .first()
    .evaluate(
      async (element, rules) => {
        type Axe = { run(where: Element, rules: object): Promise<{ violations: Found[] }> };
        const { axe } = globalThis as unknown as { axe: Axe };
        const { violations } = await axe.run(element as Element, rules);
        return violations.flatMap(({ id, nodes }) =>
          nodes.map(
            ({ html, target, failureSummary }) => `${id}: ${String(target)} ${html} ${failureSummary}`,
          ),
        );
      },
      runOnly === undefined ? {} : { runOnly },
    );
}
