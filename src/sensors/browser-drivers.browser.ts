/** The drivers that a page has: the Generic Sensor API where there is one, motion events otherwise, and the camera if wanted. */
import { cameraDriver } from './camera.browser.ts';
import { genericSensorDrivers } from './generic-sensor.browser.ts';
import { motionEventsDriver } from './motion-events.browser.ts';
import type { Driver } from './port.ts';

export function browserDrivers(wanted: { readonly sensors: boolean; readonly camera: boolean }): Driver[] {
  const drivers: Driver[] = [];
  if (wanted.sensors) {
    const generic = genericSensorDrivers();
    drivers.push(...(generic.length > 0 ? generic : [motionEventsDriver()]));
  }
  if (wanted.camera) drivers.push(cameraDriver());
  return drivers;
}
