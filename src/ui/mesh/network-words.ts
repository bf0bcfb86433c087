/** What the connections of this device mean, in words. Pure: from the state and what was measured. */
import { msg, str } from '@lit/localize';
import type { AppState, HostView } from '../model/app-state.ts';
import type { MeasuredConnection } from '../model/network-model.ts';

/** The part of the page's state that the sentence is made from. */
export type NetworkState = Pick<AppState, 'admitted' | 'refusal' | 'hosts' | 'recording'>;

/** @param connections null before the first measurement. */
export function networkSummary(
  { admitted, refusal, hosts, recording }: NetworkState,
  connections: readonly MeasuredConnection[] | null,
): string {
  if ((!admitted && refusal !== null) || refusal === 'revoked')
    return msg('This device is not in the group: nothing is copied between it and others.');
  if (!admitted)
    return msg('Not let in yet: this device waits to meet one of the group. Keep the page open.');
  if (connections === null) return msg('Looking …');
  const [only, ...others] = connections;
  if (only !== undefined)
    return others.length === 0
      ? msg(str`Connected to ${only.name}.`)
      : msg(str`Connected to ${connections.length} devices.`);
  const goesOn = recording === null ? '' : ` ${msg('Recording goes on.')}`;
  if (hosts.length === 0)
    return `${msg('Connected to no device, and none can be found: this device knows no meeting point.')}${goesOn}`;
  if (hosts.every(({ state }) => state === 'unreachable'))
    return `${hosts.length === 1 ? msg('Connected to no device: the meeting point does not answer.') : msg('Connected to no device: no meeting point answers.')}${goesOn} ${msg('Nothing is copied until then; what is here stays.')}`;
  return `${msg('Connected to no device at the moment.')}${goesOn} ${msg('What is recorded is copied as soon as one is there.')}`;
}

export interface PointWords {
  readonly tone: 'good' | 'soft' | 'warn';
  readonly text: string;
}

/** How a meeting point stands. One that does not answer is trouble only where it is needed: nobody is connected, and no other answers. */
export function pointWords({ state }: HostView, all: readonly HostView[], isConnected: boolean): PointWords {
  if (state === 'open') return { tone: 'good', text: msg('answers') };
  if (state === 'connecting') return { tone: 'soft', text: msg('trying …') };
  if (all.some((one) => one.state === 'open'))
    return { tone: 'soft', text: msg('does not answer, and is not needed') };
  if (isConnected)
    return {
      tone: 'soft',
      text: msg('does not answer; it is tried again. Devices that are connected stay so.'),
    };
  return {
    tone: 'warn',
    text: msg(
      'does not answer; it is tried again. Check that it is switched on, and that this device is in the same Wi-Fi.',
    ),
  };
}

/** What is known of a connection, piece by piece. */
export function connectionFacts(
  { kind, roundTripMs, sinceMs }: Pick<MeasuredConnection, 'kind' | 'roundTripMs' | 'sinceMs'>,
  ago: (ms: number) => string,
): string[] {
  return [
    ...(kind === 'local' ? [msg('same network')] : kind === 'internet' ? [msg('over the internet')] : []),
    ...(roundTripMs === null
      ? []
      : [msg(str`answers in ${roundTripMs < 1 ? '<1' : Math.round(roundTripMs)} ms`)]),
    msg(str`connected ${ago(sinceMs)}`),
  ];
}
