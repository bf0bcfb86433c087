/** Whose things the share target takes. */
import { expect, it } from 'vitest';
import { isShareAllowed, type ShareRequest } from '../../../../src/ui/platform/share-sender.ts';

const own = 'https://relay.test';

it.each<[string, Omit<ShareRequest, 'own'>, boolean]>([
  ['the system, which opens a window', { origin: 'null', from: 'none' }, true],
  ['the system, in a window of the app', { origin: 'null', from: 'own' }, true],
  ['a browser that says nothing', { origin: null, from: 'none' }, true],
  ['a page of the app', { origin: own, from: 'own' }, true],
  ['another page', { origin: 'https://other.test', from: 'unseen' }, false],
  ['another page, into a new window', { origin: 'https://other.test', from: 'none' }, false],
  ['the same host at another port', { origin: 'https://relay.test:8443', from: 'unseen' }, false],
  ['a page that hides who it is', { origin: 'null', from: 'unseen' }, false],
])('%s', (_who, request, isAllowed) => {
  expect(isShareAllowed({ own, ...request })).toBe(isAllowed);
});
