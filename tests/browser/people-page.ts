/**
 * The doors, joining, recovery words and devices with a model that says what a test wants: for states that are hard to reach for
 * real, such as two hundred devices. `globalThis.showPeople(name)` shows one; `PEOPLE_STATES` lists them.
 */

import { html, render, type TemplateResult } from 'lit';
import type { SpaceId } from '../../src/core/ids.ts';
import { chooseLook, type Look } from '../../src/ui/app/appearance.ts';
import { Router, routeHash } from '../../src/ui/app/router.ts';
import type { AppModel } from '../../src/ui/model/app-model.ts';
import type { AppState } from '../../src/ui/model/app-state.ts';
import type { DeviceRow, InviteRow, PeopleView } from '../../src/ui/model/people-model.ts';
import tokens from '../../src/ui/tokens.css?inline';
import '../../src/ui/people/people-place.ts';
import '../../src/ui/people/device-dialog.ts';
import '../../src/ui/people/invite-code.ts';
import '../../src/ui/welcome/join-view.ts';
import '../../src/ui/welcome/recovery-view.ts';
import '../../src/ui/welcome/welcome-view.ts';

/** 21 November 2026, 10:00 UTC. */
const NOW = Date.UTC(2026, 10, 21, 10);
const HOUR_MS = 3_600_000;
const WORDS =
  'abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act action actor actress actual';

const STATE: AppState = {
  phase: 'ready',
  failure: null,
  deviceName: 'Ridge',
  space: 'ab'.repeat(32) as SpaceId,
  spaceName: 'My stations',
  role: 'admin',
  admitted: true,
  refusal: null,
  stations: [],
  connections: [],
  hosts: [{ url: 'wss://hut.example:8443', state: 'open' }],
  recordingPhase: 'idle',
  recording: null,
  sensorFailure: null,
  storage: { usedBytes: 12_400_000, freeBytes: 9_800_000_000, persistent: false },
  notice: null,
  pendingLink: null,
  isOtherGroupsLink: false,
  recoveryWords: null,
  recovery: 'none',
} as unknown as AppState;

function device(i: number, change: Partial<DeviceRow> = {}): DeviceRow {
  return {
    id: `device-${i}`,
    name: `Station ${i}`,
    shortId: `x${String(i).padStart(5, '0')}`,
    role: 'member',
    standing: 'active',
    isSelf: false,
    via: i % 3 === 0 ? 'wss://hut.example:8443' : null,
    lastHeardMs: i % 7 === 0 ? null : NOW - i * 11 * 60_000,
    hours: { known: i * 3, held: i * 2 },
    ...change,
  };
}

const SELF = device(0, { name: 'Ridge', role: 'admin', isSelf: true, via: null, lastHeardMs: NOW });
const INVITES: InviteRow[] = [
  { id: 'i1', role: 'reader', uses: 1, usesLeft: 1, expiresMs: NOW + HOUR_MS, by: 'Ridge', isOwn: true },
  { id: 'i2', role: 'member', uses: 5, usesLeft: 2, expiresMs: NOW + 30 * HOUR_MS, by: null, isOwn: false },
];

const VIEW: PeopleView = {
  nowMs: NOW,
  devices: [SELF],
  invites: [],
  grantable: ['admin', 'member', 'reader', 'recorder', 'mirror'],
  isTooFar: false,
  isManager: true,
  managers: ['Ridge'],
  mayRename: true,
};

const FEW: PeopleView = {
  ...VIEW,
  devices: [
    SELF,
    device(3, { name: 'Home', role: 'admin' }),
    device(4, { name: 'Van', role: 'reader' }),
    device(7, { name: null, role: 'mirror' }),
    device(8, { name: 'A station with a long name that somebody did not shorten at all', role: 'recorder' }),
    device(9, { name: 'Lost phone', standing: 'revoked' }),
    device(10, { name: 'Late', standing: 'surplus' }),
  ],
  invites: INVITES,
};

/** What was asked of the model. */
const asked: unknown[][] = [];
const note =
  (name: string) =>
  async (...words: unknown[]): Promise<never> => {
    asked.push([name, ...words]);
    return (globalThis as { fixtureLink?: string }).fixtureLink as never;
  };

function model(state: AppState, view: PeopleView, change: object = {}): AppModel {
  const people = {
    view: () => view,
    invite: note('invite'),
    withdraw: note('withdraw'),
    remove: note('remove'),
    renameDevice: note('renameDevice'),
    renameGroup: note('renameGroup'),
  };
  const recovery = { open: note('open'), putOff: note('putOff'), confirm: note('confirm') };
  const device = {
    version: { offline: 'ready', update: 'waiting', build: '0.1.0-abc', problem: null },
    install: { canInstall: true, isInstalled: false },
    askToKeep: note('askToKeep'),
    installApp: note('installApp'),
    applyUpdate: note('applyUpdate'),
  };
  const one = { state, people, recovery, device, create: note('create'), join: note('join'), ...change };
  return Object.assign(new EventTarget(), one) as unknown as AppModel;
}

const router = new Router(window);
const place = (state: Partial<AppState>, view: Partial<PeopleView>): TemplateResult => {
  const whole = { ...STATE, ...state };
  const m = model(whole, { ...VIEW, ...view });
  return html`<people-place .model=${m} .state=${whole} .router=${router}></people-place>`;
};
const welcome = (state: Partial<AppState>): TemplateResult => {
  const whole: AppState = { ...STATE, phase: 'no-space', space: null, deviceName: '', ...state };
  return html`<welcome-view .model=${model(whole, VIEW)} .state=${whole} .router=${router}></welcome-view>`;
};
const recovery = (step: AppState['recovery']): TemplateResult => {
  const whole: AppState = { ...STATE, recovery: step, recoveryWords: step === 'lost' ? null : WORDS };
  return step === 'open'
    ? html`<recovery-view .model=${model(whole, VIEW)} .state=${whole}></recovery-view>`
    : html`<recovery-card .model=${model(whole, VIEW)} .state=${whole}></recovery-card>`;
};
const dialog = (view: PeopleView, of: DeviceRow | undefined, isRemoving = false): TemplateResult =>
  html`<device-dialog
    .model=${model(STATE, view)}
    .view=${view}
    .chosen=${{ device: of }}
    .isRemoving=${isRemoving}
  ></device-dialog>`;
const link = (): string => (globalThis as { fixtureLink?: string }).fixtureLink ?? '';

const STATES: Readonly<Record<string, { readonly hash?: string; readonly show: () => TemplateResult }>> = {
  doors: { show: () => welcome({}) },
  join: { hash: routeHash('now', { door: 'join' }), show: () => welcome({}) },
  invited: { show: () => welcome({ pendingLink: link() }) },
  'invited-cut': { show: () => welcome({ pendingLink: link().slice(0, -200) }) },
  words: { show: () => recovery('open') },
  'words-waiting': { show: () => recovery('waiting') },
  'words-lost': { show: () => recovery('lost') },
  alone: { show: () => place({}, {}) },
  few: { show: () => place({}, FEW) },
  many: {
    show: () =>
      place(
        {},
        { devices: [SELF, ...Array.from({ length: 200 }, (_, i) => device(i + 1))], invites: INVITES },
      ),
  },
  offline: { show: () => place({ hosts: [{ url: 'wss://hut.example:8443', state: 'unreachable' }] }, FEW) },
  reader: {
    show: () =>
      place({ role: 'reader' }, { ...FEW, grantable: [], isManager: false, managers: ['Home', 'Ridge'] }),
  },
  mirror: {
    show: () =>
      place({ role: 'mirror' }, { ...FEW, grantable: [], isManager: false, managers: [], mayRename: false }),
  },
  removed: {
    show: () => {
      const devices = [
        { ...SELF, role: 'member' as const, standing: 'revoked' as const },
        ...FEW.devices.slice(1, 4),
      ];
      return place({ refusal: 'revoked' }, { devices, grantable: [], isManager: false, mayRename: false });
    },
  },
  waiting: {
    show: () => place({ admitted: false, role: 'member' }, { devices: [], grantable: [], isManager: false }),
  },
  surplus: {
    show: () =>
      place({ admitted: false, refusal: 'surplus' }, { devices: [], grantable: [], isManager: false }),
  },
  'other-group': { show: () => place({ isOtherGroupsLink: true }, FEW) },
  invite: { hash: routeHash('people', { show: 'invite' }), show: () => place({}, FEW) },
  scan: { hash: routeHash('people', { show: 'scan' }), show: () => place({}, FEW) },
  device: { show: () => dialog(FEW, FEW.devices[2]) },
  removing: { show: () => dialog(FEW, FEW.devices[2], true) },
  'open-invite': {
    show: () =>
      html`<device-dialog .model=${model(STATE, FEW)} .view=${FEW} .chosen=${{ invite: INVITES[1] }}></device-dialog>`,
  },
  'words-check': {
    show: () => {
      const whole: AppState = { ...STATE, recovery: 'open', recoveryWords: WORDS };
      return html`<recovery-view
        .model=${model(whole, VIEW)}
        .state=${whole}
        .asked=${[1, 5, 20]}
        .wrong=${[5]}
      ></recovery-view>`;
    },
  },
  code: { show: () => html`<invite-code .link=${link()}></invite-code>` },
};

document.documentElement.lang = 'en';
const style = document.createElement('style');
style.textContent = tokens;
document.head.append(style);
const main = document.createElement('main');
main.style.cssText = 'max-width: 1100px; margin: 0 auto; padding: 16px';
document.body.append(main);

Object.assign(globalThis, {
  PEOPLE_STATES: Object.keys(STATES),
  asked,
  showPeople: (name: string, look: Look = 'system') => {
    chooseLook(document.documentElement, undefined, look);
    const one = STATES[name];
    if (one === undefined) throw new Error(`no state ${name}`);
    const hash = one.hash ?? routeHash('people');
    history.replaceState(null, '', hash);
    dispatchEvent(new Event('popstate'));
    render(html``, main);
    render(one.show(), main);
  },
});
