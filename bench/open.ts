/**
 * How long a channel takes to open between two libdatachannel stacks on loopback, from the first line of code to both channels: by a direct
 * dial, and through a host, which means a WebSocket each, presence and sealed signals; side by side, turn by turn.
 */
import { createHash, randomBytes } from 'node:crypto';
import { startSignalingServer } from '../signaling/server.node.ts';
import { asBytes, toHex } from '../src/core/bytes.ts';
import type { NodeId, SpaceId } from '../src/core/ids.ts';
import { createNodeCrypto } from '../src/identity/crypto.node.ts';
import { dialDirect } from '../src/mesh/direct-dial.ts';
import { startDirectListener } from '../src/mesh/direct-listener.node.ts';
import { Mesh } from '../src/mesh/mesh.ts';
import { NodeDataChannelTransport } from '../src/mesh/node-datachannel.node.ts';
import { nodeTextSockets } from '../src/mesh/web-socket.node.ts';
import { certificatePem, keyPem, makeSelfSigned } from '../src/node/https/certificates.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../src/node/open-node.ts';
import { median, printTable } from './table.ts';

const BIND = { bindAddress: '127.0.0.1' };

interface Way {
  readonly name: string;
  /** Opens one channel pair; its ms. */
  open(): Promise<number>;
  close(): Promise<void>;
}

async function directly(): Promise<Way> {
  const made = makeSelfSigned('relay');
  const listener = await startDirectListener({
    port: 0,
    listen: '127.0.0.1',
    certificate: certificatePem(made.certificate),
    key: keyPem(made.key),
    clock: SYSTEM_CLOCK,
    onLink: (_link, settled) => settled(),
  });
  const transport = new NodeDataChannelTransport(BIND);
  const certificateHash = asBytes(new Uint8Array(createHash('sha256').update(made.certificate).digest()));
  const endpoint = { addresses: [{ address: '127.0.0.1', port: listener.port }], certificateHash };
  return {
    name: 'direct dial',
    open: async () => {
      const startMs = performance.now();
      const tookMs = await new Promise<number>((resolve, reject) => {
        dialDirect(transport, endpoint, {
          onOpen: (link) => {
            resolve(performance.now() - startMs);
            link.attach({ onMessage() {}, onDrain() {}, onClose() {} });
            link.close('measured');
          },
          onFail: (why) => reject(new Error(why)),
        });
      });
      return tookMs;
    },
    close: async () => {
      transport.close();
      listener.close();
    },
  };
}

async function throughHost(): Promise<Way> {
  const host = await startSignalingServer({ port: 0, listen: '127.0.0.1' });
  const crypto = createNodeCrypto();
  const meetSecret = asBytes(new Uint8Array(randomBytes(32)));
  const space = toHex(randomBytes(32)) as SpaceId;
  const member = (onLink: () => void) => {
    const transport = new NodeDataChannelTransport(BIND);
    const mesh = new Mesh({
      transport,
      sockets: nodeTextSockets,
      clock: SYSTEM_CLOCK,
      random: SYSTEM_RANDOM,
      crypto,
      nodeId: toHex(randomBytes(32)) as NodeId,
      hosts: [host.url],
      onLink,
    });
    mesh.setSpaces([{ space, meetSecret }]);
    return () => {
      mesh.close();
      transport.close();
    };
  };
  return {
    name: 'host',
    open: async () => {
      const startMs = performance.now();
      const ends: (() => void)[] = [];
      const tookMs = await new Promise<number>((resolve) => {
        let open = 0;
        const opened = () => {
          if (++open === 2) resolve(performance.now() - startMs);
        };
        ends.push(member(opened), member(opened));
      });
      for (const end of ends) end();
      return tookMs;
    },
    close: () => host.close(),
  };
}

/** @param rounds openings of each way. */
export async function benchOpen(rounds: number): Promise<void> {
  const ways = [await directly(), await throughHost()];
  const tookMs = new Map<Way, number[]>(ways.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++)
    for (const way of ways) tookMs.get(way)?.push(await way.open());
  for (const way of ways) await way.close();
  const row = (way: Way) => {
    const all = [...(tookMs.get(way) ?? [])].sort((a, b) => a - b);
    const stalled = all.filter((ms) => ms >= 1_000).length;
    const at = (part: number) => (all[Math.ceil(part * all.length) - 1] ?? Number.NaN).toFixed(0);
    return [way.name, median(all).toFixed(0), at(0.9), at(1), String(stalled)];
  };
  printTable(`a channel opened ${rounds} times, ms`, [
    ['way', 'median', '90 %', 'longest', 'of a second or more'],
    ...ways.map(row),
  ]);
}
