/** A stock PeerJS page: what its documentation shows, and nothing of ours. */
import { type DataConnection, Peer, type PeerError } from 'peerjs';

interface Answer {
  readonly text: string;
  readonly bytes: number[];
}

class PeerPage {
  #peer: Peer | undefined;
  #connection: DataConnection | undefined;
  readonly #received: unknown[] = [];
  #wake: () => void = () => undefined;

  /** Opens under `id`, or one that the server gives; resolves with it. */
  open(id: string | undefined, port: number, stun: string, key = 'peerjs'): Promise<string> {
    const options = { host: '127.0.0.1', port, path: '/', key, config: { iceServers: [{ urls: stun }] } };
    const peer = id === undefined ? new Peer(options) : new Peer(id, options);
    this.#peer = peer;
    peer.on('connection', (connection) => this.#take(connection));
    return new Promise((resolve, reject) => {
      peer.on('open', resolve);
      peer.on('error', (error: PeerError<string>) => reject(new Error(error.type)));
    });
  }

  /** Connects to `id`; resolves when data can flow. */
  connect(id: string): Promise<void> {
    const connection = this.#peer?.connect(id, { reliable: true });
    if (connection === undefined) throw new Error('not open');
    return this.#take(connection);
  }

  /** What PeerJS says went wrong with a connection to `id`. */
  failure(id: string): Promise<string> {
    return new Promise((resolve) => {
      this.#peer?.on('error', (error: PeerError<string>) => resolve(error.type));
      this.#peer?.connect(id);
    });
  }

  /** Leaves the server and comes back under the same id. */
  async comeBack(): Promise<string> {
    const peer = this.#peer;
    if (peer === undefined) throw new Error('not open');
    peer.disconnect();
    return new Promise((resolve) => {
      peer.once('open', resolve);
      peer.reconnect();
    });
  }

  async send(text: string, bytes: number): Promise<void> {
    await this.#connection?.send({ text, bytes: new Uint8Array(bytes).fill(7) });
  }

  /** The next message: its text, and how many bytes of 7 came with it. */
  async next(): Promise<{ text: string; sevens: number }> {
    while (this.#received.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const { text, bytes } = this.#received.shift() as Answer;
    return { text, sevens: Array.from(new Uint8Array(bytes)).filter((byte) => byte === 7).length };
  }

  candidates(): Promise<string[]> {
    return gather(this.#peer?.options.config?.iceServers ?? []);
  }

  #take(connection: DataConnection): Promise<void> {
    this.#connection = connection;
    connection.on('data', (data) => {
      this.#received.push(data);
      this.#wake();
    });
    return new Promise((resolve) => connection.on('open', () => resolve()));
  }
}

/** All candidates that ICE finds with these servers. */
async function gather(iceServers: RTCIceServer[]): Promise<string[]> {
  const connection = new RTCPeerConnection({ iceServers });
  const found: string[] = [];
  const done = new Promise<void>((resolve) => {
    connection.onicecandidate = ({ candidate }) =>
      candidate === null ? resolve() : found.push(candidate.candidate);
  });
  connection.createDataChannel('any');
  await connection.setLocalDescription();
  await done;
  connection.close();
  return found;
}

declare global {
  var peerPage: PeerPage;
}
globalThis.peerPage = new PeerPage();
