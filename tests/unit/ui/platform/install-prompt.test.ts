import { expect, test, vi } from 'vitest';
import { InstallPrompt } from '../../../../src/ui/platform/install-prompt.browser.ts';

function page(options: { inOwnWindow?: boolean; isStandalone?: boolean } = {}) {
  const window = new EventTarget();
  const ownWindow = Object.assign(new EventTarget(), { matches: options.inOwnWindow === true });
  const install = new InstallPrompt({
    window,
    ownWindow: ownWindow as unknown as MediaQueryList,
    isStandalone: options.isStandalone === true,
  });
  const told = vi.fn();
  install.subscribe(told);
  const offer = (outcome: 'accepted' | 'dismissed') => {
    const event = new Event('beforeinstallprompt', { cancelable: true });
    const prompt = vi.fn(async () => ({ outcome }));
    window.dispatchEvent(Object.assign(event, { prompt }));
    return { event, prompt };
  };
  return { window, install, told, offer };
}

test('an offer is kept until somebody asks, and used once', async () => {
  const { install, offer, told } = page();
  expect(install.state).toEqual({ canInstall: false, isInstalled: false });
  expect(await install.install()).toBe('unavailable');
  const { event, prompt } = offer('dismissed');
  expect(event.defaultPrevented).toBe(true);
  expect(prompt).not.toHaveBeenCalled();
  expect(install.state.canInstall).toBe(true);
  expect(told).toHaveBeenCalledTimes(1);
  expect(await install.install()).toBe('dismissed');
  expect(install.state.canInstall).toBe(false);
  expect(await install.install()).toBe('unavailable');
  expect(prompt).toHaveBeenCalledTimes(1);
});

test('an installed app says so and offers nothing', async () => {
  const { window, install, offer } = page();
  offer('accepted');
  window.dispatchEvent(new Event('appinstalled'));
  expect(install.state).toEqual({ canInstall: false, isInstalled: true });
});

test.each([{ inOwnWindow: true }, { isStandalone: true }])(
  'a window of its own is an installed app: %o',
  (how) => {
    const { install, offer } = page(how);
    offer('accepted');
    expect(install.state).toEqual({ canInstall: false, isInstalled: true });
  },
);
