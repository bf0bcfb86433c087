/** Whether there is something to record with: what the large button depends on. */
import { describe, expect, it } from 'vitest';
import type { SenseView, SensingView } from '../../../../src/ui/model/sensing-view.ts';
import { lacks, meansOf } from '../../../../src/ui/record/sense-words.ts';

function sense(name: string, change: Partial<SenseView> = {}): SenseView {
  return {
    name,
    device: null,
    isChosen: true,
    availability: { state: 'available' },
    live: null,
    trouble: null,
    isMute: false,
    ...change,
  };
}

function view(senses: readonly SenseView[], isKnown = true): SensingView {
  const camera = { everyMs: 5_000, device: '' };
  return {
    isKnown,
    senses,
    camera,
    cameras: [],
    baudRate: null,
    canAttachUsb: false,
    clock: null,
    summary: null,
  };
}

const ABSENT = { availability: { state: 'unavailable', reason: 'this device does not have it' } } as const;
const ASKS = { availability: { state: 'needs-permission', ask: 'to record the gyroscope' } } as const;
const REFUSED = { availability: { state: 'refused', reason: 'not allowed' } } as const;

describe('what there is to record with', () => {
  it('is not known before it was found out', () => {
    expect(meansOf(view([], false))).toBeNull();
  });

  it('is something that is switched on, also while it must be asked for or is refused', () => {
    for (const change of [{}, ASKS, REFUSED])
      expect(meansOf(view([sense('gyroscope', change)]))).toBe('ready');
  });

  it('is nothing where the browser names sensors that the device does not have or that never speak', () => {
    const absent = [sense('accelerometer', ABSENT), sense('motion', { isMute: true })];
    expect(meansOf(view(absent))).toBe('none');
    expect(lacks(view(absent)).map(({ what }) => what)).toContain('Movement and turning');
  });

  it('is off where all of it is switched off', () => {
    expect(meansOf(view([sense('accelerometer', ABSENT), sense('camera', { isChosen: false })]))).toBe('off');
  });
});
