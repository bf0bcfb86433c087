/**
 * The certificate that a relay shows: for its name, `localhost` and every private address that the machine has now. Issued anew in
 * time before it ends, when the addresses change, and when the clock turns out to have been wrong. Its key lives in memory
 * only. Connections that are open keep what they began with.
 */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Clock } from '../../core/ports.ts';
import type { Authority } from './authority.ts';
import {
  certificatePem,
  issueLeaf,
  type KeyedCertificate,
  keyPem,
  LEAF_BACKDATED_MS,
  LEAF_LIFE_MS,
} from './certificates.ts';
import { isPrivateAddress } from './private-networks.ts';

/** A phone that walked into the Wi-Fi with the relay waits no longer than this. No system tells Node about new addresses. */
const CHECK_MS = 5_000;
/** A third of its life: a relay that is started now and then still renews in time. */
const RENEW_BEFORE_MS = LEAF_LIFE_MS / 3;
/** A machine with a container bridge per project has dozens; each costs a browser 20 bytes in every handshake. */
const MAX_ADDRESSES = 64;

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The private addresses of this machine that a URL can name, sorted; the loopback ones are always among them. */
export function certifiedAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const own = Object.values(interfaces)
    .flatMap((all) => all ?? [])
    // Link-local IPv6 needs a zone, which URLs in browsers cannot have.
    .filter(({ address }) => isPrivateAddress(address) && !/^fe[89ab]/i.test(address))
    .map(({ address }) => address);
  return [...new Set(['127.0.0.1', '::1', ...own])].sort().slice(0, MAX_ADDRESSES);
}

/** In PEM, as `tls.createSecureContext` takes it. */
export interface ServedCertificate {
  readonly key: string;
  readonly cert: string;
  /** What it is for, besides the name and `localhost`. */
  readonly addresses: readonly string[];
}

export interface ServingCertificateOptions {
  readonly authority: Authority;
  readonly clock: Clock;
  /** Called with the first one, before the constructor returns, and with every later one. */
  readonly onIssued: (certificate: ServedCertificate) => void;
  /** Called when the addresses have changed, after `onIssued`. */
  readonly onMoved?: () => void;
  readonly addresses?: () => string[];
}

export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  #addresses: readonly string[] = [];
  #issuedMs = 0;
  #cancel: () => void = () => undefined;

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
    this.#issue(this.#current());
    this.#watch();
  }

  close(): void {
    this.#cancel();
  }

  #current(): string[] {
    return (this.#options.addresses ?? certifiedAddresses)();
  }

  #issue(addresses: readonly string[]): void {
    const { authority, clock, onIssued } = this.#options;
    const nowMs = clock.nowMs();
    const names = [authority.name, 'localhost', ...addresses];
    const leaf: KeyedCertificate = issueLeaf(authority, names, nowMs);
    onIssued({ key: keyPem(leaf.key), cert: certificatePem(leaf.certificate), addresses });
    this.#addresses = addresses;
    this.#issuedMs = nowMs;
  }

  #watch(): void {
    this.#cancel = this.#options.clock.schedule(CHECK_MS, () => {
      try {
        this.#check();
      } catch {
        // Reading addresses needs a file of its own, and a flood of connections may have taken all: what is served stays, and it is
        // looked again. The relay must not end of it.
      }
      this.#watch();
    });
  }

  #check(): void {
    const addresses = this.#current();
    const moved = addresses.join() !== this.#addresses.join();
    const ageMs = this.#options.clock.nowMs() - this.#issuedMs;
    const worn = ageMs > LEAF_LIFE_MS - RENEW_BEFORE_MS || ageMs < -LEAF_BACKDATED_MS / 2;
    if (moved || worn) this.#issue(addresses);
    if (moved) this.#options.onMoved?.();
  }
}
