/** `space create`, `invite`, `join`, `revoke`: what can also be asked of a node that is running already. */
import { hostname } from 'node:os';
import { WaystationError } from '../../core/errors.ts';
import { type NodeId, nodeIdText, parseNodeId, type SpaceId, shortNodeId } from '../../core/ids.ts';
import { parseInvite } from '../../identity/invite.ts';
import { ROLES, type Role } from '../../identity/roles.ts';
import { createInvite, revokeMember } from '../../station/membership-actions.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { isLocalUrl } from '../addresses.ts';
import { formatTime, type Output } from '../output.ts';
import { terminalCode } from '../terminal-code.ts';

export async function createSpace(
  node: WaystationNode,
  { data, name, isPublic }: { readonly data: string; readonly name: string; readonly isPublic: boolean },
  output: Output,
): Promise<void> {
  const { space, recoveryWords } = await node.createSpace({ name, isPublic, ownName: hostname() });
  output.say(`Made the space “${name}”.`);
  sayRecoveryWords(recoveryWords, data, output);
  output.result({ space: space.id, name, node: nodeIdText(node.id), recoveryWords }, space.id);
}

const WORDS_IN_A_ROW = 4;
/** BIP 39 has no longer words than eight letters. */
const WORD_COLUMNS = 10;

/** Shown once, numbered as they are written down. No command acts with them yet, and nobody should rely on what cannot be done. */
export function sayRecoveryWords(recoveryWords: string, data: string, output: Output): void {
  const words = recoveryWords.split(' ');
  const cells = words.map((word, i) => `${String(i + 1).padStart(2)} ${word.padEnd(WORD_COLUMNS)}`);
  const rows: string[] = [];
  for (let i = 0; i < cells.length; i += WORDS_IN_A_ROW)
    rows.push(
      `  ${cells
        .slice(i, i + WORDS_IN_A_ROW)
        .join('  ')
        .trimEnd()}`,
    );
  output.say('\nRecovery words of your group. They are shown this once: write them down, on paper.\n');
  output.say(`${rows.join('\n')}\n`);
  output.say(
    'They are for the day when no device is left that manages the group. This version cannot use them yet; what helps today ' +
      'is a second device that manages it. This makes an invite for one:',
  );
  output.say(`  npx waystation invite --data ${data} --role admin\n`);
}

export function parseRole(text: string): Role {
  const role = ROLES.find((one) => one === text);
  if (role === undefined)
    throw new WaystationError('usage', `--role is one of ${ROLES.join(', ')}, not “${text}”`);
  return role;
}

export async function invite(
  node: WaystationNode,
  options: {
    readonly space?: SpaceId | undefined;
    readonly role: Role;
    readonly uses: number;
    readonly expiresMs: number;
    readonly hosts: readonly string[];
  },
  output: Output,
  columns: number | undefined,
): Promise<void> {
  const space = node.space(options.space);
  const { link, hosts } = await createInvite(space, options);
  const expires = formatTime(options.expiresMs);
  const times = options.uses === 1 ? 'once' : `${options.uses} times`;
  output.say(
    `An invite as ${options.role}, good ${times} until ${expires}. This device may be switched off meanwhile.`,
  );
  if (hosts.length === 0) {
    output.say('No host is known to meet on: give one with --host, or the other side must name one.');
  } else if (hosts.every((host) => isLocalUrl(host))) {
    output.say(
      'The link works on this machine only. For others give an address of this machine that they reach:',
    );
    output.say('  --host ws://ADDRESS:PORT (and start the relay with --https, or --listen 0.0.0.0)');
  }
  const code = output.json ? undefined : terminalCode(link);
  if (code !== undefined && code.columns <= (columns ?? 0)) output.say(code.text);
  output.result({ space: space.id, role: options.role, uses: options.uses, expires, link }, link);
}

export async function join(node: WaystationNode, link: string, output: Output): Promise<void> {
  const invite = parseInvite(link);
  const space = await node.join(invite);
  output.say(
    space.isAdmitted
      ? 'This node is in that space already.'
      : 'Joined. The next member that this node meets lets it in; until then it knows nothing of the space.',
  );
  output.result({ space: space.id, admitted: space.isAdmitted, role: space.invitedRole }, space.id);
}

/**
 * The member that a person means: its id, its name, or the first characters of its id that `status` and the app show.
 * @throws WaystationError `not-found`, `usage` when several are meant.
 */
function memberNamed(space: Space, text: string): NodeId {
  if (text.startsWith('did:key:')) return parseNodeId(text);
  const members = [...space.replica.membership.members()].filter(
    ({ isRecovery, status }) => !isRecovery && status === 'active',
  );
  const found = members.filter(
    ({ node }) => space.catalog.names.get(node) === text || shortNodeId(node) === text,
  );
  const [only, ...others] = found;
  if (only === undefined)
    throw new WaystationError(
      'not-found',
      `no member is called “${text}”: give its name or id as \`waystation status\` lists them`,
    );
  if (others.length > 0) {
    const ids = found.map(({ node }) => nodeIdText(node)).join(', ');
    throw new WaystationError('usage', `several members are called “${text}”; choose one by its id: ${ids}`);
  }
  return only.node;
}

export async function revoke(
  node: WaystationNode,
  options: { readonly space?: SpaceId | undefined; readonly member: string },
  output: Output,
): Promise<void> {
  const space = node.space(options.space);
  const target = memberNamed(space, options.member);
  const openBefore = openInvites(space);
  await revokeMember(space, target);
  output.say(
    'Revoked. It gets nothing more from any device that has heard of this; new data is sealed under a new key.',
  );
  const openNow = openInvites(space);
  const withdrawn = [...openBefore].filter((id) => !openNow.has(id)).length;
  if (withdrawn > 0) {
    output.say(
      'The invite that it came by is withdrawn, too, because it knows that one: the code and the link of it let nobody in any ' +
        'more. A relay that shows it makes another and prints that by itself; an invite of your own you make anew.',
    );
  }
  output.result(
    { space: space.id, revoked: nodeIdText(target), withdrawnInvites: withdrawn },
    nodeIdText(target),
  );
}

function openInvites(space: Space): ReadonlySet<string> {
  const nowMs = space.context.clock.nowMs();
  return new Set(space.replica.membership.outstandingInvites(nowMs).map(({ id }) => id));
}
