/** A relay that is dialled directly, and what dials it: shared by the tests of direct dials. */
import { createHash, createHmac, randomBytes, X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { DirectEndpoint } from '../../src/identity/direct-endpoint.ts';
import { dialDirect } from '../../src/mesh/direct-dial.ts';
import {
  type DirectListener,
  type DirectListenerOptions,
  startDirectListener,
} from '../../src/mesh/direct-listener.node.ts';
import type { Link, Transport } from '../../src/mesh/port.ts';
import { certificatePem, keyPem, makeSelfSigned } from '../../src/node/https/certificates.ts';
import { SYSTEM_CLOCK } from '../../src/node/open-node.ts';

const made = makeSelfSigned('relay');
const certificate = certificatePem(made.certificate);
export const CERTIFICATE_HASH = new Uint8Array(
  createHash('sha256').update(new X509Certificate(certificate).raw).digest(),
);

/** A listener on loopback whose links are proved at once, unless `onLink` says otherwise. */
export function listenDirectly(options: Partial<DirectListenerOptions> = {}): Promise<DirectListener> {
  return startDirectListener({
    port: 0,
    listen: '127.0.0.1',
    certificate,
    key: keyPem(made.key),
    clock: SYSTEM_CLOCK,
    onLink: (_link, settled) => settled(),
    ...options,
  });
}

export function endpointOf(port: number, address = '127.0.0.1'): DirectEndpoint {
  return { addresses: [{ address, port }], certificateHash: CERTIFICATE_HASH };
}

/** Resolves with the open link, rejects with why there is none. */
export function dialled(transport: Transport, endpoint: DirectEndpoint): Promise<Link> {
  return new Promise((resolve, reject) => {
    dialDirect(transport, endpoint, { onOpen: resolve, onFail: (why) => reject(new Error(why)) });
  });
}

/** A UDP socket on an address of loopback, such as 127.1.2.3. */
export async function udpAt(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind({ port: 0, address });
  await once(socket, 'listening');
  return socket;
}

const BINDING_REQUEST = 0x0001;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;

/** A STUN Binding request as ICE sends it (RFC 8445 §7.2.2), with the integrity that `password` gives. */
export function bindingRequest(username: string, password: string): Buffer {
  const name = Buffer.from(username);
  const padded = Buffer.concat([name, Buffer.alloc(-name.length & 3)]);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(BINDING_REQUEST, 0);
  head.writeUInt16BE(4 + padded.length + 24, 2);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  const part = Buffer.concat([head, attributeHead(USERNAME, name.length), padded]);
  const integrity = createHmac('sha1', password).update(part).digest();
  return Buffer.concat([part, attributeHead(MESSAGE_INTEGRITY, 20), integrity]);
}

function attributeHead(type: number, length: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  return head;
}
