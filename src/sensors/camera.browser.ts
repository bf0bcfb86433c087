/**
 * A picture every few seconds from the camera that looks away from the screen, as JPEG. Beside the pictures themselves the driver
 * delivers a stream `camera` with the size of each, so that the ledger of gaps says when there were none, and why.
 */
import { errorMessage, WaystationError } from '../core/errors.ts';
import type { StreamDescriptor } from '../hour/types.ts';
import { watchInterruptions } from './page-interruptions.browser.ts';
import type { Availability, Driver } from './port.ts';

const DEFAULT_EVERY_MS = 5_000;
const JPEG_QUALITY = 0.8;
/** Enough to recognise a person at a door, small enough to keep a year of. */
const WIDTH = 1_280;

/**
 * @param everyMs a picture so often.
 * @param device the browser's id of the camera; empty for whichever looks away from the screen.
 */
export function cameraDriver(everyMs = DEFAULT_EVERY_MS, device = ''): Driver {
  return {
    name: 'camera',
    replay: false,
    probe: () => probeCamera(everyMs),
    choices: async () => {
      const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
      // Before the person has allowed a camera the browser tells neither ids nor names.
      return devices
        .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
        .map(({ deviceId, label }) => ({ id: deviceId, label }));
    },
    run: async (sink, signal) => {
      const stream = await untilAborted(openCamera(device), signal);
      if (stream === null) return;
      const video = document.createElement('video');
      const sizes = sink.addStream(descriptorOf(everyMs));
      const unwatch = watchInterruptions((fromMs, cause) => sink.gap(sizes, fromMs, cause));
      try {
        video.muted = true;
        video.playsInline = true;
        video.srcObject = stream;
        await video.play();
        while (!signal.aborted) {
          const [track] = stream.getVideoTracks();
          if (track === undefined || track.readyState === 'ended') {
            sink.gap(sizes, Date.now(), 'sensor', 'the camera was unplugged or taken by another program');
            throw new WaystationError('unavailable', 'camera: it was unplugged or taken by another program');
          }
          const atMs = Date.now();
          const picture = await still(video);
          sink.picture?.(atMs, 'image/jpeg', picture);
          sink.batch(sizes, {
            baseMs: atMs,
            offsetsNs: Float64Array.of(0),
            columns: [Float64Array.of(picture.length)],
          });
          await pause(everyMs, signal, stream.getVideoTracks());
        }
      } finally {
        unwatch();
        for (const track of stream.getTracks()) track.stop();
        video.srcObject = null;
      }
    },
  };
}

function descriptorOf(everyMs: number): StreamDescriptor {
  return {
    name: 'camera',
    columns: [{ name: 'size', unit: 'By', step: { numerator: 1, denominator: 1 } }],
    askedRateHz: 1000 / everyMs,
    tickNs: 1_000_000,
    driver: 'camera',
    device: '',
    replay: false,
  };
}

async function probeCamera(everyMs: number): Promise<Availability> {
  if (navigator.mediaDevices === undefined) {
    return {
      state: 'unavailable',
      reason: 'this page may not use a camera: open it over HTTPS or from localhost',
    };
  }
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  if (!devices.some(({ kind }) => kind === 'videoinput'))
    return { state: 'unavailable', reason: TROUBLE['NotFoundError'] ?? '' };
  const permission = await navigator.permissions.query({ name: 'camera' as PermissionName }).then(
    ({ state }) => state,
    () => 'prompt', // not every browser tells
  );
  if (permission === 'granted') return { state: 'available' };
  if (permission === 'denied') return { state: 'refused', reason: TROUBLE['NotAllowedError'] ?? '' };
  return { state: 'needs-permission', ask: `to take a picture every ${everyMs / 1_000} seconds` };
}

const TROUBLE: Readonly<Record<string, string>> = {
  NotAllowedError: 'not allowed: permit the camera for this page in the browser’s site settings',
  NotFoundError: 'this device has none',
  NotReadableError: 'another program is using it: close that one, then try again',
  OverconstrainedError: 'the chosen camera is not there any more: choose another one',
};

async function openCamera(device: string): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new WaystationError('unavailable', 'camera: open this page over HTTPS or from localhost');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: {
        ...(device === '' ? { facingMode: 'environment' } : { deviceId: { exact: device } }),
        width: { ideal: WIDTH },
      },
      audio: false,
    });
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    const why = TROUBLE[name] ?? errorMessage(cause);
    throw new WaystationError('unavailable', `camera: ${why}`, { cause });
  }
}

/**
 * The camera, or null when recording stops first: the browser's question may stand there unanswered for ever, and stopping waits for every
 * driver. A camera that comes afterwards is let go of.
 */
async function untilAborted(opening: Promise<MediaStream>, signal: AbortSignal): Promise<MediaStream | null> {
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const letGo = (stream: MediaStream) => {
    if (signal.aborted) for (const track of stream.getTracks()) track.stop();
  };
  opening.then(letGo, () => undefined); // what went wrong is for whoever waits for the camera
  return Promise.race([stopped, opening]);
}

async function still(video: HTMLVideoElement): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return new Uint8Array(await blob.arrayBuffer());
}

/** Ends after `ms`, or sooner when recording stops or the camera is lost. */
function pause(ms: number, signal: AbortSignal, tracks: readonly MediaStreamTrack[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      for (const track of tracks) track.removeEventListener('ended', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    for (const track of tracks) track.addEventListener('ended', done);
  });
}
