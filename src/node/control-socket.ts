/**
 * Commands for a node that is already running: a Unix socket in its data folder (whose mode is 0700) takes one request, a
 * JSON line with the words of a command, and answers with what the command printed. So `status`, `invite` and the like work
 * beside a running relay, and two processes never write to one folder.
 */
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import * as v from 'valibot';
import { errorMessage, WaystationError } from '../core/errors.ts';

/** A command line is short; answers (a status of hundreds of stations) are bounded by what the node prints. */
const MAX_REQUEST_BYTES = 65_536;
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

const requestSchema = v.object({ words: v.pipe(v.array(v.string()), v.maxLength(256)), cwd: v.string() });
const answerSchema = v.object({ stdout: v.string(), stderr: v.string(), code: v.number() });

export type ControlAnswer = v.InferOutput<typeof answerSchema>;
export type RunCommand = (words: readonly string[], cwd: string) => Promise<ControlAnswer>;

function socketPath(dataFolder: string): string {
  return join(dataFolder, 'control.sock');
}

function readLine(socket: Socket, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.on('data', (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes) {
        socket.destroy();
        reject(new WaystationError('limit', `expected at most ${maxBytes} bytes on the control socket`));
      } else if (chunk.includes(10)) {
        resolve(Buffer.concat(chunks).toString('utf8'));
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new WaystationError('closed', 'the running node closed the control socket')));
  });
}

/** Answers commands until closed. */
export async function serveControl(dataFolder: string, runCommand: RunCommand): Promise<{ close(): void }> {
  const path = socketPath(dataFolder);
  rmSync(path, { force: true });
  const server: Server = createServer((socket) => {
    readLine(socket, MAX_REQUEST_BYTES)
      .then(async (line) => {
        const request = v.parse(v.pipe(v.string(), v.parseJson(), requestSchema), line);
        return await runCommand(request.words, request.cwd);
      })
      .catch((error: unknown) => ({ stdout: '', stderr: `${errorMessage(error)}\n`, code: 1 }))
      .then((answer) => socket.end(`${JSON.stringify(answer)}\n`))
      .catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return {
    close: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

/** Has the running node of this folder run a command; undefined when none listens there. */
export async function askRunningNode(dataFolder: string, words: readonly string[]): Promise<ControlAnswer | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  if (!connected) return undefined;
  socket.write(`${JSON.stringify({ words, cwd: process.cwd() })}\n`);
  const line = await readLine(socket, MAX_ANSWER_BYTES);
  socket.destroy();
  return v.parse(v.pipe(v.string(), v.parseJson(), answerSchema), line);
}
