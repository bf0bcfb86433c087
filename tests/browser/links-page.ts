/** The page of links.test.ts: ends of links over simple-peer, and a browser WebSocket, for the test to drive. */
import type { SignalPayload } from '../../src/mesh/port.ts';
import { SimplePeerTransport } from '../../src/mesh/simple-peer.browser.ts';
import { browserTextSockets } from '../../src/mesh/web-socket.browser.ts';
import { RealNode } from '../unit/mesh/real-node.ts';
import { type LinkEnd, LocalEnd } from './links-end.ts';

export interface LinksPage {
  /** Makes the end called `name`; its signals go to `globalThis.onLinkSignal(name, payload)`. */
  make(name: string): void;
  call(name: string, method: keyof LinkEnd, args: readonly unknown[]): Promise<unknown>;
  /** Closes all links. */
  reset(): void;
  /** Starts a whole mesh as node `n`. */
  startMesh(n: number, hosts: readonly string[]): void;
  /** Waits until that mesh is linked to `count` nodes and returns their numbers. */
  meshPeers(count: number): Promise<number[]>;
  /** Sends a text to node `n`. */
  meshSend(n: number, text: string): void;
  /** Waits for a text from anybody. */
  meshReceived(text: string): Promise<void>;
  /** Opens a WebSocket, sends `texts`, and lists what it reported until it closed. */
  recordSocket(url: string, texts: readonly string[]): Promise<string[]>;
}

declare global {
  var linksPage: LinksPage;
  var onLinkSignal: (name: string, payload: SignalPayload) => Promise<void>;
}

const ends = new Map<string, LocalEnd>();
let transport = new SimplePeerTransport();
let mesh: RealNode | undefined;

function running(): RealNode {
  if (mesh === undefined) throw new TypeError('no mesh in this page');
  return mesh;
}

globalThis.linksPage = {
  make(name) {
    const emit = (payload: SignalPayload) => {
      globalThis.onLinkSignal(name, payload).catch(() => undefined);
    };
    ends.set(name, new LocalEnd(transport, emit));
  },
  call(name, method, args) {
    const end = ends.get(name);
    if (end === undefined) throw new TypeError(`no end called ${name}`);
    return (end[method] as (...args: readonly unknown[]) => Promise<unknown>).apply(end, [...args]);
  },
  reset() {
    mesh?.stop();
    mesh = undefined;
    transport.close();
    transport = new SimplePeerTransport();
    ends.clear();
  },
  startMesh(n, hosts) {
    mesh = new RealNode(n, hosts, new SimplePeerTransport(), browserTextSockets);
  },
  async meshPeers(count) {
    await running().until((node) => node.peers().length === count);
    return running().peers();
  },
  meshSend(n, text) {
    running().send(n, text);
  },
  meshReceived(text) {
    return running().until((node) => node.received.includes(text));
  },
  recordSocket(url, texts) {
    const events: string[] = [];
    return new Promise((resolve) => {
      const socket = browserTextSockets.open(url, {
        onOpen: () => {
          events.push('open');
          for (const text of texts) socket.send(text);
        },
        onMessage: (text) => {
          events.push(text);
          if (text === 'close me') socket.close();
        },
        onClose: () => {
          events.push('close');
          resolve(events);
        },
      });
    });
  },
};
