/** What the page shows of its own device and browser, and may ask for; device.ts does it. */
import type { InstallState } from '../platform/install-prompt.browser.ts';
import type { AppVersionState } from '../platform/service-worker.browser.ts';

export interface DeviceModel {
  /** Null when the page has nobody to ask. */
  readonly version: AppVersionState | null;
  readonly install: InstallState | null;
  /** Asks the browser again to keep what is stored; its answer is in the state. */
  askToKeep(): Promise<void>;
  /** Shows the browser's dialog; must be called from a tap. */
  installApp(): Promise<void>;
  /** Reloads the page into the newer version. */
  applyUpdate(): void;
}
