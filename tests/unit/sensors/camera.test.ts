/** The camera driver where the browser's question is not answered. What it records is tested in Chromium. */
import { afterEach, expect, it, vi } from 'vitest';
import { cameraDriver } from '../../../src/sensors/camera.browser.ts';

afterEach(() => vi.unstubAllGlobals());

const nothing = { addStream: () => 0, batch: () => undefined, gap: () => undefined };

it('stops while the browser still asks, and lets go of a camera that comes afterwards', async () => {
  let allow: (stream: MediaStream) => void = () => undefined;
  const asked = new Promise<MediaStream>((resolve) => {
    allow = resolve;
  });
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: () => asked } });
  const stopping = new AbortController();
  const running = cameraDriver().run(nothing, stopping.signal);
  stopping.abort();
  await expect(running).resolves.toBeUndefined();
  const stop = vi.fn();
  allow({ getTracks: () => [{ stop }] } as unknown as MediaStream);
  await asked;
  await Promise.resolve();
  expect(stop).toHaveBeenCalledOnce();
});
