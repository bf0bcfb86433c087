/** A page used by keyboard alone. */
import type { Locator, Page } from 'playwright-core';

/** More than any place of the app has stops. */
const MOST_TABS = 60;

/**
 * Tabs on until something with this name or text has the focus, through all shadow roots of ours.
 * @throws Error when `MOST_TABS` are not enough.
 */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      let element = document.activeElement;
      let host = element;
      while (element?.shadowRoot?.activeElement) {
        if (element.tagName.startsWith('WA-')) break;
        element = element.shadowRoot.activeElement;
        host = element;
      }
      const labelled = host as (HTMLElement & { label?: string }) | null;
      // Its own close button has the focus, not what stands in it.
      if (labelled?.tagName === 'WA-DIALOG') return '';
      return `${labelled?.label ?? ''} ${labelled?.textContent ?? ''}`.replaceAll(/\s+/g, ' ').trim();
    });
    if (focused.includes(name)) return;
  }
  throw new Error(`${name} cannot be reached with Tab`);
}

/** Tabs on until this very control has the focus. @throws Error when `MOST_TABS` are not enough. */
export async function tabOnto(page: Page, control: Locator): Promise<void> {
  await control.waitFor();
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press('Tab');
    if (await control.evaluate((element) => element.matches(':focus'))) return;
  }
  throw new Error(`${control} cannot be reached with Tab`);
}
