/** Where a device goes on that has just joined. */
import { describe, expect, it } from 'vitest';
import { ROLES } from '../../../src/identity/roles.ts';
import { firstPlace, type SensingHints } from '../../../src/ui/welcome/first-place.ts';

const hints = (
  isHandheld: boolean,
  kinds: readonly MediaDeviceKind[] = [],
  hasMotion = false,
): SensingHints => ({
  isHandheld,
  hasMotion: async () => hasMotion,
  mediaKinds: async () => kinds,
});

describe('a device that has just joined', () => {
  it('goes on to Record when it has motion or a camera', async () => {
    expect(await firstPlace('member', hints(true))).toBe('record');
    expect(await firstPlace('recorder', hints(false, ['audioinput', 'videoinput']))).toBe('record');
    expect(await firstPlace('member', hints(false, [], true))).toBe('record');
  });

  it('goes on to Now when it has nothing to record from', async () => {
    expect(await firstPlace('member', hints(false))).toBe('now');
    expect(await firstPlace('admin', hints(false, ['audioinput', 'audiooutput']))).toBe('now');
    const no = () => Promise.reject(new Error('not allowed'));
    const refused = { isHandheld: false, hasMotion: no, mediaKinds: no };
    expect(await firstPlace('member', refused)).toBe('now');
  });

  it('goes on to Now when it may not record, whatever it has', async () => {
    const places = await Promise.all(
      ROLES.map(async (role) => [role, await firstPlace(role, hints(true, ['videoinput']))]),
    );
    expect(Object.fromEntries(places)).toMatchObject({ reader: 'now', mirror: 'now', recorder: 'record' });
  });
});
