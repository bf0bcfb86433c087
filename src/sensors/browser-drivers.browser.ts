/**
 * The drivers that a page has: the Generic Sensor API where there is one, motion events otherwise, the camera, and what is attached by
 * USB. Another kind of attachment is one more list of drivers here.
 */
import { cameraDriver } from './camera.browser.ts';
import type { SensorChoice } from './choice.ts';
import { genericSensorDrivers } from './generic-sensor.browser.ts';
import { motionEventsDriver } from './motion-events.browser.ts';
import type { Driver } from './port.ts';
import { serialDrivers } from './serial.browser.ts';

/** Every driver of this page, whether it is switched on or not. */
export async function browserDrivers({ camera, baudRate }: SensorChoice): Promise<Driver[]> {
  const generic = genericSensorDrivers();
  return [
    ...(generic.length > 0 ? generic : [motionEventsDriver()]),
    cameraDriver(camera.everyMs, camera.device),
    ...(await serialDrivers(baudRate)),
  ];
}

export { attachSerial, hasSerial } from './serial.browser.ts';
