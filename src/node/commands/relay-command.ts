/** `relay`: the always-on node. Serves the app, hosts signaling, keeps entries and blobs, and says what to do next. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { errorMessage, isWaystationError } from '../../core/errors.ts';
import { nodeIdText } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import { parseInvite } from '../../identity/invite.ts';
import { mayAuthorKind } from '../../identity/roles.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { reachOf } from '../addresses.ts';
import type { Output } from '../output.ts';
import { startRelayServer } from '../relay-server.ts';
import type { Surroundings } from '../surroundings.ts';
import { type RunIn, type RunningOptions, startRunning, untilStopped } from './running.ts';
import { sayRecoveryWords } from './space-commands.ts';
import { sayWhatNext } from './what-next.ts';

export interface RelayOptions extends RunningOptions {
  readonly port: number;
  readonly listen: string;
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
    const { port, listen, name } = options;
    const server = await startRelayServer({ port, listen, hostId: await hostIdOf(node) });
    try {
      const { names, isLocal } = reachOf(listen);
      const [address = 'localhost'] = names;
      const url = `http://${address}:${server.port}`;
      const hosts = names.map((one) => `ws://${one}:${server.port}`);
      const [own = ''] = hosts;
      // The relay reaches its own hub over loopback, whatever name others use.
      const anywhere = listen === '0.0.0.0' || listen === '::';
      const loop = anywhere || address === 'localhost' ? `ws://127.0.0.1:${server.port}` : own;
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
      output.result(
        { listening: url, host: own, node: nodeIdText(node.id), spaces: [...node.spaces.keys()] },
        `Relay at ${url}`,
      );
      running.connect([loop]);
      const invitesTo = options.create === undefined ? undefined : adminSpace(node);
      await sayWhatNext(node, invitesTo, { url, hosts, isLocal }, options.data, output);
      await untilStopped(stopped);
    } finally {
      await server.close();
    }
  } finally {
    await running.close();
  }
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
