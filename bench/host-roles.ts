/** The processes of the host bench: two servers, and the clients that are the same for both. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { startSignalingServer } from '../signaling/server.node.ts';
import { startStunServer } from '../signaling/stun-server.node.ts';
import { floodStun, PeerCrowd } from './host-clients.ts';

export type ClientOrder =
  | { readonly kind: 'join'; readonly port: number; readonly clients: number }
  | { readonly kind: 'exchange'; readonly inFlight: number; readonly ms: number };

export interface Joined {
  readonly ms: number;
}

export interface Traffic {
  readonly messages: number;
  readonly ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const NO_RATE = { burst: 1e12, perSecond: 1e12 };

function say(message: unknown): void {
  process.send?.(message);
}

/** Answers `memory` with what this process holds after a collection. */
function tellMemory(): void {
  process.on('message', (order) => {
    if (order !== 'memory') return;
    for (let i = 0; i < 3; i++) (globalThis as { gc?: () => void }).gc?.();
    say({ bytes: process.memoryUsage.rss() });
  });
}

async function hostOurs(): Promise<void> {
  tellMemory();
  const { port } = await startSignalingServer({
    port: 0,
    listen: '127.0.0.1',
    limits: { burstMessages: 1e12, messagesPerSecond: 1e12, allMessages: NO_RATE },
    shares: { socketsPerHouse: 1e6, socketsPerNeighbourhood: 1e6, connects: NO_RATE, messages: NO_RATE },
    halfOpen: { perAddress: 1e6, inAll: 1e6 },
  });
  say({ port });
}

function hostPeer(): void {
  tellMemory();
  const server = PeerServer({ port: 0, host: '127.0.0.1' }, (started) => {
    say({ port: ((started as Server).address() as AddressInfo).port });
  });
  server.on('error', () => undefined);
}

function hostClients(): void {
  const crowd = new PeerCrowd();
  process.on('message', async (order: ClientOrder) => {
    say(
      order.kind === 'join'
        ? await crowd.join(order.port, order.clients)
        : await crowd.exchange(order.inFlight, order.ms),
    );
  });
  say('ready');
}

async function stunOurs(): Promise<void> {
  const limits = { house: NO_RATE, neighbourhood: NO_RATE, total: NO_RATE };
  say({ port: (await startStunServer({ port: 0, listen: '127.0.0.1', limits })).port });
}

function stunClients(): void {
  process.on('message', async ({ port, ms }: { port: number; ms: number }) => say(await floodStun(port, ms)));
  say('ready');
}

const ROLES: Readonly<Record<string, () => unknown>> = {
  'host-ours': hostOurs,
  'host-peer': hostPeer,
  'host-clients': hostClients,
  'stun-ours': stunOurs,
  'stun-clients': stunClients,
};

/** Runs the role of this name; false when it is none of the host bench. */
export async function runHostRole(name: string | undefined): Promise<boolean> {
  const role = ROLES[name ?? ''];
  await role?.();
  return role !== undefined;
}
