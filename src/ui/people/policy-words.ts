/** Network and app in sentences with numbers in them. */
import { msg, str } from '@lit/localize';
import type { AppState } from '../model/app-state.ts';
import { countText } from '../parts/words.ts';
import type { AppVersionState } from '../platform/service-worker.browser.ts';

/** How this device meets others now, and what it does without a network. */
export function networkText({
  hosts,
  connections,
  admitted,
  refusal,
}: Pick<AppState, 'hosts' | 'connections' | 'admitted' | 'refusal'>): string {
  const open = hosts.filter(({ state }) => state === 'open').length;
  const waits = msg(
    'Nothing waits for the network: recordings are kept here and passed on when another device is met.',
  );
  if (hosts.length === 0) {
    return `${msg('This device has no meeting point, so it finds no others.')} ${waits}`;
  }
  const points = countText(hosts.length, msg('meeting point'), msg('meeting points'));
  // Whom the others do not let take part they speak with, and share nothing.
  if (!admitted || refusal === 'revoked')
    return msg(str`It knows ${points}, of which ${open} can be reached now.`);
  const devices = countText(connections.length, msg('device'), msg('devices'));
  return `${msg(str`It knows ${points}, of which ${open} can be reached now, and is connected with ${devices}.`)} ${waits}`;
}

/** Whether the app opens without a network. */
export function offlineText(version: AppVersionState | null): string {
  switch (version?.offline) {
    case 'ready':
      return msg('The app is on this device as a whole: it opens and works without any network.');
    case 'preparing':
      return msg('The app is being stored on this device. Stay within the network until that is done.');
    case 'failed':
      return msg(
        'The app could not be stored on this device yet; it is tried again. Until then it needs its address to be opened.',
      );
    case 'insecure':
      return msg(
        'This address is not secure (http), so the browser cannot store the app: it needs its address to be opened. Open it over https.',
      );
    default:
      return msg(
        'This browser cannot store the app: it needs its address to be opened. While the page is open it works without a network.',
      );
  }
}

/** Whether there is a newer version. */
export function updateText(version: AppVersionState | null, isRecording: boolean): string {
  switch (version?.update) {
    case 'downloading':
      return msg('A new version is being fetched.');
    case 'waiting':
      return isRecording
        ? msg('A new version is ready. Stop recording before you change to it: the page is reloaded.')
        : msg('A new version is ready. The page is reloaded when you change to it.');
    case 'applying':
      return msg('Changing to the new version …');
    case 'failed':
      return msg('A new version could not be fetched; it is tried again. This one goes on.');
    default:
      return msg('No newer version is known.');
  }
}
