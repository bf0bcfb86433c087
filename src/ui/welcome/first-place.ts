/** Where a device goes on that has just joined: to Record when it can sense something and may record, else to Now. */
import type { Role } from '../../identity/roles.ts';
import { recordsItself } from '../people/role-words.ts';

/** The parts of a browser that tell. */
export interface SensingHints {
  /** Its main pointer is a finger: phones and tablets, which all sense movement. */
  readonly isHandheld: boolean;
  /** An accelerometer answers; a computer’s browser knows the word, whether there is one or not. */
  readonly hasMotion: () => Promise<boolean>;
  /** Kinds of what can be recorded from; browsers tell those without asking anybody. */
  readonly mediaKinds: () => Promise<readonly MediaDeviceKind[]>;
}

export function browserHints(): SensingHints {
  return {
    isHandheld: matchMedia('(pointer: coarse)').matches,
    hasMotion: accelerometerAnswers,
    mediaKinds: async () => {
      const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
      return devices.map(({ kind }) => kind);
    },
  };
}

/** A sensor that is there answers within a few milliseconds. */
const MOTION_PATIENCE_MS = 500;

interface GenericSensor extends EventTarget {
  start(): void;
  stop(): void;
}

/** Starts an accelerometer, without asking anybody, and stops it at its first word. */
async function accelerometerAnswers(): Promise<boolean> {
  const { Accelerometer } = globalThis as { Accelerometer?: new () => GenericSensor };
  if (Accelerometer === undefined) return false;
  const permission = await navigator.permissions.query({ name: 'accelerometer' as PermissionName });
  if (permission.state !== 'granted') return false;
  const sensor = new Accelerometer();
  return new Promise((resolve) => {
    const end = (answers: boolean) => {
      clearTimeout(timer);
      sensor.stop();
      resolve(answers);
    };
    const timer = setTimeout(() => end(false), MOTION_PATIENCE_MS);
    sensor.addEventListener('activate', () => end(true), { once: true });
    sensor.addEventListener('error', () => end(false), { once: true });
    sensor.start();
  });
}

/** Never throws. */
export async function firstPlace(role: Role, hints: SensingHints): Promise<'record' | 'now'> {
  if (!recordsItself(role)) return 'now';
  if (hints.isHandheld || (await hints.hasMotion().catch(() => false))) return 'record';
  const kinds = await hints.mediaKinds().catch((): MediaDeviceKind[] => []);
  return kinds.includes('videoinput') ? 'record' : 'now';
}
