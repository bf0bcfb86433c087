/**
 * HTTPS of one relay from start to end: its authority (made at the first start), the certificate that it shows, and the name that it
 * announces. Whatever fails about the name is said and leaves the rest working: phones then use the address.
 */
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import type { RelayServer } from '../relay-server.ts';
import { type Announcement, announce } from './announce.ts';
import { type Authority, createAuthority, keptAuthority } from './authority.ts';
import { AUTHORITY_FROM_MS, certificatePem, fingerprintOf } from './certificates.ts';
import { labelOf, localNameFrom } from './local-name.ts';
import { type ServedCertificate, ServingCertificate } from './serving-certificate.ts';

/** A free name is found within two seconds; after this a network is taken for one that swallows multicast. */
const NAMING_MS = 15_000;

export interface SecureRelayOptions {
  readonly dataFolder: string;
  /** Started with a secure port. */
  readonly server: RelayServer;
  readonly hostId: string;
  readonly shortId: string;
  /** What the relay was told to be called. */
  readonly givenName: string | undefined;
  /** Whether the name is announced in the network. */
  readonly announces: boolean;
  /** The one address that is listened on; absent when all are. */
  readonly address?: string;
  readonly isOnLoopback: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Called when the addresses of this machine have changed. */
  readonly onMoved: () => void;
}

export class SecureRelay {
  /** The stable name, such as `waystation.local`. */
  readonly name: string;
  /** SHA-256 of the authority's certificate. */
  readonly fingerprint: string;
  readonly #options: SecureRelayOptions;
  readonly #authority: Authority;
  readonly #certificate: ServingCertificate;
  #announcement: Announcement | undefined;
  /** Announcing and taking back, one after the other. */
  #naming: Promise<void> = Promise.resolve();
  readonly #closed = new AbortController();

  private constructor(options: SecureRelayOptions, authority: Authority, announcement?: Announcement) {
    this.#options = options;
    this.#authority = authority;
    this.#announcement = announcement;
    this.name = authority.name;
    this.fingerprint = fingerprintOf(authority.certificate);
    this.#certificate = new ServingCertificate({
      authority,
      clock: options.clock,
      onIssued: (issued) => this.#serve(issued),
      onMoved: () => {
        options.say(`The addresses of this computer have changed; ${this.name} goes on leading here.`);
        options.onMoved();
        this.#announceAgain();
      },
    });
  }

  /**
   * Serves HTTPS.
   * @throws WaystationError when the authority cannot be read or made; `closed` when the signal aborts before there is one.
   */
  static async open(options: SecureRelayOptions): Promise<SecureRelay> {
    const { dataFolder, givenName, say } = options;
    if (options.clock.nowMs() < AUTHORITY_FROM_MS) {
      say(
        'The clock of this computer is years behind, so phones will refuse its certificate: set the clock.',
      );
    }
    const kept = await keptAuthority(dataFolder);
    if (kept !== undefined) {
      if (givenName !== undefined && !isOf(kept.name, localNameFrom(givenName)))
        say(`Phones know this relay as ${kept.name}; that stays, whatever --name says.`);
      const relay = new SecureRelay(options, kept);
      relay.#announceAgain();
      return relay;
    }
    const { name, announcement } = await firstName(options);
    if (options.signal.aborted) {
      // A name that was not looked into to the end must not become the one for good.
      await announcement?.close();
      throw new WaystationError('closed', 'stopped before this relay had a name');
    }
    try {
      const authority = await createAuthority(dataFolder, { name, shortId: options.shortId });
      return new SecureRelay(options, authority, announcement);
    } catch (error) {
      // A name that goes on being announced would keep the program from ending.
      await announcement?.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#certificate.close();
    await this.#naming;
    await this.#announcement?.close();
  }

  #serve({ key, cert, addresses }: ServedCertificate): void {
    const { server, hostId, shortId, isOnLoopback } = this.#options;
    server.secure({
      key,
      cert,
      trust: {
        name: this.#authority.name,
        shortId,
        hostId,
        port: server.port,
        securePort: server.securePort ?? 0,
        authority: this.#authority.certificate,
        authorityPem: certificatePem(this.#authority.certificate),
        addresses,
        isOnLoopback,
      },
    });
  }

  #announceAgain(): void {
    if (!this.#options.announces) return;
    this.#naming = this.#naming.then(async () => {
      await this.#announcement?.close();
      this.#announcement = undefined;
      if (this.#closed.signal.aborted) return;
      this.#announcement = await tryAnnounce(this.#options, this.name, false, this.#closed.signal);
    });
  }
}

/** True for the name itself and for what it became because it was taken. */
function isOf(kept: string, given: string): boolean {
  return `${labelOf(kept)}-`.startsWith(`${labelOf(given)}-`);
}

/** The name for good: one that nobody else in this network has, as far as can be found out. */
async function firstName(
  options: SecureRelayOptions,
): Promise<{ name: string; announcement?: Announcement }> {
  const name = localNameFrom(options.givenName);
  if (!options.announces) return { name };
  const within = AbortSignal.any([options.signal, AbortSignal.timeout(NAMING_MS)]);
  const announcement = await tryAnnounce(options, name, true, within);
  if (announcement === undefined) return { name };
  if (announcement.name !== name)
    options.say(
      `Another device in this network is called ${name}: this relay is ${announcement.name} from now on.`,
    );
  return { name: announcement.name, announcement };
}

async function tryAnnounce(
  options: SecureRelayOptions,
  name: string,
  mayRename: boolean,
  signal: AbortSignal,
): Promise<Announcement | undefined> {
  const { address, say } = options;
  const taken = `Another device in this network is called ${name} too. Phones may find that one instead: switch it off or rename it, or open this relay by its address.`;
  try {
    return await announce({
      name,
      mayRename,
      shortId: options.shortId,
      port: options.server.securePort ?? 0,
      onlyIPv4: options.server.listen === '0.0.0.0',
      ...(address === undefined ? {} : { address }),
      signal,
      onTaken: () => say(taken),
    });
  } catch (error) {
    if (isWaystationError(error, 'conflict')) say(taken);
    else if (!options.signal.aborted)
      say(
        `Phones cannot find ${name} now: ${errorMessage(error)}. Its address works; the name is tried again when the network changes.`,
      );
    return undefined;
  }
}
