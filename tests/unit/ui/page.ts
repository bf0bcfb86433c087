/** A page without a browser: its model on a store in memory, with sensors and time that do what the test says. */
import { vi } from 'vitest';
import type { StreamDescriptor } from '../../../src/hour/types.ts';
import { createNodeCrypto } from '../../../src/identity/crypto.node.ts';
import { Mesh } from '../../../src/mesh/mesh.ts';
import type { TextSocketHandlers } from '../../../src/mesh/port.ts';
import { SYSTEM_RANDOM } from '../../../src/node/open-node.ts';
import type { Driver } from '../../../src/sensors/port.ts';
import { WaystationNode } from '../../../src/station/node.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import type { ModelPorts } from '../../../src/ui/model/model-ports.ts';
import { StationModel } from '../../../src/ui/model/station-model.ts';
import type { CodeAnswer, OwnRelay } from '../../../src/ui/platform/own-relay.browser.ts';
import { VirtualClock } from '../mesh/virtual-clock.ts';
import { FaultyStore } from '../pipeline/crashing-store.ts';
import { encodeAtOnce } from '../pipeline/whole-hour.ts';
import { createTestKeys } from '../station/test-keys.ts';
import { inProcessWorker, MemorySaver } from './data/in-process.ts';

export const PAGE = 'http://relay.test/';

const STREAM: StreamDescriptor = {
  name: 'pressure',
  columns: [{ name: 'p', unit: 'hPa', step: { numerator: 1, denominator: 1 } }],
  askedRateHz: 1,
  tickNs: 1_000_000,
  driver: 'test',
  device: '',
  replay: false,
};

export class TestPage {
  readonly clock = new VirtualClock();
  readonly faulty = new FaultyStore(createMemoryStore());
  readonly keys = createTestKeys();
  /** Drivers that run now. */
  running = 0;
  /** How often the invite was taken out of the address bar. */
  forgotten = 0;
  /** What the server says that the page came from. */
  relay: OwnRelay | null = { host: 'ws://relay.test', reach: null, group: null };
  /** What that server says of a short code. */
  inviteBehind: (code: string) => Promise<CodeAnswer> = async () => ({ kind: 'unknown' });
  /** With which links the page was to start anew. */
  readonly startedAnew: (string | null)[] = [];
  /** How this page agrees with other tabs of its browser. */
  tabs: ModelPorts['tabs'];
  /** What time it is where the page came from. */
  serverTimeMs: () => Promise<number | null> = async () => null;
  readonly sockets: TextSocketHandlers[] = [];
  /** What moving may do: keys stay, and a new start is the test's to make. */
  moving: ModelPorts['moving'] = {
    keys: { stage: async () => undefined, settle: async () => undefined },
    seeds: async () => null,
    areMovable: async () => false,
    restart: () => undefined,
  };
  /** Folders that the person may choose. */
  archive: ModelPorts['archive'];
  /** Where the page's files go. */
  readonly saver = new MemorySaver();
  /** What the next `drivers` and `encodeHour` do instead of working. */
  drivers: ModelPorts['drivers'] = async () => [this.sensor()];
  encodeHour: ModelPorts['encodeHour'] = encodeAtOnce;

  /** A sensor that delivers one reading and then holds. */
  sensor(): Driver {
    return {
      name: 'pressure',
      replay: false,
      probe: async () => ({ state: 'available' }),
      run: (sink, signal) => {
        this.running++;
        const stream = sink.addStream(STREAM);
        sink.batch(stream, {
          baseMs: this.clock.nowMs(),
          offsetsNs: Float64Array.of(0),
          columns: [Float64Array.of(1)],
        });
        return new Promise((resolve) => {
          const stop = () => {
            this.running--;
            resolve();
          };
          signal.addEventListener('abort', stop, { once: true });
        });
      },
    };
  }

  /** Opens the page; again, it is reloaded. */
  async open(address = PAGE): Promise<{ model: StationModel; node: WaystationNode }> {
    const opened = vi.spyOn(WaystationNode, 'open');
    const { clock, keys, faulty } = this;
    const refuse = () => {
      throw new Error('links are made by the test alone');
    };
    const model = new StationModel({
      openPorts: async () => ({
        store: faulty.store,
        keys,
        crypto: createNodeCrypto(),
        clock,
        random: SYSTEM_RANDOM,
      }),
      mesh: async () => ({
        createMesh: (options) => new Mesh(options),
        transport: { connect: refuse } as never,
        sockets: {
          open: (_url, handlers) => {
            this.sockets.push(handlers);
            return { send: () => undefined, close: () => undefined };
          },
        },
      }),
      encodeHour: (source, signal) => this.encodeHour(source, signal),
      drivers: (options) => this.drivers(options),
      base: PAGE,
      forgetLink: () => {
        this.forgotten++;
      },
      ownRelay: async () => this.relay,
      inviteBehind: (code) => this.inviteBehind(code),
      startAnew: (link) => {
        this.startedAnew.push(link);
      },
      ...(this.tabs === undefined ? {} : { tabs: this.tabs }),
      persist: async () => null,
      serverTimeMs: () => this.serverTimeMs(),
      keepAwake: () => () => undefined,
      moving: this.moving,
      ...(this.archive === undefined ? {} : { archive: this.archive }),
      data: { worker: inProcessWorker(createNodeCrypto()), openSaver: async () => this.saver },
    });
    try {
      await model.start(address);
      return { model, node: (await opened.mock.results[0]?.value) as WaystationNode };
    } finally {
      opened.mockRestore();
    }
  }

  /** A page whose device has just started a group. */
  async founded(): Promise<{ model: StationModel; node: WaystationNode }> {
    const opened = await this.open();
    await opened.model.create('Valley', 'Ridge');
    await opened.model.recovery.confirm();
    return opened;
  }
}
