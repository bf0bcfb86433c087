/** `relay`: the always-on node. Serves the app, hosts signaling, keeps entries and blobs, and says what to do next. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { errorMessage, isWaystationError, WaystationError } from '../../core/errors.ts';
import { nodeIdText, shortNodeId } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import { parseInvite } from '../../identity/invite.ts';
import { mayAuthorKind } from '../../identity/roles.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { isLocalUrl } from '../addresses.ts';
import { SecureRelay } from '../https/secure-relay.ts';
import { SYSTEM_CLOCK } from '../open-node.ts';
import type { Output } from '../output.ts';
import { isAnywhere, plainPlace, type RelayPlace, securePlace } from '../relay-place.ts';
import { ANYWHERE, type RelayServer, startRelayServer } from '../relay-server.ts';
import type { Surroundings } from '../surroundings.ts';
import { type RunIn, type RunningOptions, startRunning, untilStopped } from './running.ts';
import { sayRecoveryWords } from './space-commands.ts';
import { sayWhatNext } from './what-next.ts';

export interface RelayOptions extends RunningOptions {
  readonly port: number;
  readonly listen?: string;
  readonly https?: boolean;
  readonly httpsPort: number;
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
  const running = await startRunning(options, around, true);
  const { node, output, stopped } = running;
  try {
    const { name } = options;
    const hostId = await hostIdOf(node);
    const server = await startRelayServer(portsOf(options, hostId));
    let secure: SecureRelay | undefined;
    try {
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
          onMoved: () => server.tellReach(placeOf(server, secure, announces)),
        });
      }
      const place = placeOf(server, secure, announces);
      server.tellReach(place);
      const [own = ''] = place.hosts.filter((one) => one.startsWith('ws:'));
      // The relay reaches its own hub over loopback, whatever name others use.
      const isOnFirst = isAnywhere(server.listen) || server.listen === '127.0.0.1';
      const loop = isOnFirst ? `ws://127.0.0.1:${server.port}` : own;
      if (options.join !== undefined) await node.join(parseInvite(options.join));
      else if (options.create !== undefined && node.spaces.size === 0) {
        const made = await node.createSpace({
          name: options.create,
          isPublic: false,
          ownName: name ?? hostname(),
        });
        sayRecoveryWords(made.recoveryWords, output);
      }
      if (name !== undefined) await keepNamed(node, name, output);
      await running.answer(runIn);
      const { here, url: secureUrl, fingerprint } = place.secure ?? {};
      const listening = here ?? place.url;
      output.result(
        {
          listening,
          host: own,
          node: nodeIdText(node.id),
          spaces: [...node.spaces.keys()],
          ...(secureUrl === undefined ? {} : { secure: secureUrl, link: place.url, fingerprint }),
        },
        secureUrl === undefined || place.isLocal
          ? `Relay at ${listening}`
          : `Relay at ${listening}, for phones at ${place.url}`,
      );
      running.connect([loop]);
      const invitesTo = options.create === undefined ? undefined : adminSpace(node);
      const wide = await sayWhatNext(node, invitesTo, place, options.data, output, around.columns);
      const unwatch = around.watchColumns?.((columns) => {
        if (wide === undefined || columns < wide.columns) return;
        output.say(`\n${wide.text}`);
        unwatch?.();
      });
      await untilStopped(stopped);
      unwatch?.();
    } catch (error) {
      if (!stopped.aborted || !isWaystationError(error, 'closed')) throw error;
    } finally {
      await secure?.close();
      await server.close();
    }
  } finally {
    await running.close();
  }
}

/** Which ports to open where. @throws WaystationError `usage` for two servers on one port. */
function portsOf({ port, listen, https, httpsPort }: RelayOptions, hostId: string) {
  if (https !== true) return { port, listen: listen ?? '127.0.0.1', hostId };
  if (port === httpsPort && port !== 0)
    throw new WaystationError('usage', '--port and --https-port must differ: choose another for one of them');
  return { port, listen: listen ?? ANYWHERE, hostId, securePort: httpsPort };
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

/** Says this relay's name wherever it may, and again when a space lets it in and its key has come. */
async function keepNamed(node: WaystationNode, name: string, output: Output): Promise<void> {
  const say = () =>
    nameAll(node, name).catch((error: unknown) =>
      output.say(`cannot say this relay’s name: ${errorMessage(error)}`),
    );
  node.onNotice((notice) => {
    if (notice.kind === 'entries') void say();
  });
  await say();
}

/** Says this relay's name in every space where it may: not before it was let in, and never as a mirror. */
async function nameAll(node: WaystationNode, name: string): Promise<void> {
  for (const space of node.spaces.values()) {
    await space.settled();
    const role = space.replica.membership.member(space.self)?.role;
    if (!space.isAdmitted || role === undefined || !mayAuthorKind(role, KIND.profile)) continue;
    try {
      await space.writeProfile({ name, station: null, spaceName: null });
    } catch (error) {
      if (!isWaystationError(error, 'no-key')) throw error;
    }
  }
}
