/**
 * Reads QR codes out of pictures: with the browser's own BarcodeDetector where it knows QR codes (Android, macOS), otherwise in a
 * worker. Both answer one picture at a time; who asks waits for the answer, so pictures never queue up.
 */
import { WaystationError } from '../../core/errors.ts';

export interface CodeReader {
  /**
   * The text of a code in the picture, null when there is none. The picture is used up.
   * @param isOnly there is no next frame: take more time.
   * @throws WaystationError `closed` when the reader has broken down.
   */
  read(picture: ImageBitmap, isOnly: boolean): Promise<string | null>;
  close(): void;
}

export interface ScanRequest {
  readonly id: number;
  readonly picture: ImageBitmap;
  readonly isOnly: boolean;
}

export interface ScanAnswer {
  readonly id: number;
  readonly text: string | null;
}

/** The Shape Detection API; not in TypeScript's declarations. */
interface NativeDetector {
  detect(source: ImageBitmap): Promise<readonly { readonly rawValue: string }[]>;
}
interface NativeDetectorClass {
  new (options: { formats: readonly string[] }): NativeDetector;
  getSupportedFormats(): Promise<readonly string[]>;
}

export async function openCodeReader(): Promise<CodeReader> {
  return (await nativeReader()) ?? workerReader();
}

async function nativeReader(): Promise<CodeReader | undefined> {
  const Detector = (globalThis as { BarcodeDetector?: NativeDetectorClass }).BarcodeDetector;
  if (Detector === undefined) return undefined;
  try {
    // It may be there and know no format at all, where the system lacks what it is made of.
    if (!(await Detector.getSupportedFormats()).includes('qr_code')) return undefined;
    const detector = new Detector({ formats: ['qr_code'] });
    return {
      read: async (picture) => {
        try {
          return (await detector.detect(picture))[0]?.rawValue ?? null;
        } finally {
          picture.close();
        }
      },
      close: () => undefined,
    };
  } catch {
    return undefined;
  }
}

function workerReader(): CodeReader {
  const worker = new Worker(new URL('./scan-worker.browser.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<
    number,
    { resolve: (text: string | null) => void; reject: (error: Error) => void }
  >();
  let count = 0;
  const fail = () => {
    for (const { reject } of waiting.values())
      reject(new WaystationError('closed', 'the code reader has stopped: scan again'));
    waiting.clear();
  };
  worker.addEventListener('message', ({ data }: MessageEvent<ScanAnswer>) => {
    waiting.get(data.id)?.resolve(data.text);
    waiting.delete(data.id);
  });
  worker.addEventListener('error', fail);
  return {
    read: (picture, isOnly) =>
      new Promise((resolve, reject) => {
        const id = count++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, picture, isOnly } satisfies ScanRequest, [picture]);
      }),
    close: () => {
      worker.terminate();
      fail();
    },
  };
}
