/** The page's composition root: shows the frame at once, then brings in the model with the adapters that a browser has. */
import { loadPart } from './core/load-part.browser.ts';
import './ui/app/app-element.ts';
import { AppElement } from './ui/app/app-element.ts';
import { chosenLook, showLook } from './ui/app/appearance.ts';
import { receiveLaunch } from './ui/app/launches.ts';
import { Router } from './ui/app/router.ts';
import { browserInstallPorts, InstallPrompt } from './ui/platform/install-prompt.browser.ts';
import { browserLaunchPorts, listenForLaunches, takeShared } from './ui/platform/launch.browser.ts';
import { holdBuild } from './ui/platform/page-lock.browser.ts';

async function bringModel(element: AppElement, router: Router): Promise<void> {
  // Before anything changes the address, and before the browser offers to install.
  const launchPorts = browserLaunchPorts();
  const install = new InstallPrompt(browserInstallPorts());
  element.frame(router);
  const { startModel } = await loadPart(() => import('./main-model.ts'));
  const model = startModel(install, () => router.hash);
  element.use(model);
  listenForLaunches(launchPorts, (launch) => receiveLaunch(launch, model, router, element.files));
  // What another app shared, or was about to share when the app was last closed. Without it the app is whole.
  void takeShared(launchPorts)
    .then((launch) => receiveLaunch(launch, model, router, element.files))
    .catch(() => undefined)
    .finally(() => router.route.place === 'share' && router.go('now', {}, true));
}

/** Where a browser keeps nothing for a page, asking for its storage throws: then there is nothing that the app could do. */
function mayKeep(): boolean {
  try {
    showLook(document.documentElement, chosenLook(globalThis.localStorage));
    return globalThis.sessionStorage !== undefined;
  } catch {
    return false;
  }
}

holdBuild();
const element = document.querySelector('waystation-app');
if (element instanceof AppElement) {
  if (mayKeep()) bringModel(element, new Router(window)).catch(() => element.fail('unloaded'));
  else element.fail('forbidden');
}
