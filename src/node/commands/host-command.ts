/** `host`: a meeting point and nothing else. No data folder, no group: whoever knows its address may meet there. */
import type { Command } from 'commander';
import { HOST_PORT, type Host, startHost } from '../../../signaling/host.node.ts';
import { STUN_PORT } from '../../../signaling/stun-server.node.ts';
import { parsePort } from '../arguments.ts';
import { createOutput, type Output } from '../output.ts';
import { isAnywhere, plainPlace } from '../relay-place.ts';
import type { Surroundings } from '../surroundings.ts';
import { untilStopped } from './running.ts';

interface HostCommandOptions {
  readonly port: number;
  /** False for `--no-stun`. */
  readonly stun: boolean;
  readonly stunPort: number;
  readonly listen?: string;
  readonly key?: readonly string[];
  readonly listPeers?: boolean;
  readonly json?: boolean;
}

export function addHostCommand(program: Command, around: Surroundings): void {
  program
    .command('host')
    .description('only a meeting point: where devices of any group, and PeerJS pages, find each other')
    .option('--port <number>', 'TCP port, 0 for any free one', (text) => parsePort(text, '--port'), HOST_PORT)
    .option(
      '--stun-port <number>',
      'UDP port that tells devices their address (STUN), 0 for any free one',
      (text) => parsePort(text, '--stun-port'),
      STUN_PORT,
    )
    .option('--no-stun', 'do not answer STUN')
    .option('--listen <address>', 'address to listen on (default: all)')
    .option('--key <key...>', 'API keys of PeerJS pages that may come (default: peerjs)')
    .option('--list-peers', 'tell PeerJS pages who is here (their ids)')
    .option('--json', 'results as one JSON document per line on stdout')
    .action((options: HostCommandOptions) => hostCommand(options, around));
}

async function hostCommand(options: HostCommandOptions, around: Surroundings): Promise<void> {
  const output = createOutput(options.json === true, around.stdout, around.stderr, around.columns);
  const stop = new AbortController();
  const onStop = (why: string) => {
    if (!stop.signal.aborted) output.say(`${why}: stopping …`);
    stop.abort();
  };
  const onReaderGone = () => onStop('nobody reads the results any more');
  process.on('SIGINT', onStop);
  process.on('SIGTERM', onStop);
  around.readerGone?.addEventListener('abort', onReaderGone, { once: true });
  try {
    const { port, listen, key, listPeers } = options;
    const host = await startHost({
      port,
      stunPort: options.stun && options.stunPort,
      ...(listen !== undefined && { listen }),
      ...(key !== undefined && { key }),
      ...(listPeers === true && { listPeers }),
    });
    try {
      sayWhere(host, output);
      if (around.readerGone?.aborted === true) onReaderGone();
      await untilStopped(stop.signal);
    } finally {
      await host.close();
    }
  } finally {
    around.readerGone?.removeEventListener('abort', onReaderGone);
    process.off('SIGINT', onStop);
    process.off('SIGTERM', onStop);
  }
}

function sayWhere(host: Host, output: Output): void {
  const { port, listen, stunPort } = host;
  const { hosts, url, isLocal } = plainPlace(listen, port);
  const listening = isAnywhere(listen) ? `http://127.0.0.1:${port}` : url;
  const [first = host.url] = hosts;
  const stun = stunPort === undefined ? [] : hosts.map((one) => `stun:${new URL(one).hostname}:${stunPort}`);
  output.result(
    { listening, host: first, hosts, ...(stunPort === undefined ? {} : { stun }), hostId: host.hostId },
    `Host at ${first}`,
  );
  output.say(`To meet here, give each device --host ${first} or put it into invites with \`invite --host\`.`);
  if (hosts.length > 1) output.say(`Also at ${hosts.slice(1).join(', ')}`);
  if (stun.length > 0) output.say(`Devices learn their address (STUN) at ${stun.join(', ')}`);
  if (isLocal && !isAnywhere(listen))
    output.say('Only this computer reaches it: to let others in, start it without --listen.');
  output.say(`What it does: ${listening}/healthz, and for Prometheus ${listening}/metrics`);
}
