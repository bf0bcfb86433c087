/** Files that the system opened the app with, on their way to the place that shows them. Event: `handed` when one came. */

/** A file that somebody handed over: read when it is shown. */
export interface HandedFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** @throws DOMException when the file is gone. */
  bytes(): Promise<Uint8Array>;
}

export class HandedFiles extends EventTarget {
  #file: HandedFile | undefined;

  /** Of several the last is shown: there is one place for them. */
  handOver(file: HandedFile): void {
    this.#file = file;
    this.dispatchEvent(new Event('handed'));
  }

  /** The file that waits, once. */
  take(): HandedFile | undefined {
    const file = this.#file;
    this.#file = undefined;
    return file;
  }
}
