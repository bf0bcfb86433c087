/** The page's composition root: shows the frame at once, then brings in the model with the adapters that a browser has. */
import './ui/app/app-element.ts';
import { AppElement } from './ui/app/app-element.ts';
import { chosenLook, showLook } from './ui/app/appearance.ts';
import { Router } from './ui/app/router.ts';

showLook(document.documentElement, chosenLook(globalThis.localStorage));
const element = document.querySelector('waystation-app');
if (element instanceof AppElement) {
  const router = new Router(window);
  element.frame(router);
  import('./main-model.ts').then(({ startModel }) => element.use(startModel())).catch(() => element.fail());
}
