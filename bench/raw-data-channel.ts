/**
 * The yardstick for bulk transfer: what the WebRTC stack under our Node transport moves between two processes on
 * loopback with none of our code in the way: one channel, no session, no hashing, no storage.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface RawThroughput {
  readonly bytesPerSecond: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface RawOptions {
  /** Bytes to move. */
  readonly totalBytes?: number;
  /** Bytes per message, at most 262,144. */
  readonly messageBytes?: number;
  readonly signal?: AbortSignal;
}

const CHILD_FILE = 'raw-data-channel-child.mjs';

/**
 * Moves 64 MiB (or what is asked) from one Node process to another and measures from the first message sent to the
 * last one confirmed. Both processes have ended when it returns.
 */
export async function measureRawNodeNode(options: RawOptions = {}): Promise<RawThroughput> {
  const { totalBytes = 64 * 1024 * 1024, messageBytes = 131_072, signal } = options;
  const children: [ChildProcess, ChildProcess] = [
    start('receiver', totalBytes, messageBytes),
    start('sender', totalBytes, messageBytes),
  ];
  try {
    const { bytes, seconds } = await run(children, signal);
    return { bytes, seconds, bytesPerSecond: bytes / seconds };
  } finally {
    await Promise.all(children.map(end));
  }
}

function start(role: 'sender' | 'receiver', totalBytes: number, messageBytes: number): ChildProcess {
  // Beside this file in the checkout; below the working directory when this file has been bundled elsewhere.
  const beside = fileURLToPath(new URL(`./${CHILD_FILE}`, import.meta.url));
  const file = existsSync(beside) ? beside : resolve('bench', CHILD_FILE);
  return fork(file, [role, String(totalBytes), String(messageBytes)], { execArgv: [] });
}

function run(
  [receiver, sender]: readonly [ChildProcess, ChildProcess],
  signal: AbortSignal | undefined,
): Promise<{ bytes: number; seconds: number }> {
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
    for (const [from, to] of [
      [receiver, sender],
      [sender, receiver],
    ] as const) {
      from.on('error', fail);
      from.on('exit', (code) => fail(new Error(`a measuring process ended early with code ${code}`)));
      from.on('message', (message: { seconds?: number; bytes?: number }) => {
        if (message.seconds === undefined || message.bytes === undefined) to.send(message);
        else done({ bytes: message.bytes, seconds: message.seconds });
      });
    }
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      done();
      return;
    }
    child.removeAllListeners('message');
    child.on('exit', () => done());
    if (!child.connected || !child.send({ end: true })) child.kill();
  });
}
