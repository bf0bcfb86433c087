/** A relay that is dialled directly: its certificate, its port, which stays the same over restarts, and the text that invites carry. */
import type { DirectStats } from '../../signaling/host-metrics.ts';
import { fromUtf8, toUtf8 } from '../core/bytes.ts';
import { isWaystationError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { directEndpointText } from '../identity/direct-endpoint.ts';
import { MAX_INVITE_HOSTS } from '../identity/invite.ts';
import { type DirectListener, startDirectListener } from '../mesh/direct-listener.node.ts';
import type { WaystationNode } from '../station/node.ts';
import { reachOf } from './addresses.ts';
import { loadOrCreateDirectCertificate } from './direct-certificate.ts';
import type { RelayPlace } from './relay-place.ts';

const PORT_KEY = 'direct-port';

export interface DirectRelayOptions {
  readonly node: WaystationNode;
  readonly dataFolder: string;
  /** Address to listen on, `::` for all. */
  readonly listen: string;
  /** UDP port that the person chose; when absent or 0 the one of last time, at first one that the system chooses. */
  readonly port?: number | undefined;
  readonly clock: Clock;
  say(text: string): void;
}

export class DirectRelay {
  readonly certificateHash: Uint8Array;
  readonly #listener: DirectListener;
  readonly #listen: string;

  private constructor(listener: DirectListener, certificateHash: Uint8Array, listen: string) {
    this.#listener = listener;
    this.certificateHash = certificateHash;
    this.#listen = listen;
  }

  /** @throws WaystationError `unavailable` when the chosen port cannot be had, or as the certificate's file. */
  static async open(options: DirectRelayOptions): Promise<DirectRelay> {
    const { node, dataFolder, listen, clock } = options;
    const { certificate, key, hash } = await loadOrCreateDirectCertificate(dataFolder);
    const start = (port: number) =>
      startDirectListener({
        port,
        listen,
        certificate,
        key,
        clock,
        onLink: (link, settled) => node.takeDirect(link, settled),
      });
    return new DirectRelay(await startOnOwnPort(options, start), hash, listen);
  }

  get port(): number {
    return this.#listener.port;
  }

  stats(): DirectStats {
    return this.#listener.stats();
  }

  /** What invites say of it, by the addresses that this machine has now. */
  text(): string {
    const addresses = reachOf(this.#listen).names.map((name) => ({
      address: name === 'localhost' ? '127.0.0.1' : name.replaceAll(/[[\]]/g, ''),
      port: this.port,
    }));
    return directEndpointText({ addresses, certificateHash: new Uint8Array(this.certificateHash) });
  }

  close(): void {
    this.#listener.close();
  }
}

async function startOnOwnPort(
  { node, port = 0, say }: DirectRelayOptions,
  start: (port: number) => Promise<DirectListener>,
): Promise<DirectListener> {
  if (port !== 0) return await start(port);
  const { state } = node.ports.store;
  const kept = await state.get(PORT_KEY);
  const known = kept === undefined ? 0 : Number(fromUtf8(kept));
  try {
    const listener = await start(known);
    if (listener.port !== known) await state.put(PORT_KEY, toUtf8(String(listener.port)), 'strict');
    return listener;
  } catch (error) {
    if (known === 0 || !isWaystationError(error, 'unavailable')) throw error;
    // Not remembered: the next time the old one may be free, and invites name it.
    const listener = await start(0);
    say(
      `${error.message}. Until this relay is started anew it is dialled directly on UDP port ${listener.port}; invites made before lead here by their other addresses.`,
    );
    return listener;
  }
}

/** The place with the direct endpoint among its hosts, the last of them: people read the first. */
export function withDirect(place: RelayPlace, direct: DirectRelay | undefined): RelayPlace {
  if (direct === undefined) return place;
  return { ...place, hosts: [...place.hosts.slice(0, MAX_INVITE_HOSTS - 1), direct.text()] };
}
