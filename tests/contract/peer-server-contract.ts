/**
 * What a PeerJS client sees of a server: one script, run against any PeerServer, gives a transcript to compare. Nothing waits for
 * time: that nothing came is seen by what comes next.
 */
import { WebSocket } from 'ws';

export interface ServerMessage {
  readonly type: string;
  readonly src?: string;
  readonly dst?: string;
  readonly payload?: unknown;
}

/** A WebSocket as PeerJS 1.5 opens it, message by message. */
export class WireClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly received: ServerMessage[] = [];
  #read = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(url: string, query: Readonly<Record<string, string>>) {
    this.socket = new WebSocket(`${url}/peerjs?${new URLSearchParams({ ...query, version: '1.5.5' })}`);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code) => {
        for (const wake of this.#waiting.splice(0)) wake();
        resolve(code);
      }),
    );
  }

  /** The next message, or `undefined` when the socket closed first. */
  async next(): Promise<ServerMessage | undefined> {
    while (this.#read === this.received.length && this.socket.readyState <= WebSocket.OPEN)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.received[this.#read++];
  }

  /** All messages up to the one whose payload is `mark`. */
  async until(mark: string): Promise<ServerMessage[]> {
    const messages: ServerMessage[] = [];
    for (let message = await this.next(); message !== undefined; message = await this.next()) {
      if (message.payload === mark) return messages;
      messages.push(message);
    }
    throw new Error(`closed before ${mark}; got ${JSON.stringify(messages)}`);
  }

  send(message: unknown): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }
}

/** Our hosts say more in OPEN, which PeerJS does not read. */
function plain(message: ServerMessage | undefined): ServerMessage | undefined {
  return message?.type === 'OPEN' ? { type: 'OPEN' } : message;
}

export interface Transcript {
  readonly [step: string]: unknown;
}

/**
 * Runs the script.
 * @param url `ws://…` without path.
 */
export async function peerServerTranscript(url: string): Promise<Transcript> {
  const clients: WireClient[] = [];
  const connect = (id: string, token = `token-of-${id}`, more: Record<string, string> = {}) => {
    const client = new WireClient(url, { key: 'peerjs', id, token, ...more });
    clients.push(client);
    return client;
  };
  const heard: Record<string, unknown> = {};
  try {
    const [alice, bob] = [connect('alice'), connect('bob')];
    heard['opening'] = [plain(await alice.next()), plain(await bob.next())];

    for (const type of ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE'])
      alice.send({
        type,
        dst: 'bob',
        payload: { sdp: { type: 'x', sdp: 'v=0\r\n' }, label: 'Grüße 🌦', n: [1, null] },
      });
    alice.send({ type: 'OFFER', dst: 'bob' });
    alice.send({ type: 'OFFER', src: 'carol', dst: 'bob', payload: 'not from carol' });
    alice.send({ type: 'OFFER', dst: 'bob', payload: 'x'.repeat(60_000) });
    alice.send({ type: 'OFFER', dst: 'bob', payload: 'mark 1' });
    heard['carried'] = await bob.until('mark 1');

    for (const message of [
      { type: 'NOPE', dst: 'bob' },
      { type: 'OPEN', dst: 'bob' },
      { type: 'ID-TAKEN', dst: 'bob' },
      {},
      7,
      [],
    ])
      alice.send(message);
    for (const text of ['', 'x', '{"type":', 'null']) alice.sendText(text);
    alice.send({ type: 'OFFER', payload: 'to nobody' });
    alice.send({ type: 'HEARTBEAT' });
    alice.send({ type: 'OFFER', dst: 'bob', payload: 'mark 2' });
    heard['not for others'] = await bob.until('mark 2');
    alice.send({ type: 'OFFER', dst: 'alice', payload: 'mark 3' });
    heard['no answer'] = await alice.until('mark 3');

    for (let i = 0; i < 5; i++)
      alice.send({ type: i === 0 ? 'OFFER' : 'CANDIDATE', dst: 'carol', payload: i });
    bob.send({ type: 'LEAVE', dst: 'carol', payload: 'gone already' });
    bob.send({ type: 'EXPIRE', dst: 'carol', payload: 'late already' });
    bob.send({ type: 'OFFER', dst: 'carol', payload: 'from bob' });
    // Both have been read before carol comes: each has heard itself behind them.
    for (const [client, id] of [
      [alice, 'alice'],
      [bob, 'bob'],
    ] as const) {
      client.send({ type: 'OFFER', dst: id, payload: 'mark 4' });
      await client.until('mark 4');
    }
    const carol = connect('carol');
    alice.send({ type: 'OFFER', dst: 'carol', payload: 'mark 5' });
    heard['kept for carol'] = bySender(
      (await carol.until('mark 5')).map((one) => plain(one) as ServerMessage),
    );

    for (const payload of [1, 2, 3]) alice.send({ type: 'OFFER', dst: 'nobody', payload });
    bob.send({ type: 'OFFER', dst: 'nobody', payload: 4 });
    heard['expired'] = [await alice.next(), await bob.next()];
    alice.send({ type: 'OFFER', dst: 'alice', payload: 'mark 6' });
    heard['expired once'] = await alice.until('mark 6');

    const impostor = connect('alice', 'another token');
    heard['taken'] = [await impostor.next(), await impostor.next()];
    const refused: unknown[] = [];
    for (const missing of ['id', 'token', 'key']) {
      const query = new URLSearchParams({ key: 'peerjs', id: 'dave', token: 't' });
      query.delete(missing);
      const client = new WireClient(url, Object.fromEntries(query));
      clients.push(client);
      refused.push((await client.next())?.type, await client.next());
    }
    heard['refused'] = refused;

    carol.send({ type: 'LEAVE' });
    // Whoever has left gives its id free, at once or with its socket.
    for (let answer: ServerMessage | undefined; answer?.type !== 'OPEN'; )
      answer = await connect('carol', 'somebody else').next();
    heard['free again'] = true;
    bob.socket.close();
    await bob.closed;
    for (let answer: ServerMessage | undefined; answer?.type !== 'OPEN'; )
      answer = await connect('bob', 'somebody else').next();

    const http = url.replace('ws:', 'http:');
    const [first, second] = [await fetch(`${http}/peerjs/id?ts=1`), await fetch(`${http}/peerjs/id`)];
    const [one, other] = [await first.text(), await second.text()];
    heard['ids'] = [first.status, /^[0-9a-f-]{36}$/.test(one), one !== other];
    const cors = await fetch(`${http}/peerjs/id`, { headers: { origin: 'http://elsewhere.example' } });
    const allowed = cors.headers.get('access-control-allow-origin');
    heard['from other pages'] = allowed === '*' || allowed === 'http://elsewhere.example';
    heard['list is off'] = (await fetch(`${http}/peerjs/peers`)).status;
    return heard;
  } finally {
    for (const { socket } of clients) socket.terminate();
  }
}

/** Order holds between two clients, not between all. */
function bySender(messages: readonly ServerMessage[]): Record<string, ServerMessage[]> {
  const sorted: Record<string, ServerMessage[]> = {};
  for (const message of messages) {
    const from = message.src ?? message.type;
    sorted[from] = [...(sorted[from] ?? []), message];
  }
  return sorted;
}
