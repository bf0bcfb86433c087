/** What `station`, `sync` and `relay` share: a node on the mesh until it is told to stop. */
import { errorMessage } from '../../core/errors.ts';
import { type NodeId, nodeIdText, parseNodeId } from '../../core/ids.ts';
import { NodeDataChannelTransport } from '../../mesh/node-datachannel.node.ts';
import { nodeTextSockets } from '../../mesh/web-socket.node.ts';
import type { WaystationNode } from '../../station/node.ts';
import { nodeName } from '../../station/status.ts';
import type { Notice } from '../../sync/effects.ts';
import { type ControlAnswer, serveControl } from '../control-socket.ts';
import { openNode } from '../open-node.ts';
import { createOutput, type Output } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';

export interface RunningOptions {
  readonly data: string;
  readonly json?: boolean;
  readonly host?: readonly string[];
  readonly onlyPeer?: readonly string[];
}

export type RunIn = (words: readonly string[], cwd: string, node: WaystationNode) => Promise<ControlAnswer>;

export interface RunningNode {
  readonly node: WaystationNode;
  readonly output: Output;
  /** Aborts on SIGINT and SIGTERM. */
  readonly stopped: AbortSignal;
  /** Leaves the mesh; null hosts for those of the invites. */
  connect(hosts?: readonly string[]): void;
  close(): Promise<void>;
}

function acceptOnly(ids: readonly string[] | undefined): ((node: NodeId) => boolean) | undefined {
  if (ids === undefined || ids.length === 0) return undefined;
  const allowed = new Set(ids.map(parseNodeId));
  return (node) => allowed.has(node);
}

/** Refusals in words, by the code that travels. */
const REFUSALS: Readonly<Record<string, string>> = {
  expired: 'the invite has expired: ask for a new one',
  revoked: 'this node was revoked, or its invite withdrawn: ask for a new invite',
  surplus: 'the invite was used more often than it allows: ask for a new one',
};

/** Tells the person what happens; the documents go to stdout under `--json`. */
function tell(node: WaystationNode, output: Output, notice: Notice): void {
  const name = (id: NodeId, space?: Parameters<typeof nodeName>[0]) =>
    `${nodeName(space, id)} (${nodeIdText(id)})`;
  switch (notice.kind) {
    case 'space-open': {
      const { space, node: peer } = notice;
      output.event(
        { event: 'linked', node: nodeIdText(peer), space },
        `linked to ${name(peer, node.spaces.get(space))}`,
      );
      break;
    }
    case 'refused-by-peer':
    case 'refused': {
      const { kind, space, node: peer, code } = notice;
      const who = kind === 'refused' ? `turned away ${name(peer)}` : `${name(peer)} refused`;
      output.event({ event: kind, node: nodeIdText(peer), space, code }, `${who}: ${REFUSALS[code] ?? code}`);
      break;
    }
    case 'forked':
      output.say(`${name(notice.author)} wrote two histories of one feed; both are kept`);
      break;
    case 'own-feed-elsewhere':
      output.say(
        'this folder is older than what others hold of it (a restored backup?): going on in a new feed',
      );
      break;
    case 'store-trouble':
      output.say(`trouble with the store: ${notice.message}`);
      break;
    case 'blob-complete':
      // For programs that watch; a person asks `status`.
      if (output.json) {
        const blobs = node.spaces.get(notice.space)?.replica.blobCounts();
        output.result({ event: 'fetched', space: notice.space, blobs }, '');
      }
      break;
    default:
      break;
  }
}

/** Opens the node and makes it ready for the mesh. `runIn` answers commands that other processes send it. */
export async function startRunning(
  options: RunningOptions,
  around: Surroundings,
  runIn: RunIn | undefined,
): Promise<RunningNode> {
  const output = createOutput(options.json === true, around.stdout, around.stderr);
  const acceptPeer = acceptOnly(options.onlyPeer);
  const node = await openNode(options.data, acceptPeer === undefined ? {} : { acceptPeer }, (text) =>
    output.say(text),
  );
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) output.say(`${signal}: sealing what is open and stopping …`);
    stop.abort();
  };
  // Set even when a script started us in the background with SIGINT ignored.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  node.onNotice((notice) => tell(node, output, notice));
  const transport = new NodeDataChannelTransport();
  let control: { close(): void } | undefined;
  try {
    if (runIn !== undefined)
      control = await serveControl(options.data, (words, cwd) => runIn(words, cwd, node));
  } catch (error) {
    // Recording and keeping go on; only asking from another process does not.
    output.say(`other commands cannot be answered while this node runs: ${errorMessage(error)}`);
  }
  return {
    node,
    output,
    stopped: stop.signal,
    connect: (hosts) => {
      const exclusive = options.host ?? null;
      node.connect({ transport, sockets: nodeTextSockets }, exclusive ?? hosts ?? null);
    },
    close: async () => {
      // Signals stay caught to the end: a terminal and whoever started us may each send one.
      control?.close();
      await node.close();
      transport.close();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/** Resolves when `signal` aborts, when `ended` settles, or after `ms` when that is given; leaves no timer behind. */
export async function untilStopped(
  signal: AbortSignal,
  ms?: number,
  ended?: Promise<unknown>,
): Promise<void> {
  // Without an end of its own this timer also keeps the process alive: a node without links waits for them here.
  const FOREVER_MS = 2 ** 31 - 1;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
    timer = setTimeout(resolve, Math.min(ms ?? FOREVER_MS, FOREVER_MS));
  });
  try {
    await Promise.race(ended === undefined ? [stopped] : [stopped, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
