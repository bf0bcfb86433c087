import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, openPage, type ServedPage, servePage } from './chromium.ts';
import type { Delivered, SensorsPage } from './sensors-page.ts';

declare const sensorsPage: SensorsPage;

let served: ServedPage;
let browser: Browser;

beforeAll(async () => {
  served = await servePage(new URL('./sensors-page.ts', import.meta.url));
  browser = await launchChromium({
    flags: [
      '--enable-features=GenericSensorExtraClasses',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

interface Station {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly cdp: CDPSession;
}

async function withPage(permissions: string[], use: (station: Station) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  try {
    await context.grantPermissions(permissions, { origin: served.url });
    const page = await openPage(context, served.url);
    await use({ context, page, cdp: await context.newCDPSession(page) });
  } finally {
    await context.close();
  }
}

const MOTION = ['accelerometer', 'gyroscope', 'magnetometer'];
const READINGS = {
  accelerometer: { x: 1, y: -2, z: 9.8 },
  gyroscope: { x: 0.5, y: 0, z: -0.25 },
  magnetometer: { x: 20, y: -30, z: 40 },
} as const;

async function virtualSensors(cdp: CDPSession): Promise<void> {
  for (const type of Object.keys(READINGS)) {
    const named = { type: type as keyof typeof READINGS };
    await cdp.send('Emulation.setSensorOverrideEnabled', {
      ...named,
      enabled: true,
      metadata: { available: true },
    });
  }
  await tellReadings(cdp, 0);
}

/** @param nudge added to every x, so that the sensor has something new to tell. */
async function tellReadings(cdp: CDPSession, nudge: number): Promise<void> {
  for (const [type, { x, y, z }] of Object.entries(READINGS)) {
    const reading = { xyz: { x: x + nudge, y, z } };
    await cdp.send('Emulation.setSensorOverrideReadings', { type: type as keyof typeof READINGS, reading });
  }
}

async function delivered(page: Page): Promise<Delivered> {
  return page.evaluate(() => sensorsPage.delivered);
}

/** Starts the drivers without waiting for their end. */
async function start(page: Page, kind: string): Promise<void> {
  await page.evaluate((one) => void sensorsPage.run(one), kind);
}

/** The virtual sensors tell a reading once: they are told again and again until every stream has `count` rows. */
async function untilRows({ page, cdp }: Station, count: number, names: readonly string[]): Promise<void> {
  for (let nudge = 0; ; nudge++) {
    await tellReadings(cdp, (nudge % 2) * 0.1);
    const { descriptors, batches } = await delivered(page);
    const rowsOf = (name: string) => {
      const stream = descriptors.findIndex((one) => one.name === name);
      return batches.filter((one) => one.stream === stream).reduce((sum, one) => sum + one.rows.length, 0);
    };
    if (names.every((name) => rowsOf(name) >= count)) return;
  }
}

describe('the Generic Sensor drivers', () => {
  it('deliver each sensor’s readings, at wall clock times, in a stream of its own', async () => {
    await withPage(MOTION, async (station) => {
      const { page, cdp } = station;
      await virtualSensors(cdp);
      expect(await page.evaluate(() => sensorsPage.probe('generic'))).toEqual({
        accelerometer: 'available',
        gyroscope: 'available',
        magnetometer: 'available',
      });
      const before = Date.now();
      await start(page, 'generic');
      await untilRows(station, 3, ['accelerometer', 'gyroscope', 'magnetometer']);
      await page.evaluate(() => sensorsPage.stop());
      await page.waitForFunction(() => Object.keys(sensorsPage.delivered.ends).length === 3);
      const after = Date.now();
      const { descriptors, batches, ends } = await delivered(page);
      expect(ends).toEqual({ accelerometer: 'ok', gyroscope: 'ok', magnetometer: 'ok' });
      expect(
        Object.fromEntries(descriptors.map((d) => [d.name, [d.columns[0]?.unit, d.askedRateHz, d.replay]])),
      ).toEqual({
        accelerometer: ['m/s2', 60, false],
        gyroscope: ['rad/s', 60, false],
        magnetometer: ['uT', 10, false],
      });
      descriptors.forEach(({ name }, stream) => {
        const rows = batches.filter((one) => one.stream === stream).flatMap((one) => one.rows);
        const { x, y, z } = READINGS[name as keyof typeof READINGS];
        for (const { atMs, values } of rows) {
          // Chromium rounds: 0.1 m/s², 0.1 °/s, 0.01 µT.
          [x, y, z].forEach((value, i) => expect(Math.abs((values[i] as number) - value)).toBeLessThan(0.21));
          // Within the clocks' own tolerance.
          expect(atMs).toBeGreaterThan(before - 1000);
          expect(atMs).toBeLessThan(after + 1000);
        }
        const times = rows.map(({ atMs }) => atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      });
    });
  });

  it('say that the person must allow it when permission is refused', async () => {
    await withPage([], async ({ page, cdp }) => {
      await virtualSensors(cdp);
      for (const name of ['accelerometer', 'gyroscope', 'magnetometer']) {
        await cdp.send('Browser.setPermission', {
          permission: { name },
          setting: 'denied',
          origin: new URL(served.url).origin,
        });
      }
      expect(await page.evaluate(() => sensorsPage.probe('generic'))).toEqual({
        accelerometer: 'refused',
        gyroscope: 'refused',
        magnetometer: 'refused',
      });
      await page.evaluate(() => sensorsPage.run('generic'));
      const { ends, batches } = await delivered(page);
      expect(ends['accelerometer']).toMatch(
        /^unavailable: accelerometer: not allowed: permit motion sensors/,
      );
      expect(batches).toEqual([]);
    });
  });

  it('say that the device has no such sensor', async () => {
    await withPage(MOTION, async ({ page, cdp }) => {
      for (const type of ['accelerometer', 'gyroscope', 'magnetometer'] as const) {
        await cdp.send('Emulation.setSensorOverrideEnabled', {
          type,
          enabled: true,
          metadata: { available: false },
        });
      }
      await page.evaluate(() => sensorsPage.run('generic'));
      const { ends } = await delivered(page);
      expect(ends['gyroscope']).toMatch(/^unavailable: gyroscope: this device does not have it/);
    });
  });

  // Headless Chromium under playwright-core keeps every page visible and ignores Page.setWebLifecycleState, so the events that the
  // browser would send are dispatched by the test.
  it.each([
    ['hidden', 'visibilitychange'],
    ['frozen', 'freeze'],
  ] as const)('report a gap when the page is %s, and go on afterwards', async (cause, event) => {
    await withPage(MOTION, async (station) => {
      const { page, cdp } = station;
      await virtualSensors(cdp);
      await start(page, 'generic');
      await untilRows(station, 1, ['accelerometer']);
      const before = Date.now();
      await page.evaluate((type) => {
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event(type));
        Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, event);
      const { descriptors, gaps, batches } = await delivered(page);
      const stream = descriptors.findIndex(({ name }) => name === 'accelerometer');
      const told = gaps.filter((gap) => gap.stream === stream);
      expect(told.map((gap) => gap.cause)).toEqual([cause]);
      expect(told[0]?.fromMs).toBeGreaterThanOrEqual(before);
      const rows = batches
        .filter((one) => one.stream === stream)
        .reduce((sum, one) => sum + one.rows.length, 0);
      await untilRows(station, rows + 1, ['accelerometer']);
    });
  });
});

describe('the motion event driver', () => {
  it('delivers acceleration in m/s² and rotation in rad/s', async () => {
    await withPage(MOTION, async (station) => {
      const { page, cdp } = station;
      await virtualSensors(cdp);
      // Chromium needs the linear acceleration too before it sends the event.
      await cdp.send('Emulation.setSensorOverrideEnabled', {
        type: 'linear-acceleration',
        enabled: true,
        metadata: { available: true },
      });
      await cdp.send('Emulation.setSensorOverrideReadings', {
        type: 'linear-acceleration',
        reading: { xyz: { x: 0, y: 0, z: 0 } },
      });
      await start(page, 'motion');
      await untilRows(station, 3, ['motion']);
      await page.evaluate(() => sensorsPage.stop());
      const { batches } = await delivered(page);
      const last = batches.at(-1)?.rows.at(-1)?.values ?? [];
      const expected = [1, -2, 9.8, 0.5, 0, -0.25];
      expected.forEach((value, i) =>
        expect(Math.abs((last[i] as number) - value), `column ${i} of ${last}`).toBeLessThan(0.21),
      );
    });
  });
});

describe('the camera driver', () => {
  it('delivers JPEG pictures and the size of each', async () => {
    await withPage(['camera'], async ({ page }) => {
      await start(page, 'camera');
      await page.waitForFunction(() => sensorsPage.delivered.pictures.length >= 2);
      await page.evaluate(() => sensorsPage.stop());
      await page.waitForFunction(() => sensorsPage.delivered.ends['camera'] !== undefined);
      const { pictures, batches, ends, descriptors } = await delivered(page);
      expect(ends['camera']).toBe('ok');
      for (const { bytes, mediaType } of pictures) {
        expect([mediaType, ...bytes.slice(0, 3), ...bytes.slice(-2)]).toEqual([
          'image/jpeg',
          0xff,
          0xd8,
          0xff,
          0xff,
          0xd9,
        ]);
      }
      expect(batches.flatMap((one) => one.rows.map((row) => row.values[0]))).toEqual(
        pictures.map(({ bytes }) => bytes.length),
      );
      expect(descriptors[0]?.askedRateHz).toBe(10);
    });
  });

  it('reports a lost camera as a gap and ends with what happened', async () => {
    await withPage(['camera'], async ({ page }) => {
      await page.evaluate(() => {
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (constraints) => {
          const stream = await real(constraints);
          (globalThis as unknown as { camera: MediaStream }).camera = stream;
          return stream;
        };
      });
      await start(page, 'camera');
      await page.waitForFunction(() => sensorsPage.delivered.pictures.length >= 1);
      await page.evaluate(() => {
        for (const track of (globalThis as unknown as { camera: MediaStream }).camera.getTracks())
          track.stop();
      });
      await page.waitForFunction(() => sensorsPage.delivered.ends['camera'] !== undefined);
      const { gaps, ends } = await delivered(page);
      expect(gaps.map(({ cause }) => cause)).toEqual(['sensor']);
      expect(ends['camera']).toMatch(/^unavailable: camera: it was unplugged/);
    });
  });
});

/** Puts a cable into the page that the test plays: Chromium lists no port without hardware. */
async function injectCable(page: Page): Promise<void> {
  await page.evaluate(() => {
    class Port extends EventTarget {
      readable: ReadableStream<Uint8Array> | null = null;
      controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      baudRates: number[] = [];
      isPlugged = true;
      getInfo() {
        return { usbVendorId: 0x2e8a, usbProductId: 0xa };
      }
      async open({ baudRate }: { baudRate: number }) {
        this.baudRates.push(baudRate);
        this.renew();
      }
      renew() {
        this.readable = new ReadableStream<Uint8Array>({
          start: (controller) => {
            this.controller = controller;
          },
        });
      }
      async close() {
        this.readable = null;
      }
      /** As the board says it; at another speed it comes out as noise. */
      say(text: string) {
        const bytes = new TextEncoder().encode(text);
        this.controller?.enqueue(this.baudRates.at(-1) === 9_600 ? bytes : bytes.map((byte) => byte ^ 0x93));
      }
      /** A framing error: the stream ends, the port goes on with another. */
      stumble() {
        this.controller?.error(new DOMException('framing', 'FramingError'));
        this.renew();
      }
      pull() {
        this.readable = null;
        this.controller?.error(new DOMException('gone', 'NetworkError'));
      }
    }
    const port = new Port();
    const all = Object.assign(new EventTarget(), {
      getPorts: async () => [port],
      requestPort: async () => {
        throw new DOMException('none chosen', 'NotFoundError');
      },
    });
    Object.defineProperty(navigator, 'serial', { value: all, configurable: true });
    Object.assign(globalThis, {
      cable: {
        port,
        plugIn: () => {
          // The browser’s event comes from the port and bubbles to whoever listens at `navigator.serial`.
          const event = new Event('connect');
          Object.defineProperty(event, 'target', { value: port });
          all.dispatchEvent(event);
        },
      },
    });
  });
}

type Cable = {
  cable: {
    port: { say(text: string): void; stumble(): void; pull(): void; baudRates: number[] };
    plugIn(): void;
  };
};

describe('the driver for a sensor on a USB cable', () => {
  const rowsOf = ({ batches }: Delivered) => batches.flatMap((one) => one.rows.map(({ values }) => values));
  const say = (page: Page, text: string) =>
    page.evaluate((line) => (globalThis as unknown as Cable).cable.port.say(line), text);
  const untilRowCount = (page: Page, count: number) =>
    page.waitForFunction(
      (wanted) => sensorsPage.delivered.batches.reduce((sum, one) => sum + one.rows.length, 0) >= wanted,
      count,
    );

  it('finds out the speed, delivers what the lines say, and goes on after noise and after the cable was pulled out', async () => {
    await withPage([], async ({ page }) => {
      await injectCable(page);
      await page.clock.install();
      await start(page, 'serial');
      const isAt = (count: number) =>
        page.waitForFunction(
          (wanted) => (globalThis as unknown as Cable).cable.port.baudRates.length === wanted,
          count,
        );
      await isAt(1);
      await say(page, 'p=1013.2 hPa t=21.4 C\n');
      await page.clock.runFor(3_000);
      await isAt(2);
      await say(page, 'p=1013.2 hPa t=21.4 C\r\np=1013.3 hPa t=21.5 C\r\n');
      await page.clock.runFor(300);
      await untilRowCount(page, 2);

      await page.evaluate(() => (globalThis as unknown as Cable).cable.port.stumble());
      await say(page, 'p=1013.4 hPa t=21.6 C\n');
      await page.clock.runFor(300);
      await untilRowCount(page, 3);

      await page.evaluate(() => (globalThis as unknown as Cable).cable.port.pull());
      await page.waitForFunction(() => sensorsPage.delivered.gaps.length === 1);
      await page.evaluate(() => (globalThis as unknown as Cable).cable.plugIn());
      await isAt(3);
      await say(page, 'p=1013.5 hPa t=21.7 C\n');
      await page.clock.runFor(300);
      await untilRowCount(page, 4);

      await page.evaluate(() => sensorsPage.stop());
      await page.waitForFunction(() => Object.keys(sensorsPage.delivered.ends).length === 1);
      const end = await delivered(page);
      expect(end.ends).toEqual({ 'usb-2e8a:000a': 'ok' });
      expect(rowsOf(end)).toEqual([
        [1013.2, 21.4],
        [1013.3, 21.5],
        [1013.4, 21.6],
        [1013.5, 21.7],
      ]);
      expect(end.descriptors.map(({ name, columns }) => [name, columns.map(({ unit }) => unit)])).toEqual([
        ['usb-2e8a:000a', ['hPa', 'Cel']],
      ]);
      expect(end.gaps.map(({ cause, detail }) => [cause, detail])).toEqual([
        ['sensor', 'the cable was pulled out'],
      ]);
    });
  });

  it('ends with what it heard when nothing that can be read comes at any speed', async () => {
    await withPage([], async ({ page }) => {
      await injectCable(page);
      await page.clock.install();
      await start(page, 'serial');
      for (let attempt = 1; attempt <= 12; attempt++) {
        await page.waitForFunction(
          (wanted) => (globalThis as unknown as Cable).cable.port.baudRates.length === wanted,
          attempt,
        );
        await say(page, 'Booting\n');
        await page.clock.runFor(3_000);
      }
      await page.waitForFunction(() => Object.keys(sensorsPage.delivered.ends).length === 1);
      const { ends, descriptors } = await delivered(page);
      expect(ends['usb-2e8a:000a']).toMatch(
        /^unavailable: .*nothing that can be read came over the cable \(.*no-values 4/,
      );
      expect(descriptors).toEqual([]);
    });
  });

  it('leaves it at that when the person picks no cable', async () => {
    await withPage([], async ({ page }) => {
      await injectCable(page);
      expect(await page.evaluate(() => sensorsPage.attach())).toBe(false);
    });
  });
});
