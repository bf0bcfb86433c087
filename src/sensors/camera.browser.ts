/** A picture every few seconds from the camera that looks away from the screen, as JPEG. */
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { Driver } from './port.ts';

const DEFAULT_EVERY_MS = 5_000;
const JPEG_QUALITY = 0.8;
/** Enough to recognise a person at a door, small enough to keep a year of. */
const WIDTH = 1_280;

export function cameraDriver(everyMs = DEFAULT_EVERY_MS): Driver {
  return {
    name: 'camera',
    replay: false,
    probe: async () =>
      navigator.mediaDevices === undefined
        ? {
            state: 'unavailable',
            reason: 'this page may not use a camera: open it over HTTPS or from localhost',
          }
        : { state: 'needs-permission', ask: 'to take a picture every few seconds' },
    run: async (sink, signal) => {
      const stream = await openCamera();
      const video = document.createElement('video');
      try {
        video.muted = true;
        video.playsInline = true;
        video.srcObject = stream;
        await video.play();
        while (!signal.aborted) {
          const [track] = stream.getVideoTracks();
          if (track === undefined || track.readyState === 'ended') {
            throw new WaystationError('unavailable', 'camera: it was unplugged or taken by another program');
          }
          sink.picture?.(Date.now(), 'image/jpeg', await still(video));
          await pause(everyMs, signal);
        }
      } finally {
        for (const track of stream.getTracks()) track.stop();
        video.srcObject = null;
      }
    },
  };
}

async function openCamera(): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new WaystationError('unavailable', 'camera: open this page over HTTPS or from localhost');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: WIDTH } },
      audio: false,
    });
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    const why =
      name === 'NotAllowedError'
        ? 'not allowed: permit the camera for this page in the browser’s site settings'
        : name === 'NotFoundError'
          ? 'this device has none'
          : errorMessage(cause);
    throw new WaystationError('unavailable', `camera: ${why}`, { cause });
  }
}

async function still(video: HTMLVideoElement): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return new Uint8Array(await blob.arrayBuffer());
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
