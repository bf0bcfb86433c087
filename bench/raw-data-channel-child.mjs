// One side of the raw DataChannel measurement: node-datachannel alone, none of our code. Signals go over the parent's
// IPC. The sender reports the seconds from its first message to the receiver's word that the last one has arrived.
import { PeerConnection } from 'node-datachannel';

const [role, totalText, messageText] = process.argv.slice(2);
const totalBytes = Number(totalText);
const messageBytes = Number(messageText);
const HIGH_WATERMARK = 4 * 1024 * 1024;
const LOW_WATERMARK = 1024 * 1024;

const pc = new PeerConnection(role, { iceServers: [], bindAddress: '127.0.0.1', maxMessageSize: 262_144 });
pc.onLocalDescription((sdp, type) => process.send({ sdp, type }));
pc.onLocalCandidate((candidate, mid) => process.send({ candidate, mid }));
/** Candidates that came before the description: the stack takes them only after it. */
let early = [];
process.on('message', (signal) => {
  if (signal.sdp !== undefined) {
    pc.setRemoteDescription(signal.sdp, signal.type);
    for (const { candidate, mid } of early ?? []) pc.addRemoteCandidate(candidate, mid);
    early = undefined;
  } else if (signal.candidate !== undefined && early !== undefined) early.push(signal);
  else if (signal.candidate !== undefined) pc.addRemoteCandidate(signal.candidate, signal.mid);
  else if (signal.end === true) {
    pc.close();
    process.exit(0);
  }
});

// A channel without a strong reference is collected in mid-transfer.
let channel;

function send() {
  const message = new Uint8Array(messageBytes);
  let sent = 0;
  let startMs = 0;
  const fill = () => {
    while (sent < totalBytes && channel.bufferedAmount() < HIGH_WATERMARK) {
      channel.sendMessageBinary(message);
      sent += messageBytes;
    }
  };
  channel = pc.createDataChannel('raw');
  channel.setBufferedAmountLowThreshold(LOW_WATERMARK);
  channel.onBufferedAmountLow(fill);
  channel.onMessage(() => process.send({ seconds: (performance.now() - startMs) / 1000, bytes: sent }));
  channel.onOpen(() => {
    startMs = performance.now();
    fill();
  });
}

function receive() {
  let received = 0;
  pc.onDataChannel((opened) => {
    channel = opened;
    channel.onMessage((message) => {
      received += message.length;
      if (received >= totalBytes) channel.sendMessageBinary(new Uint8Array(1));
    });
  });
}

if (role === 'sender') send();
else receive();
