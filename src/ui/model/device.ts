/** This device and its browser: whether the app works without a network, is installed, has a newer version; and its storage. */
import type { InstallState } from '../platform/install-prompt.browser.ts';
import type { AppVersionState } from '../platform/service-worker.browser.ts';
import type { DeviceModel } from './device-model.ts';
import type { ModelCore } from './model-core.ts';

/** The part of the version watcher (service-worker.browser.ts) that is needed. */
export interface VersionPort {
  readonly state: AppVersionState;
  subscribe(listener: () => void): () => void;
  applyUpdate(): void;
}

/** The part of the install prompt (install-prompt.browser.ts) that is needed. */
export interface InstallPort {
  readonly state: InstallState;
  subscribe(listener: () => void): () => void;
  install(): Promise<'accepted' | 'dismissed' | 'unavailable'>;
}

export interface DevicePorts {
  /** Absent where the page has none: the view says that it is not known. */
  readonly version?: VersionPort;
  readonly install?: InstallPort;
  /** Asks the browser to keep the storage; null when it cannot be asked. */
  readonly persist: () => Promise<boolean | null>;
}

export class Device implements DeviceModel {
  readonly #core: ModelCore;
  readonly #ports: DevicePorts;

  constructor(core: ModelCore, ports: DevicePorts) {
    this.#core = core;
    this.#ports = ports;
    ports.version?.subscribe(() => core.set({}));
    ports.install?.subscribe(() => core.set({}));
  }

  get version(): AppVersionState | null {
    return this.#ports.version?.state ?? null;
  }

  get install(): InstallState | null {
    return this.#ports.install?.state ?? null;
  }

  async askToKeep(): Promise<void> {
    const persistent = await this.#ports.persist();
    this.#core.set({ storage: { ...this.#core.state.storage, persistent } });
  }

  async installApp(): Promise<void> {
    await this.#ports.install?.install();
  }

  applyUpdate(): void {
    this.#ports.version?.applyUpdate();
  }
}
