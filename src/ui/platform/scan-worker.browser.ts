/** Worker: looks for a QR code in pictures, so that the page stays responsive. One picture in, one answer out, in order. */
import { decodeQR } from 'qr/decode.js';
import type { ScanAnswer, ScanRequest } from './scan-reader.browser.ts';

/** Milliseconds for further tries with one picture: the next frame may be better. */
const FRAME_TIME_MS = 60;
/** A picture that was chosen is the only one there is. */
const PICTURE_TIME_MS = 2_000;

interface WorkerSide {
  onmessage: ((event: MessageEvent<ScanRequest>) => void) | null;
  postMessage(answer: ScanAnswer): void;
}

const side = globalThis as unknown as WorkerSide;
let canvas: OffscreenCanvas | undefined;

side.onmessage = ({ data: { id, picture, isOnly } }) => {
  const { width, height } = picture;
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context?.drawImage(picture, 0, 0);
  picture.close();
  const pixels = context?.getImageData(0, 0, width, height);
  side.postMessage({ id, text: pixels === undefined ? null : textIn(pixels, isOnly) });
};

function textIn(pixels: ImageData, isOnly: boolean): string | null {
  try {
    return decodeQR(pixels, { timeLimit: isOnly ? PICTURE_TIME_MS : FRAME_TIME_MS });
  } catch {
    return null; // the usual case: no code in this picture
  }
}
