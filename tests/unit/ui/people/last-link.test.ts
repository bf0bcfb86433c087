/** A code that was made a moment ago is there again after a reload, for as long as it lets somebody in. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lastLink } from '../../../../src/ui/people/invite-view.ts';
import { LAST_INVITE, noteInTab } from '../../../../src/ui/platform/tab-notes.browser.ts';
import { meetingText } from '../../../../src/ui/welcome/invite-card.ts';
import { TestPage } from '../page.ts';

beforeEach(() => {
  const notes = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => notes.get(key) ?? null,
    setItem: (key: string, value: string) => notes.set(key, value),
  });
});

afterEach(() => vi.unstubAllGlobals());

it('the last link is shown again until it is withdrawn, and in its own group alone', async () => {
  const { model } = await new TestPage().founded();
  const last = () => lastLink(model.people.view(), model.state.space);
  expect(last()).toBeNull();
  const link = await model.people.invite('member', 1);
  noteInTab(LAST_INVITE, link);
  expect(last()).toBe(link);
  expect(lastLink(model.people.view(), null)).toBeNull();
  await model.people.withdraw(model.people.view().invites[0]?.id ?? '');
  expect(last()).toBeNull();
});

it('a browser that keeps nothing forgets it, and says nothing', () => {
  vi.stubGlobal('sessionStorage', undefined);
  noteInTab(LAST_INVITE, 'x');
  expect(lastLink({ invites: [] }, null)).toBeNull();
});

it('where devices meet is said with the address that this one has reached', () => {
  const hosts = ['waystation.local:7643'];
  expect(meetingText(hosts, null)).toBe('The devices meet at waystation.local:7643.');
  expect(meetingText(hosts, 'waystation.local:7643')).toBe('The devices meet at waystation.local:7643.');
  expect(meetingText(hosts, '192.168.77.20:7643')).toContain(
    'at 192.168.77.20:7643, where this page came from',
  );
  expect(meetingText([], null)).toBe('');
});
