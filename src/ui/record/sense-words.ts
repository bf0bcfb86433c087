/** What sensors are in plain words: how each is called, what it tells, and what this device lacks. */
import { msg, str } from '@lit/localize';
import { Camera, Compass, Gauge, Move3d, Rotate3d, Usb } from 'lucide';
import type { SenseView, SensingView } from '../model/sensing-view.ts';

/** A sensor as a person names it. @param name of a driver or of its stream. */
export function senseTitle(name: string, device: string | null = null): string {
  switch (name) {
    case 'accelerometer':
      return msg('Movement');
    case 'gyroscope':
      return msg('Turning');
    case 'magnetometer':
      return msg('Magnetic field');
    case 'motion':
      return msg('Movement and turning');
    case 'camera':
      return msg('Pictures');
    default:
      return device ?? (name.startsWith('usb-') ? msg(str`USB sensor ${name.slice('usb-'.length)}`) : name);
  }
}

/** One sentence about it. */
export function senseMeaning({ name, device }: Pick<SenseView, 'name' | 'device'>): string {
  switch (name) {
    case 'accelerometer':
      return msg('How it is shaken and tilted (accelerometer)');
    case 'gyroscope':
      return msg('How fast it turns (gyroscope)');
    case 'magnetometer':
      return msg('Strength and direction of the magnetic field (magnetometer)');
    case 'motion':
      return msg('How it is shaken, tilted and turned');
    case 'camera':
      return msg('What the camera sees, as single pictures');
    default:
      return name.startsWith('usb') ? msg('Attached by USB') : (device ?? name);
  }
}

export function senseIcon(name: string) {
  switch (name) {
    case 'accelerometer':
      return Move3d;
    case 'gyroscope':
    case 'motion':
      return Rotate3d;
    case 'magnetometer':
      return Compass;
    case 'camera':
      return Camera;
    default:
      return name.startsWith('usb') ? Usb : Gauge;
  }
}

/** What there is to record with: something that is switched on, something that need only be switched on, or nothing at all. */
export type Means = 'ready' | 'off' | 'none';

/** Null while it is being found out: then nothing is said of it. */
export function meansOf({ isKnown, senses }: SensingView): Means | null {
  if (!isKnown) return null;
  const here = senses.filter(isHere);
  if (here.some(({ isChosen }) => isChosen)) return 'ready';
  return here.length > 0 ? 'off' : 'none';
}

/** Not a sensor that the browser offers though the device has none. */
export function isHere({ availability, isMute }: SenseView): boolean {
  return availability?.state !== 'unavailable' && !isMute;
}

/** Something this device cannot sense by itself: what, why, and what would give it. */
export interface Lack {
  readonly what: string;
  readonly why: string;
}

/** What is missing here, with the way to it. */
export function lacks({ senses, canAttachUsb, isKnown }: SensingView): Lack[] {
  if (!isKnown) return [];
  const has = (...names: string[]) => senses.some((sense) => names.includes(sense.name) && isHere(sense));
  const usb = canAttachUsb
    ? msg('a sensor on a USB cable can')
    : msg('a sensor on a USB cable can, with Chrome or Edge on a computer');
  const list: Lack[] = [
    {
      what: msg('Air pressure'),
      why: msg(str`No browser can read a phone’s own barometer; ${usb}.`),
    },
    {
      what: msg('Temperature, humidity, gas, dust'),
      why: msg(str`Phones have no such sensors; ${usb}.`),
    },
  ];
  if (!has('accelerometer', 'motion')) {
    list.push({
      what: msg('Movement and turning'),
      why: msg('This device has no motion sensors, or the browser does not tell of them; a phone has them.'),
    });
  }
  if (!has('magnetometer')) {
    list.push({
      what: msg('Magnetic field'),
      why: msg(
        'Browsers keep the compass to themselves: Chrome on Android tells it only after “Generic Sensor Extra Classes” was switched on in chrome://flags.',
      ),
    });
  }
  if (!has('camera')) {
    list.push({
      what: msg('Pictures'),
      why: msg('No camera was found, or this page may not use one; a USB camera can be plugged in.'),
    });
  }
  return list;
}
