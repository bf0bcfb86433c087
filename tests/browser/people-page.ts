/**
 * The doors, joining, recovery words and devices with a model that says what a test wants: for states that are hard to reach for
 * real, such as two hundred devices. `globalThis.showPeople(name)` shows one; `PEOPLE_STATES` lists them.
 */

import { html, render, type TemplateResult } from 'lit';
import { WaystationError } from '../../src/core/errors.ts';
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
import '../../src/ui/people/standing-card.ts';
import '../../src/ui/welcome/elsewhere-view.ts';
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
  shortId: '7kH2wA',
  stationFacts: [],
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
  pendingCode: null,
  isInvitePutOff: false,
  relayGroup: null,
  openElsewhere: null,
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
    isNamesake: false,
    isRelay: false,
    standing: 'active',
    isSelf: false,
    via: i % 3 === 0 ? 'wss://hut.example:8443' : null,
    lastHeardMs: i % 7 === 0 ? null : NOW - i * 11 * 60_000,
    hours: { known: i * 3, held: i * 2 },
    ...change,
  };
}

const NO_LOSS = { ownHours: 0, othersHours: 0, ownMs: null, othersMs: null, pictures: 0, isWaiting: false };
const SELF = device(0, { name: 'Ridge', role: 'admin', isSelf: true, via: null, lastHeardMs: NOW });
const INVITES: InviteRow[] = [
  {
    id: 'i1',
    role: 'reader',
    uses: 1,
    usesLeft: 1,
    expiresMs: NOW + HOUR_MS,
    by: 'Ridge',
    isOwn: true,
    isByRelay: false,
  },
  {
    id: 'i2',
    role: 'member',
    uses: 5,
    usesLeft: 2,
    expiresMs: NOW + 30 * HOUR_MS,
    by: null,
    isOwn: false,
    isByRelay: false,
  },
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
  leaving: null,
};

const FEW: PeopleView = {
  ...VIEW,
  devices: [
    SELF,
    device(3, { name: 'Relay attic', role: 'admin', isRelay: true }),
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
  const one = {
    state,
    people,
    recovery,
    device,
    create: note('create'),
    join: note('join'),
    joinAgain: note('joinAgain'),
    leave: note('leave'),
    putOff: note('putOff'),
    offer: note('offer'),
    useHere: async () => 'busy',
    resolveCode: async () => {
      throw new WaystationError('not-found', 'the relay knows no open invite by this code');
    },
    ...change,
  };
  return Object.assign(new EventTarget(), one) as unknown as AppModel;
}

const router = new Router(window);
const place = (state: Partial<AppState>, view: Partial<PeopleView>): TemplateResult => {
  const whole = { ...STATE, ...state };
  const m = model(whole, { ...VIEW, ...view });
  // As the frame shows them.
  return html`
    <standing-card .model=${m} .state=${whole} .place=${'people'}></standing-card>
    <people-place .model=${m} .state=${whole} .router=${router}></people-place>
  `;
};
/** What stands above the other places. */
const standing = (state: Partial<AppState>, view: Partial<PeopleView> = {}): TemplateResult => {
  const whole = { ...STATE, ...state };
  return html`<standing-card
    .model=${model(whole, { ...VIEW, ...view })}
    .state=${whole}
    .place=${'now'}
  ></standing-card>`;
};
const elsewhere = (openElsewhere: AppState['openElsewhere'], answer: 'busy' | 'silent' | null) => {
  const whole: AppState = { ...STATE, phase: 'failed', openElsewhere };
  return html`<elsewhere-view .model=${model(whole, VIEW)} .state=${whole} .answer=${answer}></elsewhere-view>`;
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
  'doors-relay': { show: () => welcome({ relayGroup: { name: 'Home' } }) },
  'doors-stranger': { show: () => welcome({ relayGroup: { name: null } }) },
  'doors-new': {
    hash: routeHash('now', { door: 'new' }),
    show: () => welcome({ relayGroup: { name: 'Home' } }),
  },
  'doors-invite': { show: () => welcome({ pendingLink: link(), isInvitePutOff: true }) },
  'join-relay': {
    hash: routeHash('now', { door: 'join' }),
    show: () => welcome({ relayGroup: { name: 'Home' } }),
  },
  'code-dead': { show: () => welcome({ pendingCode: 'K7QM-2F9X-RT4D' }) },
  elsewhere: { show: () => elsewhere('before', null) },
  'elsewhere-busy': { show: () => elsewhere('before', 'busy') },
  'elsewhere-silent': { show: () => elsewhere('before', 'silent') },
  'elsewhere-left': { show: () => elsewhere('left', null) },
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
  'removed-now': {
    show: () => standing({ refusal: 'revoked' }, { devices: [{ ...SELF, standing: 'revoked' }] }),
  },
  'surplus-now': {
    show: () => standing({ admitted: false, refusal: 'surplus' }, { devices: [], leaving: NO_LOSS }),
  },
  'withdrawn-now': {
    show: () => standing({ admitted: false, refusal: 'revoked' }, { devices: [], leaving: NO_LOSS }),
  },
  'not-served': { show: () => standing({ refusal: 'unknown-issuer' }) },
  'other-group': { show: () => place({ isOtherGroupsLink: true }, FEW) },
  'other-group-now': { show: () => standing({ isOtherGroupsLink: true }, { leaving: NO_LOSS }) },
  leaving: {
    hash: routeHash('people', { show: 'leave' }),
    show: () => place({}, { leaving: { ...NO_LOSS, ownHours: 12, othersHours: 3 } }),
  },
  'may-leave': { show: () => place({}, { leaving: NO_LOSS }) },
  invite: { hash: routeHash('people', { show: 'invite' }), show: () => place({}, FEW) },
  scan: { hash: routeHash('people', { show: 'scan' }), show: () => place({}, FEW) },
  device: { show: () => dialog(FEW, FEW.devices[2]) },
  'device-connected': {
    show: () =>
      dialog(
        FEW,
        device(33, {
          via: 'ws://therelayintheatticoftheoldhousebythelakewherenobodylives.local:7070/peerjs',
        }),
      ),
  },
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
