/** What the page's model needs of a browser: the composition root (main-model.ts) hands it in, tests play it. */
import type { EncodeHour } from '../../pipeline/hour-encoding.ts';
import type { SensorChoice } from '../../sensors/choice.ts';
import type { Driver } from '../../sensors/port.ts';
import type { MeshPorts, NodePorts } from '../../station/node.ts';
import type { TabHandover } from '../platform/tab-handover.browser.ts';
import type { AwakeState } from '../platform/wake-lock.ts';
import type { ArchivePorts } from './archiving.ts';
import type { DataPorts } from './data-model.ts';
import type { DevicePorts } from './device.ts';
import type { MovingPorts } from './moving.ts';
import type { WaysInPorts } from './ways-in.ts';

export interface ModelPorts extends DevicePorts, WaysInPorts {
  readonly openPorts: () => Promise<NodePorts>;
  readonly mesh: () => Promise<MeshPorts>;
  readonly encodeHour: EncodeHour;
  /** Every driver of this device, whether it is switched on or not. */
  readonly drivers: (choice: SensorChoice) => Promise<readonly Driver[]>;
  /** Lets the person pick a USB sensor; missing where the browser cannot. Resolves to false when nothing was picked. */
  readonly attachUsb?: () => Promise<boolean>;
  /** What time it is where the page came from, ms; null when that is out of reach. */
  readonly serverTimeMs?: () => Promise<number | null>;
  /** How the tabs of this browser agree who has the device open; missing where there is one page only. */
  readonly tabs?: TabHandover;
  readonly hourMs?: number;
  readonly keepAwake: (tell: (state: AwakeState) => void) => () => void;
  /** Opens recordings off the page's thread, and writes files for the person. */
  readonly data: DataPorts;
  /** Folders that hours are copied to; missing where the browser lets nobody choose one. */
  readonly archive?: ArchivePorts;
  readonly moving: MovingPorts;
}
