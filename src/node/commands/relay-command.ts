/** `relay`: the always-on node. Serves the app, hosts signaling, keeps entries and blobs, and says what to do next. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { CommanderError } from 'commander';
import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { nodeIdText, shortNodeId } from '../../core/ids.ts';
import { parseInvite } from '../../identity/invite.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { isLocalUrl } from '../addresses.ts';
import { askRunningNode, type ControlAnswer } from '../control-socket.ts';
import { DirectRelay, withDirect } from '../direct-relay.ts';
import { SecureRelay } from '../https/secure-relay.ts';
import { SYSTEM_CLOCK } from '../open-node.ts';
import type { Output } from '../output.ts';
import { isAnywhere, plainPlace, type RelayPlace, securePlace } from '../relay-place.ts';
import { ANYWHERE, type RelayServer, startRelayServer } from '../relay-server.ts';
import { ShortInvites } from '../short-invites.ts';
import type { Surroundings } from '../surroundings.ts';
import { keepAnnounced } from './announce-own-host.ts';
import { sayOwnName } from './own-name.ts';
import { type RunIn, type RunningNode, type RunningOptions, startRunning, untilStopped } from './running.ts';
import { sayRecoveryWords } from './space-commands.ts';
import { sayWhatNext } from './what-next.ts';

export interface RelayOptions extends RunningOptions {
  readonly port: number;
  readonly listen?: string;
  readonly https?: boolean;
  readonly httpsPort: number;
  readonly stunPort?: number;
  /** UDP port on which others dial it without a host; see `direct`. */
  readonly directPort?: number;
  readonly direct: boolean;
  readonly mdns: boolean;
  readonly name?: string;
  readonly join?: string;
  readonly create?: string;
}

const HOST_ID_KEY = 'host-id';

async function hostIdOf(node: WaystationNode): Promise<string> {
  const { store } = node.ports;
  const known = await store.state.get(HOST_ID_KEY);
  if (known !== undefined) return fromUtf8(known);
  const fresh = randomBytes(16).toString('base64url');
  await store.state.put(HOST_ID_KEY, toUtf8(fresh), 'strict');
  return fresh;
}

export async function relay(options: RelayOptions, around: Surroundings, runIn: RunIn): Promise<void> {
  const running = await startOrPoint(options, around);
  const { node, output, stopped } = running;
  try {
    const { name } = options;
    const hostId = await hostIdOf(node);
    const invites = new ShortInvites({
      clock: SYSTEM_CLOCK,
      onGuessing: (address) =>
        output.say(`Wrong invite codes came from ${address}: it has to wait before it may try again.`),
    });
    const server = await startRelayServer({ ...portsOf(options, hostId), invites });
    server.tellGroup(() => groupName(node));
    let secure: SecureRelay | undefined;
    let direct: DirectRelay | undefined;
    let announceAgain: () => void = () => undefined;
    try {
      if (options.direct) {
        direct = await DirectRelay.open({
          node,
          dataFolder: options.data,
          listen: server.listen,
          port: options.directPort,
          clock: SYSTEM_CLOCK,
          say: (text) => output.say(text),
        });
        server.tellDirect(() => direct?.stats());
      }
      const whereIs = () => withDirect(placeOf(server, secure, announces), direct);
      const isOnLoopback = isAnywhere(server.listen) || isLocalUrl(`ws://${inUrl(server.listen)}`);
      const announces = options.mdns && (isAnywhere(server.listen) || !isOnLoopback);
      if (options.https === true) {
        secure = await SecureRelay.open({
          dataFolder: options.data,
          server,
          hostId,
          shortId: shortNodeId(node.id),
          givenName: name,
          announces,
          ...(isAnywhere(server.listen) ? {} : { address: server.listen }),
          isOnLoopback,
          clock: SYSTEM_CLOCK,
          signal: stopped,
          say: (text) => output.say(text),
          onMoved: () => {
            server.tellReach(whereIs());
            announceAgain();
          },
        });
      }
      const place = whereIs();
      server.tellReach(place);
      const [plainHost = ''] = place.hosts.filter((one) => one.startsWith('ws:'));
      // The relay reaches its own hub over loopback, whatever name others use.
      const isOnFirst = isAnywhere(server.listen) || server.listen === '127.0.0.1';
      const loop = isOnFirst ? `ws://127.0.0.1:${server.port}` : plainHost;
      if (options.join !== undefined) await node.join(parseInvite(options.join));
      else if (options.create !== undefined && node.spaces.size === 0) {
        const made = await node.createSpace({
          name: options.create,
          isPublic: false,
          ownName: name ?? relayName(hostname()),
        });
        sayRecoveryWords(made.recoveryWords, options.data, output);
      }
      await keepNamed(node, name, output);
      announceAgain = keepAnnounced(node, hostId, () => placeOf(server, secure, announces), output);
      const { here, url: secureUrl, fingerprint } = place.secure ?? {};
      const listening = here ?? place.url;
      await running.answer(async (request, asked) =>
        request.words[0] === 'relay' ? alreadyRunning(listening) : runIn(request, asked),
      );
      output.result(
        {
          listening,
          host: plainHost,
          node: nodeIdText(node.id),
          spaces: [...node.spaces.keys()],
          ...(secureUrl === undefined ? {} : { secure: secureUrl, link: place.url, fingerprint }),
          ...(server.stunPort === undefined ? {} : { stunPort: server.stunPort }),
          ...(direct === undefined ? {} : { direct: direct.text() }),
        },
        secureUrl === undefined || place.isLocal
          ? `Relay at ${listening}`
          : `Relay at ${listening}, for phones at ${place.url}`,
      );
      if (server.stunPort !== undefined)
        output.say(`Devices learn their address (STUN) on UDP port ${server.stunPort}.`);
      running.connect([loop], direct?.certificateHash);
      const own = options.create === undefined ? undefined : adminSpace(node);
      await sayWhatNext({ node, own, place, data: options.data, output, invites, stopped });
      await untilStopped(stopped);
    } catch (error) {
      if (!stopped.aborted || !isWaystationError(error, 'closed')) throw error;
    } finally {
      await secure?.close();
      direct?.close();
      await server.close();
    }
  } finally {
    await running.close();
  }
}

/**
 * Opens the node; where a relay runs on the folder already, says where its page is.
 * @throws CommanderError with that relay's exit code then, WaystationError `store-locked` when something else holds the folder.
 */
async function startOrPoint(options: RelayOptions, around: Surroundings): Promise<RunningNode> {
  try {
    return await startRunning(options, around, true);
  } catch (error) {
    if (!isWaystationError(error, 'store-locked')) throw error;
    const { cwd, columns } = around;
    const answer = await askRunningNode(options.data, { words: ['relay'], cwd, columns });
    // A station, or a relay that is just starting: the lock says what there is to say.
    if (answer?.code !== ALREADY_RUNNING) throw error;
    around.stderr(answer.stderr);
    throw new CommanderError(1, 'waystation.answered', '');
  }
}

/** Tells this answer from those of other nodes; the command itself ends with 1 then. */
const ALREADY_RUNNING = 3;

function alreadyRunning(page: string): ControlAnswer {
  const what = `A relay is running on this folder already (process ${process.pid}). Its page: ${page}`;
  return {
    stdout: '',
    stderr: `${what}\nTo start it anew, stop that one first, with Ctrl-C in its window.\n`,
    code: ALREADY_RUNNING,
  };
}

/** Which ports to open where. @throws WaystationError `usage` for two servers on one port. */
function portsOf({ port, listen, https, httpsPort, stunPort }: RelayOptions, hostId: string) {
  const stun = stunPort === undefined ? {} : { stunPort };
  if (https !== true) return { port, listen: listen ?? '127.0.0.1', hostId, ...stun };
  if (port === httpsPort && port !== 0)
    throw new WaystationError('usage', '--port and --https-port must differ: choose another for one of them');
  return { port, listen: listen ?? ANYWHERE, hostId, securePort: httpsPort, ...stun };
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function placeOf(server: RelayServer, secure: SecureRelay | undefined, isAnnounced: boolean): RelayPlace {
  const { listen, port, securePort } = server;
  if (secure === undefined || securePort === undefined) return plainPlace(listen, port);
  const { name, fingerprint } = secure;
  return securePlace({ listen, port, securePort, name, isAnnounced, fingerprint });
}

/** The first space that this node leads. */
function adminSpace(node: WaystationNode): Space | undefined {
  return [...node.spaces.values()].find(({ replica, self }) => {
    const member = replica.membership.member(self);
    return member?.role === 'admin' && member.status === 'active';
  });
}

/** What a relay is called that nobody named: one in a container has a host name that says nothing. */
export function relayName(host: string): string {
  const [first = ''] = host.split('.');
  return first === '' || first === 'localhost' || /^[0-9a-f]{12}$/.test(first) ? 'Relay' : `Relay ${first}`;
}

/** The group that this relay keeps: its name, null while that is not known, undefined when it keeps none. */
function groupName(node: WaystationNode): string | null | undefined {
  const kept = [...node.spaces.values()].filter(({ isAdmitted }) => isAdmitted);
  const [first] = kept;
  return first === undefined ? undefined : first.catalog.spaceName;
}

/** Says this relay's name wherever it may, and again when a space lets it in and its key has come. */
async function keepNamed(node: WaystationNode, name: string | undefined, output: Output): Promise<void> {
  const say = () =>
    nameAll(node, name).catch((error: unknown) =>
      output.say(`cannot say this relay’s name: ${errorMessage(error)}`),
    );
  node.onNotice((notice) => {
    if (notice.kind === 'entries') void say();
  });
  await say();
}

/** Says what this relay is called, and that it is one, in every space where it may. */
async function nameAll(node: WaystationNode, given: string | undefined): Promise<void> {
  const nameOf = (known: string | undefined) =>
    given ?? (known === undefined || known === hostname() ? relayName(hostname()) : known);
  for (const space of node.spaces.values()) await sayOwnName(space, nameOf, true);
}
