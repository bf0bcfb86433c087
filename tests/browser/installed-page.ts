/** A small app around the adapters of src/ui/platform, in versions that say which they are; see installed-world.ts. */
import { browserInstallPorts, InstallPrompt } from '../../src/ui/platform/install-prompt.browser.ts';
import {
  browserLaunchPorts,
  type Launch,
  listenForLaunches,
  takeShared,
} from '../../src/ui/platform/launch.browser.ts';
import { holdBuild } from '../../src/ui/platform/page-lock.browser.ts';
import { AppVersion, browserVersionPorts } from '../../src/ui/platform/service-worker.browser.ts';

declare const PROBE_VERSION: string;

holdBuild();
const version = new AppVersion(
  browserVersionPorts({
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    schedule: (delayMs, fire) => {
      const timer = setTimeout(fire, delayMs);
      return () => clearTimeout(timer);
    },
  }),
);

export interface Probe {
  readonly name: string;
  readonly version: AppVersion;
  readonly install: InstallPrompt;
  /** Loads the part that nobody has asked for yet. */
  lazy(): Promise<string>;
  shared(): Promise<Launch>;
  /** What the system handed over, with the content of files as text, once there are `count` of it. */
  launched(count: number): Promise<string[]>;
  /** Every state that was told, in order. */
  readonly told: string[];
}

const ports = browserLaunchPorts();
const launched: string[] = [];
const arrived = new EventTarget();
listenForLaunches(ports, async ({ items }) => {
  for (const item of items) {
    if (item.kind === 'file') launched.push(`${item.name}: ${new TextDecoder().decode(await item.bytes())}`);
    else launched.push(item.kind === 'link' ? item.link : item.hash);
  }
  arrived.dispatchEvent(new Event('launch'));
});

const told: string[] = [];
const tell = () => told.push(`${version.state.offline} ${version.state.update}`);
version.subscribe(tell);
tell();

const probe: Probe = {
  name: PROBE_VERSION,
  version,
  install: new InstallPrompt(browserInstallPorts()),
  lazy: async () => (await import('./installed-lazy.ts')).lazyVersion,
  shared: () => takeShared(ports),
  launched: async (count) => {
    while (launched.length < count) {
      await new Promise((resolve) => arrived.addEventListener('launch', resolve, { once: true }));
    }
    return launched;
  },
  told,
};
Object.assign(globalThis, { probe });
void version.start();
