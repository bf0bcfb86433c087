/** Into the group, and there to the place where one goes on. */
import type { Place, Router } from '../app/router.ts';
import type { AppModel } from '../model/app-model.ts';

/**
 * Does `enter`, and shows `place` from the moment on in which this device is in a group, so that no other place is seen before.
 * @throws what `enter` throws.
 */
export async function enterThen(
  model: AppModel,
  router: Router,
  place: Place,
  enter: () => Promise<void>,
): Promise<void> {
  const go = () => {
    if (model.state.phase !== 'ready') return;
    model.removeEventListener('change', go);
    router.go(place, {}, true);
  };
  model.addEventListener('change', go);
  try {
    // What follows takes a while, in which one may have gone on to another place: it is shown once.
    await enter();
  } finally {
    model.removeEventListener('change', go);
  }
}
