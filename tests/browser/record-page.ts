/** The place “Record” in every state; see framed-page.ts. */
import type { Availability } from '../../src/sensors/port.ts';
import type { AppState, RecordingView, StreamView } from '../../src/ui/model/app-state.ts';
import type { GapView } from '../../src/ui/model/gap-ledger.ts';
import { gapText } from '../../src/ui/model/running-recording.ts';
import type { SenseView, SensingView } from '../../src/ui/model/sensing-view.ts';
import { NO_SENSES, offerScenes, type Scene } from './framed-page.ts';

const nowMs = Date.now();
const HOUR_MS = 3_600_000;
const DENIED =
  'not allowed: permit motion sensors for this page in the browser’s site settings, then record again';
const asks = (what: string): Availability => ({ state: 'needs-permission', ask: `to record the ${what}` });
const HERE: Availability = { state: 'available' };
const refused = (reason = DENIED): Availability => ({ state: 'refused', reason });

function sense(name: string, change: Partial<SenseView> = {}): SenseView {
  return {
    name,
    device: null,
    isChosen: true,
    availability: HERE,
    live: null,
    trouble: null,
    isMute: false,
    ...change,
  };
}
const column = (name: string, unit: string, last: number | null) => ({ name, unit, last });
const MOTION = {
  rateHz: 60,
  columns: [column('x', 'm/s2', 0.12), column('y', 'm/s2', -9.78), column('z', 'm/s2', 0.41)],
};
const TURN = {
  rateHz: 60,
  columns: [column('x', 'rad/s', 0), column('y', 'rad/s', 0.02), column('z', 'rad/s', -0.01)],
};
const CAMERA = sense('camera', { isChosen: false, availability: asks('camera') });
const PHONE = [
  sense('accelerometer', { live: MOTION }),
  sense('gyroscope', { live: TURN }),
  sense('magnetometer', {
    availability: { state: 'unavailable', reason: 'this browser has no magnetometer' },
  }),
  CAMERA,
];
const USB = sense('usb-1', {
  device: 'Pico weather board',
  live: {
    rateHz: 1,
    columns: [
      column('pressure', 'Pa', 96_412.7),
      column('temperature', 'Cel', 8.31),
      column('humidity', '%RH', 71),
    ],
  },
});

function stream(name: string, change: Partial<StreamView> = {}): StreamView {
  return {
    name,
    driver: name,
    trouble: null,
    isOver: false,
    silentMs: null,
    replay: false,
    rateHz: 60,
    rows: 482_112,
    columns: name === 'gyroscope' ? TURN.columns : MOTION.columns,
    ...change,
  };
}

/** As the model tells a sensor that has fallen silent. */
const SILENT: Partial<StreamView> = { silentMs: 34_000, trouble: gapText('unknown'), rateHz: null };

const RECORDING: RecordingView = {
  sinceMs: nowMs - 3.4 * HOUR_MS,
  hourMs: HOUR_MS,
  streams: [stream('accelerometer'), stream('gyroscope')],
  sealedHours: 3,
  sealedMs: 2.9 * HOUR_MS,
  pictures: 0,
  waitingHours: 0,
  gaps: [],
  fullSinceMs: null,
  awake: 'held',
  resumed: null,
  bytesPerDay: 1.6e8,
};
const GAPS: GapView[] = [
  { streams: [], fromMs: nowMs - HOUR_MS, toMs: nowMs - HOUR_MS + 240_000, cause: 'hidden', detail: '' },
  {
    streams: ['gyroscope'],
    fromMs: nowMs - 2 * HOUR_MS,
    toMs: nowMs - 2 * HOUR_MS + 9_000,
    cause: 'sensor',
    detail: '',
  },
];

const idle = (
  senses: readonly SenseView[],
  state: Partial<AppState> = {},
  sensing: Partial<SensingView> = {},
): Scene => ({
  place: 'record',
  state,
  sensing: { ...NO_SENSES, senses, canAttachUsb: true, ...sensing },
});
const running = (
  change: Partial<RecordingView> = {},
  state: Partial<AppState> = {},
  reach?: NonNullable<Scene['reach']>,
): Scene => ({
  ...idle(PHONE, { recordingPhase: 'running', recording: { ...RECORDING, ...change }, ...state }),
  ...(reach === undefined ? {} : { reach }),
});
/** Taps the first of these. */
const tap = (selector: string) => (place: HTMLElement) =>
  place.shadowRoot?.querySelector<HTMLElement>(selector)?.click();

offerScenes('record-place', {
  looking: () => idle([], {}, { isKnown: false }),
  'no-sensors': () => idle([], {}, { canAttachUsb: false }),
  'no-sensors-usb': () => idle([]),
  phone: () => idle(PHONE),
  asks: () =>
    idle([
      sense('accelerometer', { availability: asks('accelerometer') }),
      sense('gyroscope', { availability: asks('gyroscope') }),
      sense('camera', { availability: asks('camera') }),
    ]),
  'denied-movement': () =>
    idle([sense('accelerometer', { availability: refused() }), sense('gyroscope', { live: TURN }), CAMERA]),
  'denied-turning': () =>
    idle([sense('accelerometer', { live: MOTION }), sense('gyroscope', { availability: refused() }), CAMERA]),
  'denied-camera': () =>
    idle([
      ...PHONE.slice(0, 2),
      sense('camera', {
        availability: refused(
          'the camera is not allowed: permit it for this page in the browser’s site settings, then record again',
        ),
      }),
    ]),
  'denied-all': () =>
    idle(
      [sense('accelerometer', { availability: refused() }), sense('gyroscope', { availability: refused() })],
      {
        sensorFailure: {
          denied: true,
          sensors: ['accelerometer', 'gyroscope'],
          troubles: [`accelerometer: ${DENIED}`, `gyroscope: ${DENIED}`],
          isInterrupted: false,
        },
      },
    ),
  'nothing-delivers': () =>
    idle(PHONE, {
      sensorFailure: {
        denied: false,
        sensors: ['accelerometer'],
        troubles: ['accelerometer: this device does not have it, or another program holds it'],
        isInterrupted: false,
      },
    }),
  interrupted: () =>
    idle(PHONE, {
      sensorFailure: {
        denied: true,
        sensors: ['accelerometer'],
        troubles: [`accelerometer: ${DENIED}`],
        isInterrupted: true,
      },
    }),
  usb: () => idle([...PHONE, USB]),
  camera: () =>
    idle(
      [...PHONE.slice(0, 2), sense('camera')],
      {},
      {
        cameras: [
          { id: 'a', label: 'Back camera' },
          { id: 'b', label: 'Front camera' },
        ],
      },
    ),
  'clock-wrong': () => idle(PHONE, {}, { clock: { behindMs: 7_500_000, devices: 2 } }),
  waiting: () => idle(PHONE, { admitted: false }),
  removed: () => idle(PHONE, { refusal: 'revoked' }),
  reader: () => idle(PHONE, { role: 'reader' }),
  starting: () => idle(PHONE, { recordingPhase: 'starting' }),
  recording: () => running(),
  'recording-usb': () =>
    running({
      streams: [
        stream('usb-1', { driver: 'usb-1', rateHz: 1, rows: 12_240, columns: USB.live?.columns ?? [] }),
        stream('accelerometer'),
      ],
      pictures: 1_204,
    }),
  'recording-interrupted': () =>
    running({ gaps: GAPS, resumed: { atMs: nowMs - 600_000, missedMs: 252_000 } }),
  'recording-silent': () => running({ streams: [stream('accelerometer'), stream('gyroscope', SILENT)] }),
  'recording-trouble': () =>
    running({
      streams: [
        stream('accelerometer'),
        stream('gyroscope', { trouble: DENIED, isOver: true, rateHz: null }),
      ],
    }),
  'recording-full': () => running({ fullSinceMs: nowMs - 900_000 }),
  'recording-sleepy': () => running({ awake: 'refused' }),
  'recording-waiting': () => running({ sealedHours: 0, sealedMs: 0, waitingHours: 3 }, { admitted: false }),
  stop: () => running({}, {}, tap('.record')),
  stopping: () => running({}, { recordingPhase: 'stopping' }),
  face: () => running({}, {}, tap('.darken')),
  'face-silent': () =>
    running({ streams: [stream('accelerometer'), stream('gyroscope', SILENT)] }, {}, tap('.darken')),
  'face-full': () => running({ fullSinceMs: nowMs - 900_000 }, {}, tap('.darken')),
  summary: () =>
    idle(
      PHONE,
      {},
      {
        summary: {
          fromMs: nowMs - 3.4 * HOUR_MS,
          toMs: nowMs,
          hours: 4,
          waitingHours: 0,
          recordedMs: 3.3 * HOUR_MS,
          pictures: 12,
          bytes: 2.4e7,
          gaps: GAPS,
          heldBy: 2,
        },
      },
    ),
});
