/**
 * The command line: the composition root outside the browser. Parses, opens the node (or asks the one that is running), and
 * turns every failure into a sentence and an exit code.
 */
import { setTimeout } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';
import { fromHex } from '../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../core/errors.ts';
import { type SpaceId, spaceIdFrom } from '../core/ids.ts';
import { DEFAULT_WEIGHT } from '../mesh/host-choice.ts';
import type { WaystationNode } from '../station/node.ts';
import {
  parseCount,
  parseDuration,
  parseHost,
  parseNode,
  parseNumber,
  parsePort,
  parseTime,
} from './arguments.ts';
import { announce } from './commands/announce-command.ts';
import { EXPORT_FORMATS, exportStation } from './commands/export-command.ts';
import { addHostCommand } from './commands/host-command.ts';
import { addHourCommands } from './commands/hour-command.ts';
import { HOUR_PROFILES } from './commands/hour-pack.ts';
import { relay } from './commands/relay-command.ts';
import { status, verify } from './commands/report-commands.ts';
import { createSpace, invite, join, parseRole, revoke } from './commands/space-commands.ts';
import { station } from './commands/station-command.ts';
import { sync } from './commands/sync-command.ts';
import { askRunningNode, type ControlRequest } from './control-socket.ts';
import { openNode } from './open-node.ts';
import { createOutput, escapeControls, type Output, wrapped } from './output.ts';
import { watchStreams } from './standard-streams.ts';
import type { Surroundings } from './surroundings.ts';

const VERSION = '0.1.0';
/** What was typed cannot be asked; 1 is what was asked and did not come about. */
const USAGE_EXIT_CODE = 2;
const DEFAULT_EXPIRY = '7d';

interface Common {
  readonly data: string;
  readonly json?: boolean;
  readonly space?: string;
}

function spaceOf(common: Common): SpaceId | undefined {
  if (common.space === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/i.test(common.space)) {
    throw new WaystationError(
      'usage',
      `--space takes the 64 digits that \`status\` shows, not “${common.space.slice(0, 80)}”`,
    );
  }
  return spaceIdFrom(fromHex(common.space.toLowerCase()));
}

/** How long a relay or station may take from having its folder to answering other commands. */
const STARTING_MS = 5_000;
const STARTING_RETRY_MS = 100;

/**
 * Runs `action` on the data folder's node: opened here, or, while a relay or station has it open, in that process.
 * @param mayMake a folder without a node becomes one.
 */
async function onNode(
  common: Common,
  around: Surroundings,
  action: (node: WaystationNode, output: Output) => Promise<void>,
  mayMake = false,
): Promise<void> {
  const output = createOutput(common.json === true, around.stdout, around.stderr, around.columns);
  if (around.runningNode !== undefined) return action(around.runningNode, output);
  let node: WaystationNode;
  for (let waitedMs = 0; ; waitedMs += STARTING_RETRY_MS) {
    try {
      node = await openNode(common.data, { mayMake }, (text) => output.say(text));
      break;
    } catch (error) {
      if (!isWaystationError(error, 'store-locked')) throw error;
      const { words, cwd, columns } = around;
      const answer = await askRunningNode(common.data, { words: [...words], cwd, columns });
      if (answer === undefined) {
        // It holds the folder and does not answer: perhaps not yet.
        if (waitedMs >= STARTING_MS) throw error;
        await setTimeout(STARTING_RETRY_MS);
        continue;
      }
      around.stdout(answer.stdout);
      around.stderr(answer.stderr);
      if (answer.code !== 0) throw new CommanderError(answer.code, 'waystation.answered', '');
      return;
    }
  }
  try {
    await action(node, output);
  } finally {
    await node.close();
  }
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

const hostOption = (
  description = 'meet only here: a host as ws:// or wss://, or a relay as direct:… (may be given several times)',
) =>
  new Option('--host <url>', description).argParser((text: string, before: string[] | undefined) =>
    collect(parseHost(text), before),
  );
const onlyPeerOption = () =>
  new Option('--only-peer <id...>', 'link to these nodes only and refuse all others').argParser(
    (text: string, before: string[] | undefined) => collect(parseNode(text, '--only-peer'), before),
  );

function build(around: Surroundings): Command {
  const program = new Command('waystation');
  program
    .description('An open sensor mesh for places without a cloud')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: around.stdout, writeErr: around.stderr })
    .showHelpAfterError('(add --help for what can be given)');
  const command = (parent: Command, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .requiredOption('--data <dir>', 'folder of this node (required)')
      .option('--json', 'results as one JSON document per line on stdout');

  command(program, 'relay', 'keep everything for good: store, serve the app, host signaling')
    .option('--port <number>', 'TCP port, 0 for any free one', (text) => parsePort(text, '--port'), 7070)
    .option('--listen <address>', 'address to listen on (default: 127.0.0.1, with --https all)')
    .option(
      '--https',
      'serve phones: HTTPS with an authority of its own, and a page that says how to trust it',
    )
    .option(
      '--https-port <number>',
      'port of HTTPS, 0 for any free one',
      (text) => parsePort(text, '--https-port'),
      7443,
    )
    .option(
      '--stun-port <number>',
      'also tell devices their address (STUN) on this UDP port; 0 for any',
      (text) => parsePort(text, '--stun-port'),
    )
    .option(
      '--direct-port <number>',
      'UDP port on which devices reach it without any host; 0 or absent: one that it keeps',
      (text) => parsePort(text, '--direct-port'),
    )
    .option('--no-direct', 'cannot be reached without a host')
    .option('--no-mdns', 'with --https: do not announce the name in the local network')
    .option('--name <name>', 'what this relay is called')
    .option('--join <link>', 'join with this invite first')
    .option('--create <name>', 'on first use make a space with this name and print an invite to it')
    .addOption(hostOption())
    .addOption(onlyPeerOption())
    .action((options) => relay(options, around, runIn));

  const space = program.command('space').description('spaces: groups of nodes that share data');
  command(space, 'create', 'make a space with this node as its first admin; prints the space id')
    .requiredOption('--name <name>', 'what the space is called (required)')
    .option('--public', 'entries and hours are not encrypted', false)
    .action((options) =>
      onNode(
        options,
        around,
        (node, output) =>
          createSpace(
            node,
            { name: options.name, isPublic: options.public === true, data: options.data },
            output,
          ),
        true,
      ),
    );

  command(program, 'invite', 'make an invite; stdout ends with the link')
    .requiredOption('--role <role>', 'admin, member, reader, recorder or mirror (required)', parseRole)
    .option('--uses <number>', 'how many nodes may enter', (text) => parseCount(text, '--uses'), 1)
    .option('--expires <time>', 'how long it is good, such as 12h or 7d', DEFAULT_EXPIRY)
    .option('--space <id>', 'which space, when the node is in several')
    .addOption(
      hostOption('where to meet, written into the link: ws:// or wss:// (may be given several times)'),
    )
    .action((options) =>
      onNode(options, around, (node, output) =>
        invite(
          node,
          {
            space: spaceOf(options),
            role: options.role,
            uses: options.uses,
            expiresMs: Date.now() + parseDuration(options.expires, '--expires'),
            hosts: options.host ?? [],
          },
          output,
          around.columns,
        ),
      ),
    );

  command(program, 'join', 'join with an invite link; the next member that is met lets this node in')
    .argument('<link>', 'the invite')
    .action((link: string, options) =>
      onNode(options, around, (node, output) => join(node, link, output), true),
    );

  command(
    program,
    'station',
    'record under a name; for now from a recording (--replay), as no sensors can be attached yet',
  )
    .requiredOption('--name <name>', 'what the station is called (required)')
    .option('--replay <file>', 'play this CSV recording (also .gz) through the same path, labelled as replay')
    .option('--speed <factor>', 'play it this many times faster', (text) => parseNumber(text, '--speed'), 1)
    .addOption(
      new Option(
        '--profile <profile>',
        'how hours are coded: small, or fast to read and write on little computers',
      )
        .choices(HOUR_PROFILES)
        .default('small'),
    )
    .option('--hour <length>', 'length of an hour, for tests and demonstrations', '1h')
    .option('--for <time>', 'stop after this long, such as 90s or 12h')
    .option('--space <id>', 'which space, when the node is in several')
    .addOption(hostOption())
    .addOption(onlyPeerOption())
    .action((options) => station(options, spaceOf(options), around, runIn));

  command(program, 'sync', 'meet members and fetch what is missing')
    .option('--until-complete', 'end as soon as everything the members told of is held', false)
    .option('--timeout <time>', 'give up after this long', '60s')
    .option('--space <id>', 'which space, when the node is in several')
    .addOption(hostOption())
    .addOption(onlyPeerOption())
    .action((options) => sync(options, spaceOf(options), around));

  command(program, 'revoke', 'end a node’s membership')
    .argument('<node>', 'its name or did:key:…, as `status` lists it', (text) =>
      text.startsWith('did:') ? parseNode(text, 'revoke') : text,
    )
    .option('--space <id>', 'which space, when the node is in several')
    .action((member: string, options) =>
      onNode(options, around, (node, output) => revoke(node, { space: spaceOf(options), member }, output)),
    );

  command(program, 'announce', 'tell the group of a meeting point that no member runs (admins)')
    .argument('<address...>', 'ws://host:port or wss://…; several are addresses of one meeting point')
    .option(
      '--weight <number>',
      'its share of the work, 1 to 100, 10 being usual',
      (text) => parseCount(text, '--weight'),
      DEFAULT_WEIGHT,
    )
    .option('--retract', 'take it back', false)
    .option('--space <id>', 'which space, when the node is in several')
    .action((addresses: string[], { weight, retract, ...options }) =>
      onNode(options, around, (node, output) =>
        announce(node, { space: spaceOf(options), addresses, weight, retract }, output),
      ),
    );

  command(program, 'status', 'what is held, what is missing, who was met')
    .option('--space <id>', 'only this space')
    .action((options) => onNode(options, around, (node, output) => status(node, spaceOf(options), output)));

  command(program, 'export', 'write a station’s readings to a file')
    .requiredOption('--station <name>', 'name or id of the station (required)')
    .option('--from <time>', 'first time, such as 2026-07-01T14:00; UTC unless it names a zone', (text) =>
      parseTime(text, '--from'),
    )
    .option('--to <time>', 'last time', (text) => parseTime(text, '--to'))
    .addOption(new Option('--format <format>', 'file format').choices(EXPORT_FORMATS).default('csv'))
    .option('--stream <name>', 'only this stream of the station')
    .requiredOption('--out <path>', 'file to write, or a folder; for parquet a folder (required)')
    .option('--force', 'replace files of the same names')
    .option('--space <id>', 'which space, when the node is in several')
    .action((options) =>
      onNode(options, around, (node, output) =>
        exportStation(
          node,
          {
            space: spaceOf(options),
            station: options.station,
            fromMs: options.from,
            toMs: options.to,
            stream: options.stream,
            format: options.format,
            out: options.out,
            force: options.force,
            cwd: around.cwd,
          },
          output,
        ),
      ),
    );

  command(program, 'verify', 'check every signature, chain and root of what is stored')
    .option('--space <id>', 'only this space')
    .action((options) => onNode(options, around, (node, output) => verify(node, spaceOf(options), output)));
  addHostCommand(program, around);
  addHourCommands(program, around);
  return program;
}

/** Runs one command line; the exit code. */
export async function runCommandLine(around: Surroundings): Promise<number> {
  try {
    await build(around).parseAsync([...around.words], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'waystation.answered' || error.exitCode === 0) return error.exitCode;
      return USAGE_EXIT_CODE;
    }
    const text = `waystation: ${escapeControls(errorMessage(error))}`;
    around.stderr(`${wrapped(text, around.columns ?? Number.POSITIVE_INFINITY)}\n`);
    if (
      !isWaystationError(error) &&
      process.env['WAYSTATION_DEBUG'] !== undefined &&
      error instanceof Error
    ) {
      around.stderr(`${error.stack}\n`);
    }
    return isWaystationError(error, 'usage') ? USAGE_EXIT_CODE : 1;
  }
}

/** A command that came over the control socket, run on the node that is open here. */
async function runIn({ words, cwd, columns }: ControlRequest, node: WaystationNode) {
  let stdout = '';
  let stderr = '';
  const first = words[0];
  if (first === 'relay' || first === 'host' || first === 'station' || first === 'sync') {
    const text = 'this data folder is in use by a running node: stop that one first, or use another folder\n';
    return { stdout, stderr: `waystation: ${text}`, code: 1 };
  }
  const code = await runCommandLine({
    words,
    cwd,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    runningNode: node,
    columns,
  });
  return { stdout, stderr, code };
}

const results = watchStreams(process.stdout, process.stderr);
const exitCode = await runCommandLine({
  words: process.argv.slice(2),
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  readerGone: results.readerGone,
  ...(process.stderr.isTTY ? { columns: process.stderr.columns } : {}),
});
process.exitCode = results.lost() ? exitCode || 1 : exitCode;
