/** What `station`, `sync` and `relay` share: a node on the mesh until it is told to stop. */
import { errorMessage } from '../../core/errors.ts';
import { type NodeId, nodeIdText, parseNodeId } from '../../core/ids.ts';
import { nodeMesh } from '../../mesh/node-mesh.node.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Notice } from '../../sync/effects.ts';
import { type ControlAnswer, type ControlRequest, serveControl } from '../control-socket.ts';
import { openNode } from '../open-node.ts';
import { createOutput, escapeControls, type Output } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';
import { Arrivals, deviceWords } from './arrivals.ts';

export interface RunningOptions {
  readonly data: string;
  readonly json?: boolean;
  readonly host?: readonly string[];
  readonly onlyPeer?: readonly string[];
}

export type RunIn = (request: ControlRequest, node: WaystationNode) => Promise<ControlAnswer>;

export interface RunningNode {
  readonly node: WaystationNode;
  readonly output: Output;
  /** Aborts on SIGINT and SIGTERM. */
  readonly stopped: AbortSignal;
  /** From now on other processes' commands on this folder are answered here, by `runIn`. */
  answer(runIn: RunIn): Promise<void>;
  /**
   * Goes on the mesh: on the hosts of `--host` alone, or on `own` and those of the invites.
   * @param ownCertificateHash of the certificate with which others dial this node directly.
   */
  connect(own?: readonly string[], ownCertificateHash?: Uint8Array): void;
  close(): Promise<void>;
}

function acceptOnly(ids: readonly string[] | undefined): ((node: NodeId) => boolean) | undefined {
  if (ids === undefined || ids.length === 0) return undefined;
  const allowed = new Set(ids.map(parseNodeId));
  return (node) => allowed.has(node);
}

/** Refusals in words, by the code that travels. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['expired', 'the invite has expired: ask for a new one'],
  ['revoked', 'this node was revoked, or its invite withdrawn: ask for a new invite'],
  ['surplus', 'the invite was used more often than it allows: ask for a new one'],
]);

/** A refusal for the person; a code of the other side's own making is shown as harmless text. */
export function refusalText(code: string): string {
  return REFUSALS.get(code) ?? escapeControls(code.slice(0, MAX_CODE_CHARS));
}

/** Longer codes are not ours; what a stranger writes must not fill the screen. */
const MAX_CODE_CHARS = 80;

/** Tells the person what happens; the documents go to stdout under `--json`. */
function tell(node: WaystationNode, output: Output, notice: Notice): void {
  switch (notice.kind) {
    case 'space-open':
      // People are told by name, a little later.
      if (output.json)
        output.result({ event: 'linked', node: nodeIdText(notice.node), space: notice.space }, '');
      break;
    case 'refused-by-peer':
    case 'refused': {
      const { kind, space, node: peer, code } = notice;
      const name = deviceWords(node.spaces.get(space), peer);
      const who = kind === 'refused' ? `${name} was turned away` : `${name} turned this one away`;
      output.event({ event: kind, node: nodeIdText(peer), space, code }, `${who}: ${refusalText(code)}`);
      break;
    }
    case 'forked':
      output.say(
        `${deviceWords(node.spaces.get(notice.space), notice.author)} wrote two histories of one feed; both are kept`,
      );
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

/**
 * Opens the node and makes it ready for the mesh.
 * @param mayMake a folder without a node becomes one.
 */
export async function startRunning(
  options: RunningOptions,
  around: Surroundings,
  mayMake = false,
): Promise<RunningNode> {
  const output = createOutput(options.json === true, around.stdout, around.stderr, around.columns);
  const acceptPeer = acceptOnly(options.onlyPeer);
  const accept = acceptPeer === undefined ? {} : { acceptPeer };
  const node = await openNode(options.data, { mayMake, ...accept }, (text) => output.say(text));
  const stop = new AbortController();
  const stopFor = (why: string) => {
    if (!stop.signal.aborted) output.say(`${why}: sealing what is open and stopping …`);
    stop.abort();
  };
  const onSignal = (signal: NodeJS.Signals) => stopFor(signal);
  const onReaderGone = () => stopFor('nobody reads the results any more');
  // Set even when a script started us in the background with SIGINT ignored.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (around.readerGone?.aborted === true) onReaderGone();
  around.readerGone?.addEventListener('abort', onReaderGone, { once: true });
  const arrivals = new Arrivals(node, (text) => output.say(text));
  node.onNotice((notice) => {
    tell(node, output, notice);
    arrivals.heard(notice);
  });
  const ports = nodeMesh();
  let control: { close(): void } | undefined;
  return {
    node,
    output,
    stopped: stop.signal,
    answer: async (runIn) => {
      try {
        control = await serveControl(options.data, (request) => runIn(request, node));
      } catch (error) {
        // Recording and keeping go on; only asking from another process does not.
        output.say(`other commands cannot be answered while this node runs: ${errorMessage(error)}`);
      }
    },
    connect: (own = [], ownCertificateHash) => {
      const self = ownCertificateHash === undefined ? {} : { ownCertificateHash };
      if (options.host === undefined) node.connect(ports, { hosts: own, ...self });
      else node.connect(ports, { hosts: options.host, exclusive: true, ...self });
    },
    close: async () => {
      // Signals stay caught to the end: a terminal and whoever started us may each send one.
      control?.close();
      arrivals.close();
      try {
        await node.close();
      } finally {
        ports.transport.close();
        around.readerGone?.removeEventListener('abort', onReaderGone);
        process.off('SIGINT', onSignal);
        process.off('SIGTERM', onSignal);
      }
    },
  };
}

/** Node's longest timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves when `signal` aborts, when `ended` settles, or after `ms` when that is given; leaves no timer behind. A timer keeps the
 * process alive meanwhile: a node without links waits for them here.
 */
export async function untilStopped(
  signal: AbortSignal,
  ms = Number.POSITIVE_INFINITY,
  ended?: Promise<unknown>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : resolve()), stepMs);
    };
    wait(ms);
  });
  try {
    await Promise.race(ended === undefined ? [stopped] : [stopped, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** Leaving in the middle of what others fetch from us would be rude, and a joiner would not learn that it was let in. */
const SERVED_QUIET_MS = 1_000;
const MAX_LINGER_MS = 15_000;

/**
 * Resolves when linked nodes have asked for nothing for a while.
 * @param newsMs monotonic time of the last thing that they may want, when they have not asked since.
 */
export async function untilServed(node: WaystationNode, stopped: AbortSignal, newsMs = 0): Promise<void> {
  const { clock } = node.ports;
  const startedMs = clock.monotonicMs();
  for (;;) {
    const now = clock.monotonicMs();
    const lastAskedMs = Math.max(
      newsMs,
      ...[...node.engine.sessions.values()].map((session) => session.lastAskedMs),
    );
    const quietMs = now - lastAskedMs;
    if (stopped.aborted || quietMs >= SERVED_QUIET_MS || now - startedMs > MAX_LINGER_MS) return;
    await untilStopped(stopped, SERVED_QUIET_MS - quietMs);
  }
}
