/** What a mesh is given, and what it shows of itself. */
import type { NodeId, SpaceId } from '../core/ids.ts';
import type { Clock, Random } from '../core/ports.ts';
import type { DiallerLimits } from './dialler.ts';
import type { HostPolicy, HostUse, KnownHost } from './known-host.ts';
import type { Link, TextSocketFactory, Transport } from './port.ts';
import type { Aead } from './sealed-signal.ts';
import type { HostConnectionState } from './signaling-client.ts';
import type { LinkInfo } from './tracked-link.ts';

export const MESH_LIMITS: DiallerLimits = {
  /** Chromium has 500 peer connections and collects closed ones slowly; a link costs about 1 MB of buffers. */
  maxLinks: 64,
  /** ICE and DTLS of more at once would make each of them slow. */
  maxHalfOpen: 8,
  /** An answer takes one way through the host and back; a throttled page in the background some seconds. */
  answerTimeoutMs: 8_000,
  /** ICE on a bad path takes ten seconds. */
  attemptTimeoutMs: 20_000,
};

/** A space to meet in, and the secret its members share for that (32 bytes). */
export interface SpaceMeeting {
  readonly space: SpaceId;
  readonly meetSecret: Uint8Array;
  /** Where its members meet, of which each uses some; the first 256. */
  readonly hosts?: readonly KnownHost[];
  /** Relays that are dialled without a host, as `direct:…`. */
  readonly direct?: readonly string[];
}

export interface MeshOptions {
  readonly transport: Transport;
  readonly sockets: TextSocketFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Aead;
  /** This node. */
  readonly nodeId: NodeId;
  /** `ws://host:port` or `wss://…`, always used and for every space; the first 8. Relays to dial directly, `direct:…`, stand among them. */
  readonly hosts: readonly string[];
  /** SHA-256 of the certificate with which this node is itself dialled directly. */
  readonly ownCertificateHash?: Uint8Array;
  /** A link opened. Attach to it, prove the peer, then call `Mesh.proven`, or close it. */
  onLink(link: Link, info: LinkInfo): void;
  /** False for nodes that are neither dialled nor answered; all are when absent. */
  accept?(nodeId: NodeId): boolean;
  readonly limits?: Partial<DiallerLimits>;
  readonly hostPolicy?: Partial<HostPolicy>;
}

export interface HostStatus {
  readonly url: string;
  readonly state: HostConnectionState;
  readonly use: HostUse;
  /** The name that the host gave itself, empty while not open or for a stock PeerServer. */
  readonly hostId: string;
  /** Members' connections that the host shows. */
  readonly peers: number;
  readonly lastFailure: string | undefined;
}

export interface LinkStatus {
  readonly link: Link;
  readonly info: LinkInfo;
  /** Monotonic milliseconds. */
  readonly openedMs: number;
  readonly proven: boolean;
}
