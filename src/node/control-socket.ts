/**
 * Commands for a node that is already running: a Unix socket (mode 0600) in its data folder takes one request, a JSON line with
 * the words of a command, and answers with what the command printed. So `status`, `invite` and the like work beside a running
 * relay, and two processes never write to one folder.
 *
 * A socket's path has room for about 100 bytes only. Of a longer data folder the socket stands in a folder of this user in the
 * temporary one (mode 0700, refused when it is not ours), named by the hash of the data folder's real path.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { errorMessage, WaystationError } from '../core/errors.ts';

/** A command line is short; answers (a status of hundreds of stations) are bounded by what the node prints. */
const MAX_REQUEST_BYTES = 65_536;
const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** `sun_path` holds 108 bytes on Linux and 104 on macOS and the BSDs, the closing zero byte included. */
const MAX_SOCKET_PATH_BYTES = 103;
/** Hex digits of a folder's hash in a socket's name: 128 bits, no two folders meet. */
const HASH_DIGITS = 32;

const requestSchema = v.object({
  words: v.pipe(v.array(v.string()), v.maxLength(256)),
  cwd: v.string(),
  /** Width of the terminal there, if there is one. */
  columns: v.optional(v.number()),
});
const answerSchema = v.object({ stdout: v.string(), stderr: v.string(), code: v.number() });

export type ControlAnswer = v.InferOutput<typeof answerSchema>;
export type ControlRequest = v.InferOutput<typeof requestSchema>;
export type RunCommand = (request: ControlRequest) => Promise<ControlAnswer>;

/** Where the node of this folder listens, the same for every process of this user whatever spelling of the folder it was given. */
function socketPath(dataFolder: string): string {
  const folder = realpathSync(resolve(dataFolder));
  const name = createHash('sha256').update(folder).digest('hex').slice(0, HASH_DIGITS);
  if (process.platform === 'win32') return `\\\\.\\pipe\\waystation-${name}`;
  const beside = join(folder, 'control.sock');
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH_BYTES) return beside;
  const user = `waystation-${userInfo().uid}`;
  for (const temporary of [tmpdir(), '/tmp']) {
    const path = join(temporary, user, `${name}.sock`);
    if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  }
  return beside;
}

/** Makes the folder of a socket that does not fit into the data folder. @throws WaystationError `unavailable` when it is not ours alone. */
function makeSocketFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const { uid, mode } = found;
  const isOurs = found.isDirectory() && uid === userInfo().uid && (mode & 0o077) === 0;
  if (!isOurs) {
    throw new WaystationError(
      'unavailable',
      `expected ${folder} to be a folder of this user alone (mode 0700): remove or mend it`,
    );
  }
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
    socket.on('close', () =>
      reject(new WaystationError('closed', 'the running node closed the control socket')),
    );
  });
}

/** Answers commands until closed. The caller holds the data folder's lock. @throws WaystationError `unavailable`, or what the system says. */
export async function serveControl(dataFolder: string, runCommand: RunCommand): Promise<{ close(): void }> {
  const path = socketPath(dataFolder);
  const isPipe = process.platform === 'win32';
  if (!isPipe && dirname(path) !== realpathSync(resolve(dataFolder))) makeSocketFolder(dirname(path));
  if (!isPipe) rmSync(path, { force: true });
  const server: Server = createServer((socket) => {
    readLine(socket, MAX_REQUEST_BYTES)
      .then(async (line) => {
        const request = v.parse(v.pipe(v.string(), v.parseJson(), requestSchema), line);
        return await runCommand(request);
      })
      .catch((error: unknown) => ({ stdout: '', stderr: `${errorMessage(error)}\n`, code: 1 }))
      .then((answer) => socket.end(`${JSON.stringify(answer)}\n`))
      .catch(() => socket.destroy());
  });
  await new Promise<void>((listening, reject) => {
    server.once('error', reject);
    server.listen(path, listening);
  });
  // One that cannot be taken, as when all files are in use, must not end the node.
  server.on('error', () => undefined);
  if (!isPipe) chmodSync(path, 0o600);
  server.unref();
  return {
    close: () => {
      server.close();
      if (!isPipe) rmSync(path, { force: true });
    },
  };
}

/** Has the running node of this folder run a command; undefined when none listens there. */
export async function askRunningNode(
  dataFolder: string,
  request: ControlRequest,
): Promise<ControlAnswer | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  if (!connected) return undefined;
  socket.write(`${JSON.stringify(request)}\n`);
  const line = await readLine(socket, MAX_ANSWER_BYTES);
  socket.destroy();
  return v.parse(v.pipe(v.string(), v.parseJson(), answerSchema), line);
}
