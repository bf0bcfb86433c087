/** `relay`: the always-on node. Serves the app, hosts signaling, keeps entries and blobs, and says what to do next. */
import { randomBytes } from 'node:crypto';
import { renderUnicodeCompact } from 'uqr';
import { fromUtf8, toUtf8 } from '../../core/bytes.ts';
import { errorMessage, isWaystationError } from '../../core/errors.ts';
import { nodeIdText } from '../../core/ids.ts';
import { KIND } from '../../feed/kinds.ts';
import { parseInvite } from '../../identity/invite.ts';
import { mayAuthorKind } from '../../identity/roles.ts';
import { createInvite } from '../../station/membership-actions.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { startRelayServer } from '../relay-server.ts';
import type { Surroundings } from '../surroundings.ts';
import { type RunIn, type RunningOptions, startRunning, untilStopped } from './running.ts';

export interface RelayOptions extends RunningOptions {
  readonly port: number;
  readonly listen: string;
  readonly name?: string;
  readonly join?: string;
  readonly create?: string;
}

const HOST_ID_KEY = 'host-id';
const WEEK_MS = 7 * 86_400_000;
const FIRST_INVITE_USES = 20;

async function hostIdOf(node: WaystationNode): Promise<string> {
  const { store } = node.ports;
  const known = await store.state.get(HOST_ID_KEY);
  if (known !== undefined) return fromUtf8(known);
  const fresh = randomBytes(16).toString('base64url');
  await store.state.put(HOST_ID_KEY, toUtf8(fresh), 'strict');
  return fresh;
}

export async function relay(options: RelayOptions, around: Surroundings, runIn: RunIn): Promise<void> {
  const running = await startRunning(options, around, runIn);
  const { node, output, stopped } = running;
  try {
    const { port, listen } = options;
    const server = await startRelayServer({ port, listen, hostId: await hostIdOf(node) });
    try {
      const anywhere = listen === '0.0.0.0' || listen === '::';
      const address =
        anywhere || listen === '127.0.0.1' ? 'localhost' : listen.includes(':') ? `[${listen}]` : listen;
      const url = `http://${address}:${server.port}`;
      const own = `ws://${address}:${server.port}`;
      // The relay reaches its own hub over loopback, whatever name others use.
      const loop = anywhere || listen === '127.0.0.1' ? `ws://127.0.0.1:${server.port}` : own;
      let created: Space | undefined;
      if (options.join !== undefined) await node.join(parseInvite(options.join));
      else if (options.create !== undefined && node.spaces.size === 0) {
        const made = await node.createSpace({ name: options.create, isPublic: false });
        created = made.space;
        output.say('Recovery words of your new group. Write them down; they are shown this once:');
        output.say(`  ${made.recoveryWords}\n`);
      }
      const { name } = options;
      if (name !== undefined) {
        await nameAll(node, name);
        // Said again when a space lets this relay in, and its key has come.
        node.onNotice((notice) => {
          if (notice.kind === 'entries')
            nameAll(node, name).catch((error: unknown) => output.say(errorMessage(error)));
        });
      }
      const known = [...node.spaces.values()].flatMap((space) => space.record.hosts);
      output.result(
        { listening: url, host: own, node: nodeIdText(node.id), spaces: [...node.spaces.keys()] },
        `Relay at ${url}`,
      );
      running.connect([...new Set([loop, ...known])]);
      await sayWhatNext(url, own, created ?? adminSpace(node, options.create), output.say);
      await untilStopped(stopped);
    } finally {
      await server.close();
    }
  } finally {
    await running.close();
  }
}

/** With `--create` the first space is ours to invite to at every start. */
function adminSpace(node: WaystationNode, create: string | undefined): Space | undefined {
  if (create === undefined) return undefined;
  return [...node.spaces.values()].find(
    (space) => space.replica.membership.member(space.self)?.role === 'admin',
  );
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

async function sayWhatNext(
  url: string,
  host: string,
  space: Space | undefined,
  say: (text: string) => void,
): Promise<void> {
  say(`\nThe app is at ${url}`);
  if (space === undefined) {
    say(renderUnicodeCompact(url));
    say('What next: open that address, start a group, and invite this relay with');
    say('  npx waystation relay --data … --join LINK');
    return;
  }
  const expiresMs = Date.now() + WEEK_MS;
  const invite = {
    role: 'member' as const,
    uses: FIRST_INVITE_USES,
    expiresMs,
    hosts: [host],
    base: `${url}/`,
  };
  const { link } = await createInvite(space, invite);
  say(renderUnicodeCompact(url));
  say(
    'What next: open this link on the device that shall record. It joins your group, and this relay keeps what it',
  );
  say(`records. Good for ${FIRST_INVITE_USES} devices and seven days:\n`);
  say(`  ${link}\n`);
  say('Stop with Ctrl-C. Everything is kept; `npm start` goes on where it was.');
}
