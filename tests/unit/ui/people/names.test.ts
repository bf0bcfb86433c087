/** Names for devices, and addresses that mean this machine. */
import { describe, expect, it } from 'vitest';
import type { DeviceRow } from '../../../../src/ui/model/people-model.ts';
import { nameOf } from '../../../../src/ui/people/device-words.ts';
import { isThisMachine, reachText } from '../../../../src/ui/people/reach.ts';
import { kindOfDevice, MAX_NAME_LENGTH, suggestDeviceName } from '../../../../src/ui/welcome/device-name.ts';

const ANDROID =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';

describe('the name that is suggested', () => {
  it.each([
    [{ userAgent: ANDROID }, 'Android phone'],
    [{ userAgent: ANDROID.replace('Mobile ', '') }, 'Android tablet'],
    [{ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)' }, 'iPhone'],
    [{ userAgent: MAC, maxTouchPoints: 5 }, 'iPad'],
    [{ userAgent: MAC, maxTouchPoints: 0 }, 'Mac'],
    [{ userAgent: 'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)' }, 'Chromebook'],
    [{ userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' }, 'Linux computer'],
    [{ userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)' }, 'Windows computer'],
    [{ userAgent: '' }, 'My device'],
  ])('is the kind of device when the browser tells no model: %o', (nav, name) => {
    expect(kindOfDevice(nav)).toBe(name);
  });

  it('is the model where the browser tells it, bounded and plain', async () => {
    const told = (model: string) => ({
      userAgent: ANDROID,
      userAgentData: { platform: 'Android', mobile: true, getHighEntropyValues: async () => ({ model }) },
    });
    expect(await suggestDeviceName(told('Pixel 8'), '7kH2wA')).toBe('Pixel 8');
    expect(await suggestDeviceName(told(''), '7kH2wA')).toBe('Android phone 7K');
    expect(await suggestDeviceName(told(`\u202e${'x'.repeat(500)}`), '7kH2wA')).toBe(
      'x'.repeat(MAX_NAME_LENGTH),
    );
  });

  it('is the kind when asking for the model fails', async () => {
    const userAgentData = { getHighEntropyValues: () => Promise.reject(new Error('not allowed')) };
    expect(await suggestDeviceName({ userAgent: ANDROID, userAgentData }, '7kH2wA')).toBe('Android phone 7K');
  });
});

describe('where an invite leads', () => {
  it.each(['localhost', 'localhost:8080', 'app.localhost', '127.0.0.1:80', '127.8.8.8', '[::1]:8080', '::1'])(
    '%s is this machine',
    (host) => expect(isThisMachine(host)).toBe(true),
  );
  it.each(['192.168.1.5', 'hut.local:8443', '127.example.org', 'localhost.example', '[fe80::1]:80'])(
    '%s is not',
    (host) => expect(isThisMachine(host)).toBe(false),
  );

  it('is said to be of no use when nobody else can meet there, or open the page', () => {
    expect(reachText(false, ['hut.local:8443'])).toBeNull();
    expect(reachText(true, ['hut.local:8443'])).toContain('opens on this computer only');
    expect(reachText(true, ['localhost:8080'])).toContain('finds neither');
    expect(reachText(false, [])).toContain('no meeting point');
  });
});

describe('the name of another device', () => {
  const row = (name: string | null) => ({ name, shortId: 'x12345' }) as DeviceRow;

  it('is shown as it is, without what would turn the text around it or hide', () => {
    expect(nameOf(row('Gate 3 – Mäki 🏔️'))).toBe('Gate 3 – Mäki 🏔️');
    expect(nameOf(row('Ridge\u202e\u2067 eman'))).toBe('Ridge eman');
  });

  it.each([null, '', ' \u200f\u0007'])(
    'that says nothing (%j) is replaced by a few characters of its id',
    (name) => {
      expect(nameOf(row(name))).toContain('x12345');
    },
  );
});
