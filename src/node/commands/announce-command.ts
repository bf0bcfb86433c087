/** `announce`: an admin tells the group of a meeting point that no member runs, such as a `waystation host`, or takes that back. */
import { toBase64Url, toUtf8 } from '../../core/bytes.ts';
import { Counters } from '../../core/counters.ts';
import { WaystationError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { SpaceId } from '../../core/ids.ts';
import { MAX_WEIGHT } from '../../mesh/host-choice.ts';
import { SignalingClient } from '../../mesh/signaling-client.ts';
import { nodeTextSockets } from '../../mesh/web-socket.node.ts';
import { isHostAddress, MAX_HOST_ADDRESSES } from '../../station/endpoint-body.ts';
import { announceHost } from '../../station/host-announcing.ts';
import type { WaystationNode } from '../../station/node.ts';
import type { Space } from '../../station/space.ts';
import { SYSTEM_CLOCK, SYSTEM_RANDOM } from '../open-node.ts';
import type { Output } from '../output.ts';

/** As long as a node waits for a host. */
const ANSWER_MS = 10_000;

export interface AnnounceOptions {
  readonly space: SpaceId | undefined;
  /** All of one host. */
  readonly addresses: readonly string[];
  readonly weight: number;
  readonly retract: boolean;
}

/**
 * Announces a host under what it calls itself, so it must answer now; retracting asks nobody.
 * @throws WaystationError `usage`, `unavailable`, `not-found`, `forbidden`.
 */
export async function announce(
  node: WaystationNode,
  options: AnnounceOptions,
  output: Output,
): Promise<void> {
  const { addresses, weight, retract } = options;
  for (const address of addresses) {
    if (isHostAddress(address)) continue;
    const form =
      'an address that means the same to everybody, such as ws://192.168.1.10:9000 or wss://host.example';
    throw new WaystationError('usage', `expected ${form}, without a path, got “${address.slice(0, 80)}”`);
  }
  if (addresses.length > MAX_HOST_ADDRESSES)
    throw new WaystationError(
      'usage',
      `expected at most ${MAX_HOST_ADDRESSES} addresses of one meeting point`,
    );
  if (weight > MAX_WEIGHT)
    throw new WaystationError(
      'usage',
      `--weight takes a whole number from 1 to ${MAX_WEIGHT}, not ${weight}`,
    );
  const space = node.space(options.space);
  await space.settled();
  const hostId = retract ? saidBefore(space, addresses) : await commonName(addresses);
  const given = retract ? [] : [...new Set(addresses)];
  const isNews = await announceHost(space, { node: null, hostId, weight, addresses: given });
  await space.settled();
  const words = retract
    ? 'Taken back: once they hear of it, devices of the group do not meet there any more.'
    : 'Devices of the group that hear of it meet there from then on, with their other meeting points.';
  output.result(
    { space: space.id, hostId, addresses: given, weight, written: isNews },
    isNews ? words : 'So it is already.',
  );
}

function saidBefore(space: Space, addresses: readonly string[]): string {
  const own = space.hosts.allBy(space.self).filter(({ node }) => node === null);
  const found = own.find((said) => addresses.some((address) => said.addresses.includes(address)));
  if (found === undefined)
    throw new WaystationError('not-found', 'this node has not announced a meeting point with that address');
  return found.hostId;
}

async function commonName(addresses: readonly string[]): Promise<string> {
  const [first = '', ...others] = await Promise.all(addresses.map(nameOf));
  if (others.some((one) => one !== first)) {
    const what = 'these addresses lead to different meeting points: announce each by itself';
    throw new WaystationError('usage', what);
  }
  // A PeerServer says nothing of itself: then its address is its name.
  return first === '' ? toBase64Url(sha256(toUtf8(addresses[0] ?? ''))).slice(0, 22) : first;
}

/** What the host at `address` calls itself, empty for a PeerServer. */
function nameOf(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      cancel();
      client.close();
      finish();
    };
    const refuse = () =>
      end(() =>
        reject(new WaystationError('unavailable', `no meeting point answers at ${address}: start it first`)),
      );
    const ignore = () => undefined;
    const client = new SignalingClient({
      urls: [address],
      sockets: nodeTextSockets,
      clock: SYSTEM_CLOCK,
      random: SYSTEM_RANDOM,
      counters: new Counters(),
      handlers: {
        onOpen: (_selfId, hostId) => end(() => resolve(hostId)),
        onDown: refuse,
        onUnreachable: refuse,
        ...{ onPresent: ignore, onArrived: ignore, onLeft: ignore, onSignal: ignore, onUndelivered: ignore },
      },
    });
    const cancel = SYSTEM_CLOCK.schedule(ANSWER_MS, refuse);
  });
}
