/** The place “Network” in every state; see framed-page.ts. */
import type { AppState, HostView } from '../../src/ui/model/app-state.ts';
import type { MeasuredConnection } from '../../src/ui/model/network-model.ts';
import { offerScenes, type Scene } from './framed-page.ts';

const nowMs = Date.now();
const HOST = 'wss://raspberrypi.local:8443';
const DOWN: HostView = { url: HOST, state: 'unreachable' };

function connection(i: number, change: Partial<MeasuredConnection> = {}): MeasuredConnection {
  return {
    name: `Station ${i}`,
    isRelay: false,
    via: HOST,
    sinceMs: nowMs - (i + 1) * 7 * 60_000,
    kind: i % 5 === 4 ? 'internet' : 'local',
    roundTripMs: i % 5 === 4 ? 80 + i : 3 + (i % 9),
    receivedPerSecond: i % 4 === 0 ? 1.4e6 / (i + 1) : 0,
    sentPerSecond: i % 3 === 0 ? 2.1e5 / (i + 1) : 0,
    ...change,
  };
}

const RELAY = connection(0, { name: 'Relay raspberrypi', isRelay: true });

function scene(connections: readonly MeasuredConnection[], state: Partial<AppState> = {}): Scene {
  return {
    place: 'mesh',
    state: {
      connections: connections.map(({ name, via, sinceMs, isRelay }) => ({ name, via, sinceMs, isRelay })),
      ...state,
    },
    parts: { network: { measure: async () => connections } },
    reach: async (place) => {
      // The first measurement is drawn a moment after the place.
      while ((place.shadowRoot?.querySelector('.lead')?.textContent ?? '').includes('Looking'))
        await new Promise((next) => requestAnimationFrame(next));
    },
  };
}

offerScenes('mesh-place', {
  alone: () => scene([]),
  'alone-recording': () => scene([], { recording: { streams: [] } as never }),
  waiting: () => scene([], { admitted: false }),
  'relay-down': () => scene([], { hosts: [DOWN], recording: { streams: [] } as never }),
  'no-meeting-point': () => scene([], { hosts: [] }),
  'relay-down-connected': () => scene([connection(1, { name: 'Barn' })], { hosts: [DOWN] }),
  spare: () =>
    scene([RELAY], {
      hosts: [
        { url: HOST, state: 'open' },
        { url: 'wss://hut.example', state: 'unreachable' },
      ],
    }),
  trying: () => scene([], { hosts: [{ url: HOST, state: 'connecting' }] }),
  one: () => scene([RELAY]),
  internet: () =>
    scene([
      connection(4, { name: 'Home' }),
      connection(2, { name: 'A device without a name (x00007)', isRelay: true }),
    ]),
  'not-told': () =>
    scene([
      connection(1, {
        name: 'Barn',
        kind: null,
        roundTripMs: null,
        receivedPerSecond: null,
        sentPerSecond: null,
      }),
    ]),
  twelve: () => scene([RELAY, ...Array.from({ length: 11 }, (_, i) => connection(i + 1))]),
  hostile: () =>
    scene([connection(1, { name: 'W'.repeat(60) }), connection(2, { name: '<img src=x onerror=alert(1)>' })]),
  'two-hundred': () => scene([RELAY, ...Array.from({ length: 199 }, (_, i) => connection(i + 1))]),
});
