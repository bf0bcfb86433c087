/**
 * The camera as a scanner. The picture never leaves the device; the camera is on only between `openScanCamera` and `stop`.
 *
 * Invariants: at most one frame is being read at any time, with a pause after it, so that the page stays responsive; after
 * `stop` nothing is reported and every track is ended.
 */
import { WaystationError } from '../../core/errors.ts';
import { openCodeReader } from './scan-reader.browser.ts';

/** Long side of a frame that is looked at, pixels: enough for the densest invite at arm's length. */
const FRAME_SIZE = 1_280;
/** A picture that was chosen may be a photograph with the code in a corner. */
const PICTURE_SIZE = 2_400;
/** Pause between two frames, milliseconds: a person holds still for half a second. */
const PAUSE_MS = 100;

export type CameraTrouble =
  /** The person, or the browser in their name, said no. */
  | 'denied'
  /** There is none. */
  | 'none'
  /** Another app has it. */
  | 'busy'
  /** Browsers give cameras to secure pages alone. */
  | 'insecure';

export class CameraError extends WaystationError {
  readonly trouble: CameraTrouble;

  constructor(trouble: CameraTrouble) {
    super(
      'unavailable',
      `the camera cannot be used here (${trouble}): choose a picture of the code, or paste the link`,
    );
    this.trouble = trouble;
  }
}

export interface ScanCamera {
  /** The camera has a light that can be switched. */
  readonly hasTorch: boolean;
  /** Switches the light; resolves to whether it is on now. */
  setTorch(on: boolean): Promise<boolean>;
  stop(): void;
}

export interface ScanHandlers {
  /** A code is in the picture; the same one is told again and again while it stays there. */
  readonly onText: (text: string) => void;
  /** The camera was taken away. */
  readonly onEnd: () => void;
}

/**
 * Starts the camera, shows it in `video`, and reads codes.
 * @throws CameraError.
 */
export async function openScanCamera(video: HTMLVideoElement, handlers: ScanHandlers): Promise<ScanCamera> {
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (devices === undefined) throw new CameraError(isSecureContext ? 'none' : 'insecure');
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1_280 }, height: { ideal: 720 } },
    });
  } catch (error) {
    throw new CameraError(troubleOf(error));
  }
  const [track] = stream.getVideoTracks();
  const reader = await openCodeReader();
  let isOver = false;
  const stop = () => {
    if (isOver) return;
    isOver = true;
    for (const one of stream.getTracks()) one.stop();
    video.srcObject = null;
    reader.close();
  };
  track?.addEventListener('ended', () => {
    if (isOver) return;
    stop();
    handlers.onEnd();
  });
  video.srcObject = stream;
  const look = async (): Promise<void> => {
    while (!isOver) {
      await nextFrame(video);
      if (isOver) return;
      if (video.videoWidth === 0) continue;
      const picture = await scaled(video, video.videoWidth, video.videoHeight, FRAME_SIZE);
      const text = await reader.read(picture, false);
      if (text !== null && !isOver) handlers.onText(text);
    }
  };
  void video.play().catch(() => undefined);
  look().catch(() => {
    if (isOver) return;
    stop();
    handlers.onEnd();
  });
  const capabilities = (track?.getCapabilities?.() ?? {}) as { torch?: boolean };
  return {
    hasTorch: capabilities.torch === true,
    setTorch: async (on) => {
      await track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
      return on;
    },
    stop,
  };
}

/** The text of a code in a picture that was chosen; null when there is none or it is no picture. */
export async function readPicture(file: Blob): Promise<string | null> {
  const reader = await openCodeReader();
  let whole: ImageBitmap | undefined;
  try {
    whole = await createImageBitmap(file);
    // Codes that nearly fill a sharp picture are found best when it is small.
    for (const size of [PICTURE_SIZE, FRAME_SIZE, FRAME_SIZE / 2]) {
      const text = await reader.read(await scaled(whole, whole.width, whole.height, size), true);
      if (text !== null) return text;
    }
    return null;
  } catch {
    return null;
  } finally {
    whole?.close();
    reader.close();
  }
}

function scaled(
  source: ImageBitmapSource,
  width: number,
  height: number,
  size: number,
): Promise<ImageBitmap> {
  const scale = Math.min(1, size / Math.max(width, height));
  return createImageBitmap(source, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: 'medium',
  });
}

function nextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => resolve());
      else resolve();
    }, PAUSE_MS);
  });
}

function troubleOf(error: unknown): CameraTrouble {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'none';
}
