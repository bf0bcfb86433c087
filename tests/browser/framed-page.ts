/** The whole frame of the app with a model that says what a test wants: for states that are hard to reach for real. */
import '../../src/ui/app/app-element.ts';
import type { SpaceId } from '../../src/core/ids.ts';
import { AppElement } from '../../src/ui/app/app-element.ts';
import { chooseLook, type Look } from '../../src/ui/app/appearance.ts';
import { Router, routeHash } from '../../src/ui/app/router.ts';
import type { AppModel } from '../../src/ui/model/app-model.ts';
import type { AppState } from '../../src/ui/model/app-state.ts';
import type { PeopleView } from '../../src/ui/model/people-model.ts';
import type { SensingView } from '../../src/ui/model/sensing-view.ts';
import tokens from '../../src/ui/tokens.css?inline';

type Place = Parameters<typeof routeHash>[0];

/** A device in a group, let in, that does nothing. */
export const CALM: AppState = {
  phase: 'ready',
  failure: null,
  openElsewhere: null,
  deviceName: 'Window',
  shortId: '7kH2wA',
  space: 'ab'.repeat(32) as SpaceId,
  spaceName: 'Our valley',
  role: 'member',
  admitted: true,
  refusal: null,
  stations: [],
  stationFacts: [],
  collecting: null,
  connections: [],
  hosts: [{ url: 'wss://raspberrypi.local:8443', state: 'open' }],
  recordingPhase: 'idle',
  recording: null,
  sensorFailure: null,
  storage: { usedBytes: 12_400_000, freeBytes: 9_800_000_000, persistent: true },
  notice: null,
  pendingLink: null,
  pendingCode: null,
  isInvitePutOff: false,
  relayGroup: null,
  isOtherGroupsLink: false,
  recoveryWords: null,
  recovery: 'none',
};

const NO_PEOPLE: PeopleView = {
  nowMs: Date.now(),
  devices: [],
  invites: [],
  grantable: [],
  isTooFar: false,
  isManager: false,
  managers: ['Home'],
  mayRename: true,
  leaving: null,
};

export const NO_SENSES: SensingView = {
  isKnown: true,
  senses: [],
  camera: { everyMs: 5_000, device: '' },
  cameras: [],
  baudRate: null,
  canAttachUsb: false,
  clock: null,
  summary: null,
};

/** What was asked of the model, in order. */
export const asked: string[] = [];

/** Anything may be asked of it; each is noted and does nothing. */
function noting<T extends object>(part: string, known: T): T {
  return new Proxy(known, {
    get: (target, name) =>
      Reflect.has(target, name)
        ? Reflect.get(target, name)
        : async () => {
            asked.push(`${part}.${String(name)}`);
          },
  });
}

/** The parts of the model that a state of the page needs; what is not given does nothing. */
export interface Scene {
  readonly place: Place;
  readonly params?: Readonly<Record<string, string>>;
  readonly state?: Partial<AppState>;
  readonly sensing?: Partial<SensingView>;
  readonly parts?: Readonly<Record<string, object>>;
  /** What a person does to get there, once the place is drawn. */
  readonly reach?: (place: HTMLElement) => Promise<void> | void;
}

function modelOf({ state, sensing, parts = {} }: Scene): AppModel {
  const known = {
    state: { ...CALM, ...state },
    sensing: noting('sensing', { view: { ...NO_SENSES, ...sensing } }),
    stations: { spark: () => null },
    people: noting('people', { view: () => NO_PEOPLE }),
    device: noting('device', { version: null, install: null }),
    collecting: noting('collecting', {}),
    recovery: noting('recovery', {}),
    ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, noting(name, part)])),
  };
  // Event targets do not work behind a proxy.
  const model = new EventTarget();
  return Object.assign(model, noting('model', known), {
    dismissNotice: () => undefined,
    record: async () => asked.push('record'),
    stop: async () => asked.push('stop'),
  }) as unknown as AppModel;
}

/** Lit has drawn everything there is. */
async function drawn(root: ParentNode): Promise<void> {
  for (const element of root.querySelectorAll('*')) {
    await (element as Element & { updateComplete?: Promise<unknown> }).updateComplete;
    if (element.shadowRoot !== null) await drawn(element.shadowRoot);
  }
}

/** The first of these in the page, however deep in shadows it stands. */
export function findDeep<T extends HTMLElement>(root: ParentNode, selector: string): T | undefined {
  const here = root.querySelector<T>(selector);
  if (here !== null) return here;
  for (const { shadowRoot } of root.querySelectorAll('*')) {
    const inside = shadowRoot === null ? undefined : findDeep<T>(shadowRoot, selector);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Waits until it is there. */
async function untilThere(root: ParentNode, selector: string): Promise<HTMLElement> {
  for (;;) {
    const found = findDeep<HTMLElement>(root, selector);
    if (found !== undefined) return found;
    await new Promise((next) => requestAnimationFrame(next));
  }
}

/**
 * Puts `globalThis.framed` on the page: `names`, and `show(name)`, which resolves when it is drawn.
 * @param tag the element of the place that the scenes show.
 */
export function offerScenes(tag: string, scenes: Readonly<Record<string, () => Scene>>): void {
  document.documentElement.lang = 'en';
  const style = document.createElement('style');
  style.textContent = `${tokens} body { margin: 0 }`;
  document.head.append(style);
  const show = async (name: string, look: Look = 'system'): Promise<void> => {
    const scene = scenes[name]?.();
    if (scene === undefined) throw new RangeError(`there is no state ${name}`);
    chooseLook(document.documentElement, undefined, look);
    asked.length = 0;
    history.replaceState(null, '', routeHash(scene.place, scene.params));
    const app = new AppElement();
    app.frame(new Router(window));
    document.body.replaceChildren(app);
    app.use(modelOf(scene));
    const place = await untilThere(document.body, tag);
    await drawn(document.body);
    await scene.reach?.(place);
    await drawn(document.body);
  };
  Object.assign(globalThis, { framed: { show, names: Object.keys(scenes), asked } });
}
