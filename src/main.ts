/** The page's composition root: shows the frame at once, then brings in the model with the adapters that a browser has. */
import './ui/app/app-element.ts';
import { AppElement } from './ui/app/app-element.ts';
import { chosenLook, showLook } from './ui/app/appearance.ts';
import { receiveLaunch } from './ui/app/launches.ts';
import { Router } from './ui/app/router.ts';
import { browserInstallPorts, InstallPrompt } from './ui/platform/install-prompt.browser.ts';
import { browserLaunchPorts, listenForLaunches, takeShared } from './ui/platform/launch.browser.ts';

// Before anything changes the address, and before the browser offers to install.
const launchPorts = browserLaunchPorts();
const install = new InstallPrompt(browserInstallPorts());

showLook(document.documentElement, chosenLook(globalThis.localStorage));

async function bringModel(element: AppElement, router: Router): Promise<void> {
  const { startModel } = await import('./main-model.ts');
  const model = startModel(install);
  element.use(model);
  listenForLaunches(launchPorts, (launch) => void receiveLaunch(launch, model, router));
  // What another app shared, or was about to share when the app was last closed. Without it the app is whole.
  void takeShared(launchPorts)
    .then((launch) => receiveLaunch(launch, model, router))
    .catch(() => undefined)
    .finally(() => router.route.place === 'share' && router.go('now', {}, true));
}

const element = document.querySelector('waystation-app');
if (element instanceof AppElement) {
  const router = new Router(window);
  element.frame(router);
  bringModel(element, router).catch(() => element.fail());
}
