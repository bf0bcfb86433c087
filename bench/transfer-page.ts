/** The page's end of the measurements: a real node over its store worker, and a bare RTCPeerConnection as the yardstick. */
import { asBytes } from '../src/core/bytes.ts';
import type { Clock } from '../src/core/ports.ts';
import { KIND } from '../src/feed/kinds.ts';
import { createWebCrypto } from '../src/identity/crypto.web.ts';
import { parseInvite } from '../src/identity/invite.ts';
import { loadOrCreateBrowserKeys } from '../src/identity/keys.browser.ts';
import { pageMesh } from '../src/mesh/page-mesh.browser.ts';
import { createInvite } from '../src/station/membership-actions.ts';
import { WaystationNode } from '../src/station/node.ts';
import { connectStoreWorker } from '../src/store/worker-bridge.browser.ts';
import { collect } from './collect.ts';

const HIGH_WATERMARK = 4 * 2 ** 20;
const LOW_WATERMARK = 2 ** 20;

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

async function openPageNode(): Promise<WaystationNode> {
  const worker = new Worker(new URL('../workers/store.ts', import.meta.url), { type: 'module' });
  const name = `bench-${crypto.randomUUID()}`;
  const store = await connectStoreWorker(worker, name, { giveAwayWrites: true });
  const random = { bytes: (length: number) => asBytes(crypto.getRandomValues(new Uint8Array(length))) };
  const keys = await loadOrCreateBrowserKeys(`${name}-keys`);
  return WaystationNode.open({ store, keys, crypto: createWebCrypto(), clock, random });
}

function connect(node: WaystationNode, host: string): void {
  node.connect(pageMesh(), { hosts: [host], exclusive: true });
}

/** Joins, collects `blobs` blobs, says how long that took from the comparison on. */
async function pageSink(link: string, blobs: number): Promise<{ bytes: number; ms: number }> {
  const node = await openPageNode();
  const space = await node.join(parseInvite(link));
  return collect(node, blobs, () => connect(node, space.record.hosts[0] ?? ''));
}

/** Seals random blobs and serves them; the invite to fetch them with. */
async function pageSource(host: string, blobs: number, blobBytes: number): Promise<string> {
  const node = await openPageNode();
  const { space } = await node.createSpace({ name: 'bench', isPublic: false });
  for (let i = 0; i < blobs; i++) {
    const plaintext = new Uint8Array(blobBytes - 2_048);
    for (let at = 0; at < plaintext.length; at += 65_536)
      crypto.getRandomValues(plaintext.subarray(at, at + 65_536));
    await space.writeWithBlob(KIND.clip, () => new Uint8Array(1), plaintext);
  }
  const expiresMs = Date.now() + 86_400_000;
  const { link } = await createInvite(space, { role: 'member', uses: 100, expiresMs, hosts: [host] });
  connect(node, host);
  return link;
}

interface Signal {
  readonly sdp?: string;
  readonly type?: RTCSdpType;
  readonly candidate?: string;
  readonly mid?: string;
}

/** One side of a bare connection; `signal` feeds it, `onsignal` is called for what it has to say. */
function rawPeer(
  role: 'sender' | 'receiver',
  totalBytes: number,
  messageBytes: number,
  say: (signal: object) => void,
) {
  const peer = new RTCPeerConnection();
  peer.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate?.candidate) say({ candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
  });
  if (role === 'sender') {
    const channel = peer.createDataChannel('raw');
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATERMARK;
    const message = new Uint8Array(messageBytes);
    let sent = 0;
    let startMs = 0;
    const fill = () => {
      while (sent < totalBytes && channel.bufferedAmount < HIGH_WATERMARK) {
        channel.send(message);
        sent += messageBytes;
      }
    };
    channel.addEventListener('bufferedamountlow', fill);
    channel.addEventListener('message', () =>
      say({ seconds: (performance.now() - startMs) / 1_000, bytes: sent }),
    );
    channel.addEventListener('open', () => {
      startMs = performance.now();
      fill();
    });
    void peer.setLocalDescription().then(() => say({ sdp: peer.localDescription?.sdp, type: 'offer' }));
  } else {
    let received = 0;
    peer.addEventListener('datachannel', ({ channel }) => {
      channel.binaryType = 'arraybuffer';
      channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
        received += data.byteLength;
        if (received >= totalBytes) channel.send(new Uint8Array(1));
      });
    });
  }
  return async (signal: Signal): Promise<void> => {
    if (signal.candidate !== undefined) {
      await peer.addIceCandidate({ candidate: signal.candidate, sdpMid: signal.mid ?? '0' });
      return;
    }
    if (signal.sdp === undefined || signal.type === undefined) return;
    await peer.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
    if (signal.type !== 'offer') return;
    await peer.setLocalDescription();
    say({ sdp: peer.localDescription?.sdp, type: 'answer' });
  };
}

Object.assign(globalThis, { bench: { pageSink, pageSource, rawPeer } });
