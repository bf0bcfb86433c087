import type { Browser, BrowserContext, CDPSession, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppWorld, joinApp, playSensors } from './app-world.ts';
import { axeViolations } from './axe.ts';
import { launchChromium } from './chromium.ts';

const MOTION = ['accelerometer', 'gyroscope', 'magnetometer'] as const;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;

let world: AppWorld;
let browser: Browser;
let invite: () => Promise<string>;
let context: BrowserContext;
let page: Page;
let cdp: CDPSession;
let stopSensors: () => Promise<void>;

beforeAll(async () => {
  world = new AppWorld();
  const { url, host } = await world.relay('relay', '--create', 'Valley');
  invite = async () => {
    const said = await world.must(
      'invite',
      '--data',
      world.path('relay'),
      '--role',
      'member',
      '--host',
      host,
    );
    return (said.split('\n').at(-1) ?? '').replace(/^[^#]*/, `${url}/?hour=3s`);
  };
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
  await world?.end();
});

async function openIn(one: Browser): Promise<void> {
  context = await one.newContext({ ...PHONE, locale: 'en-GB' });
  page = await context.newPage();
  page.setDefaultTimeout(45_000);
  page.on('pageerror', (error) => console.error(`page threw: ${error.message}`));
  cdp = await context.newCDPSession(page);
  stopSensors = async () => undefined;
}

beforeEach(() => openIn(browser));

afterEach(async () => {
  await stopSensors();
  await context.close();
});

/** What the page may use; everything else is refused. */
async function permit(...names: readonly string[]): Promise<void> {
  const { origin } = new URL(await address);
  await context.clearPermissions();
  await context.grantPermissions([...names], { origin });
}

let address: Promise<string>;

/** Opens the app, joins, and shows the place where one records. */
async function atRecord(
  permitted: readonly string[] = [...MOTION, 'camera'],
  shown: Locator = page.getByRole('button', { name: 'Record', exact: true }),
): Promise<void> {
  address = invite();
  await permit(...permitted);
  await page.goto(await address);
  const sensors = await playSensors(page);
  stopSensors = () => sensors.stop();
  await joinApp(page, 'Kitchen');
  await page.getByRole('navigation').waitFor();
  await page.evaluate(() => {
    location.hash = '#/record';
  });
  await shown.waitFor();
}

async function record(): Promise<void> {
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByRole('heading', { name: 'Kitchen is recording' }).waitFor();
}

/** Switches one sensor on or off as a person does. */
async function flip(title: string): Promise<void> {
  await page
    .locator('wa-switch')
    .filter({ hasText: `Record: ${title}` })
    .click();
}

/** Waits until streams of the recording are as wished: their names, and whether something is wrong with each. */
async function untilStreams(wish: Readonly<Record<string, boolean>>): Promise<void> {
  await page.waitForFunction((wanted) => {
    type Model = {
      state: { recording: { streams: { name: string; rows: number; trouble: string | null }[] } | null };
    };
    const { model } = document.querySelector('waystation-app') as Element & { model: Model };
    const streams = model.state.recording?.streams ?? [];
    return Object.entries(wanted).every(([name, isWrong]) =>
      streams.some(
        (one) => one.name === name && (one.trouble !== null) === isWrong && (isWrong || one.rows > 0),
      ),
    );
  }, wish);
}

/** Readings of all streams since the page was opened. */
function rowsOfAll(): Promise<number> {
  return page.evaluate(() => {
    type Model = { state: { recording: { streams: { rows: number }[] } | null } };
    const { model } = document.querySelector('waystation-app') as Element & { model: Model };
    return (model.state.recording?.streams ?? []).reduce((sum, { rows }) => sum + rows, 0);
  });
}

describe('the place where one records', { timeout: 90_000 }, () => {
  it('shows what can be sensed with what it says now, records what is chosen, and leaves a summary; without a violation of WCAG', async () => {
    await atRecord();
    const senses = page.getByRole('list', { name: 'What this device can sense' });
    for (const title of ['Movement', 'Turning', 'Magnetic field', 'Pictures'])
      await senses.getByText(title, { exact: true }).waitFor();
    await senses.getByText('m/s²').waitFor();
    await senses
      .getByText(/a second/)
      .first()
      .waitFor();
    await page.getByText('What this device cannot sense').click();
    await page.getByText(/No browser can read a phone’s own barometer/).waitFor();
    expect(await axeViolations(page)).toEqual([]);

    // Both before the first is done: neither is lost.
    await page.locator('record-senses').evaluate((senses) => {
      for (const one of senses.shadowRoot?.querySelectorAll('wa-switch') ?? [])
        if (/Record: (Turning|Pictures)/.test(one.textContent ?? '')) (one as HTMLElement).click();
    });
    await page.getByRole('combobox', { name: 'A picture every' }).waitFor();
    await record();
    await untilStreams({ accelerometer: false, magnetometer: false, camera: false });
    expect(await page.getByText('Turning', { exact: true }).count()).toBeLessThanOrEqual(1); // its switch alone
    await page.getByText('Everything delivers').waitFor();
    await page.getByText(/Room for about|Room for more/).waitFor();
    await page
      .getByText('The browser has not promised to keep this page’s storage', { exact: false })
      .waitFor();
    expect(await axeViolations(page)).toEqual([]);

    await page.getByRole('button', { name: 'Stop recording' }).click();
    await page.getByRole('heading', { name: /^Recorded for \d+ seconds?$/ }).waitFor();
    await page.getByText('Nothing interrupted it.').waitFor();
    await page.getByText(/Held by (at least 2 devices|this device)/).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    // The choice is remembered.
    await page.reload();
    await page.getByRole('switch', { name: 'Record: Turning', checked: false }).waitFor();
    await page.getByRole('switch', { name: 'Record: Pictures', checked: true }).waitFor();
  });

  it('has a face that says how it stands, and that neither a tap nor a second one can turn into a stop', async () => {
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false, gyroscope: false });
    await page.getByRole('button', { name: 'Darken' }).click();
    const face = page.locator('record-face');
    await face.getByText('Recording', { exact: true }).waitFor();
    await face
      .getByText(/\d+:\d\d/)
      .first()
      .waitFor();
    expect(await face.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(0, 0, 0)');
    // One slow pulse for each second in which readings came.
    const pulses = () =>
      face.evaluate((element) => element.shadowRoot?.querySelector('.pulse')?.getAnimations().length ?? 0);
    await expect.poll(pulses, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(await axeViolations(page)).toEqual([]);

    await stopSensors();
    await face.getByText(/Movement, Turning, Magnetic field: silent for \d+ seconds/).waitFor();
    expect(await face.getByRole('status').textContent()).toBe(
      'Movement, Turning, Magnetic field: no readings',
    );

    // Where “Stop recording” lies beneath the finger.
    const { x, y, width, height } = (await page
      .getByRole('button', { name: 'Stop recording' })
      .boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    await page.touchscreen.tap(x + width / 2, y + height / 2);
    await page.touchscreen.tap(x + width / 2, y + height / 2);
    await face.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Kitchen is recording' }).waitFor();

    await page.getByRole('button', { name: 'Darken' }).press('Enter');
    await face.waitFor();
    await page.keyboard.press('Enter');
    await face.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Kitchen is recording' }).waitFor();
  });

  it('does not pulse for whoever wants no motion, and comes up by itself where fingers are the pointer', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.clock.install();
    await page.addInitScript(() => {
      const counts = { pulses: 0 };
      Object.assign(globalThis, { counts });
      const { animate } = Element.prototype;
      Element.prototype.animate = function (...how) {
        if (this.classList.contains('pulse')) counts.pulses++;
        return animate.apply(this, how);
      };
    });
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false });
    await page.clock.fastForward(16_000);
    await page.locator('record-face').getByText('Recording', { exact: true }).waitFor();
    // Seconds in which readings come, and in which it would pulse.
    const rows = await rowsOfAll();
    await expect.poll(rowsOfAll, { timeout: 20_000 }).toBeGreaterThan(rows + 200);
    expect(await page.evaluate(() => (globalThis as unknown as { counts: object }).counts)).toEqual({
      pulses: 0,
    });
  });

  it('asks once before a recording of more than a minute is ended', async () => {
    await page.clock.install();
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false });
    await page.clock.fastForward(61_000);
    await page.locator('record-face').click({ position: { x: 20, y: 20 } });
    await page.locator('record-face').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Stop recording' }).click();
    const question = page.getByRole('dialog', { name: 'Stop recording?' });
    await question.waitFor();
    await page.getByRole('button', { name: 'Go on recording' }).click();
    await question.waitFor({ state: 'hidden' });
    await page.getByRole('heading', { name: 'Kitchen is recording' }).waitFor();
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await page.getByRole('button', { name: 'Stop and finish' }).click();
    await page.getByRole('heading', { name: /^Recorded for/ }).waitFor();
  });
});

describe('what is refused or missing', { timeout: 90_000 }, () => {
  // Chromium has one permission for all motion sensors.
  it('is refused one by one: what is not records, and what was is let in later by one tap', async () => {
    await atRecord(['camera']);
    await page
      .getByText(/Not allowed: permit motion sensors/)
      .first()
      .waitFor();
    await flip('Pictures');
    await record();
    await untilStreams({ camera: false, accelerometer: true, gyroscope: true, magnetometer: true });
    await permit(...MOTION, 'camera');
    await page.getByRole('button', { name: 'Try again Movement' }).click();
    await untilStreams({ camera: false, accelerometer: false, gyroscope: true });
    await page.getByRole('button', { name: 'Try again Turning' }).click();
    await page.getByRole('button', { name: 'Try again Magnetic field' }).click();
    await page.getByText('Everything delivers').waitFor();
  });

  it('is the camera: the sensors record without it', async () => {
    // The browser of the other tests answers every question about cameras with yes.
    const asking = await launchChromium({
      flags: ['--enable-features=GenericSensorExtraClasses', '--use-fake-device-for-media-stream'],
    });
    try {
      await context.close();
      await openIn(asking);
      await atRecord(MOTION);
      await flip('Pictures');
      await page.getByText(/Not allowed: permit the camera/).waitFor();
      await record();
      await untilStreams({ accelerometer: false, camera: true });
      await permit(...MOTION, 'camera');
      await page.getByRole('button', { name: 'Try again Pictures' }).click();
      await untilStreams({ accelerometer: false, camera: false });
      await stopSensors();
    } finally {
      await asking.close();
    }
  });

  it('is a camera that another program uses: the sensors record, and it says what to do', async () => {
    await page.addInitScript(() => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      (globalThis as unknown as { isInUse: boolean }).isInUse = true;
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        if ((globalThis as unknown as { isInUse: boolean }).isInUse)
          throw new DOMException('Could not start video source', 'NotReadableError');
        return real(wanted);
      };
    });
    await atRecord();
    await flip('Pictures');
    await record();
    await untilStreams({ accelerometer: false, camera: true });
    await page.getByText('Camera: another program is using it: close that one, then try again.').waitFor();
    await page.evaluate(() => {
      (globalThis as unknown as { isInUse: boolean }).isInUse = false;
    });
    await page.getByRole('button', { name: 'Try again Pictures' }).click();
    await untilStreams({ camera: false });
  });

  it('is every sensor and the camera: it says so, and what can be done instead of a button that only refuses', async () => {
    await page.addInitScript(() => {
      for (const name of ['Accelerometer', 'Gyroscope', 'Magnetometer', 'DeviceMotionEvent'])
        Reflect.deleteProperty(globalThis, name);
      navigator.mediaDevices.enumerateDevices = async () => [];
    });
    await atRecord(
      [...MOTION, 'camera'],
      page.getByRole('heading', { name: 'This device has nothing to record with' }),
    );
    await page.getByRole('button', { name: 'Attach a USB sensor' }).waitFor();
    expect(await page.getByRole('button', { name: 'Record', exact: true }).count()).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Use a phone: invite it' }).click();
    await page.waitForFunction(() => location.hash.startsWith('#/people'));
  });

  it('are sensors that fail when they are recorded: after “Do not record” none is called available', async () => {
    await page.addInitScript(() => {
      for (const name of ['Accelerometer', 'Gyroscope', 'Magnetometer'])
        Object.assign(globalThis, {
          [name]: class extends EventTarget {
            start() {
              const fail = () =>
                this.dispatchEvent(
                  Object.assign(new Event('error'), { error: new DOMException('', 'NotReadableError') }),
                );
              // The first look hears nothing; what is recorded fails.
              if ((globalThis as unknown as { isTapped?: boolean }).isTapped === true) setTimeout(fail);
            }
            stop() {}
          },
        });
      addEventListener(
        'click',
        () => {
          const tapped = globalThis as unknown as { isTapped?: boolean };
          tapped.isTapped = tapped.isTapped !== true;
        },
        { capture: true },
      );
      navigator.mediaDevices.enumerateDevices = async () => [];
    });
    await atRecord();
    await page.evaluate(() => Object.assign(globalThis, { isTapped: false }));
    await page.getByText('No reading yet').first().waitFor();
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await page.getByText('Not recording: no sensor delivers').waitFor();
    await page.getByRole('button', { name: 'Do not record' }).click();
    await page
      .getByText(/It did not deliver when it was last to be recorded/)
      .first()
      .waitFor();
    expect(await page.getByText('Available', { exact: true }).count()).toBe(0);
  });
});

describe('what interrupts', { timeout: 90_000 }, () => {
  it('is told with time, length and cause: hidden, frozen, loaded anew', async () => {
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false, gyroscope: false, magnetometer: false });
    // Headless Chromium keeps every page visible: the events that the browser would send are dispatched by the test.
    for (const type of ['visibilitychange', 'freeze']) {
      await page.evaluate((event) => {
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event(event));
        Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, type);
      const what =
        type === 'freeze'
          ? 'The system put the page to sleep.'
          : 'The page was hidden, or the screen was off.';
      await page.getByText(what).first().waitFor();
      await untilStreams({ accelerometer: false, gyroscope: false, magnetometer: false });
    }
    await page.reload();
    await page
      .getByText(/Recording went on by itself at .*, after \d+ (seconds?|minutes?) without readings\./)
      .waitFor();
    await page.getByText('The page was closed or loaded anew, or the browser ended.').first().waitFor();
    await page.getByText('The page was hidden, or the screen was off.').first().waitFor();
  });

  it('is a clock that is wrong: by how much, and that others say so', async () => {
    await page.clock.install({ time: Date.now() - 20 * 3_600_000 });
    await atRecord();
    await page.getByText(/This device’s clock is about 20 hours behind another device/).waitFor();
  });

  it('is a full device: it is said while it lasts, and recording goes on when there is room', async () => {
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false });
    const { origin } = new URL(await address);
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await page.getByText(/This device is full since/).waitFor();
    await page.getByRole('heading', { name: 'Kitchen is recording' }).waitFor();
    await cdp.send('Storage.overrideQuotaForOrigin', { origin });
    await page.getByText(/This device is full since/).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await page.getByRole('heading', { name: /^Recorded for/ }).waitFor();
  });

  it('is a screen that goes off: it is kept on, asked for again, and said when the system refuses', async () => {
    await page.addInitScript(() => {
      const locks: EventTarget[] = [];
      const state = { asked: 0, refuses: false, locks };
      (globalThis as unknown as { wake: typeof state }).wake = state;
      Object.defineProperty(navigator, 'wakeLock', {
        value: {
          request: async () => {
            state.asked++;
            if (state.refuses) throw new DOMException('low battery', 'NotAllowedError');
            const lock = Object.assign(new EventTarget(), {
              released: false,
              release: async () => undefined,
            });
            locks.push(lock);
            return lock;
          },
        },
      });
    });
    type Wake = { asked: number; refuses: boolean; locks: (EventTarget & { released: boolean })[] };
    const wake = (change: { refuses: boolean; release: boolean }) =>
      page.evaluate(({ refuses, release }) => {
        const { wake: state } = globalThis as unknown as { wake: Wake };
        state.refuses = refuses;
        const lock = state.locks.at(-1);
        if (release && lock !== undefined) {
          lock.released = true;
          lock.dispatchEvent(new Event('release'));
        }
        document.dispatchEvent(new Event('visibilitychange'));
      }, change);
    await atRecord();
    await record();
    await untilStreams({ accelerometer: false });
    const refusal = page.getByText(/The system does not keep the screen on/);
    expect(await refusal.count()).toBe(0);
    await wake({ refuses: true, release: true });
    await refusal.waitFor();
    await wake({ refuses: false, release: false });
    await refusal.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => (globalThis as unknown as { wake: Wake }).wake.asked)).toBe(3);
  });
});
