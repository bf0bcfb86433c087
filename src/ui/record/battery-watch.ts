/** How the device's battery stands, where the browser tells it: not in Firefox and Safari, and not without HTTPS. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** The part of the Battery Status API that is used. */
interface BatteryManager extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}

export interface Battery {
  /** 0 to 1. */
  readonly level: number;
  readonly charging: boolean;
}

const EVENTS = ['levelchange', 'chargingchange'] as const;

export class BatteryWatch implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #manager: BatteryManager | undefined;
  #isConnected = false;
  readonly #changed = (): void => this.#host.requestUpdate();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** Null where nobody tells. */
  get battery(): Battery | null {
    return this.#manager ?? null;
  }

  hostConnected(): void {
    this.#isConnected = true;
    void this.#begin();
  }

  hostDisconnected(): void {
    this.#isConnected = false;
    for (const type of EVENTS) this.#manager?.removeEventListener(type, this.#changed);
    this.#manager = undefined;
  }

  async #begin(): Promise<void> {
    const { getBattery } = navigator as Navigator & { getBattery?: () => Promise<BatteryManager> };
    try {
      const manager = await getBattery?.call(navigator);
      if (manager === undefined || !this.#isConnected) return;
      this.#manager = manager;
      for (const type of EVENTS) manager.addEventListener(type, this.#changed);
      this.#changed();
    } catch {
      // Some browsers have the question and refuse the answer.
    }
  }
}
