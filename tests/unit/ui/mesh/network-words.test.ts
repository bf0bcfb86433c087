/** What the place “Network” says: who is connected, what that means while nobody is, and which meeting point is trouble. */
import { describe, expect, it } from 'vitest';
import { type NetworkState, networkSummary, pointWords } from '../../../../src/ui/mesh/network-words.ts';
import type { HostView } from '../../../../src/ui/model/app-state.ts';
import type { MeasuredConnection } from '../../../../src/ui/model/network-model.ts';

const host = (state: HostView['state']): HostView => ({ url: 'wss://hut.test', state });
const named = (name: string) => ({ name }) as MeasuredConnection;
const state = (change: Partial<NetworkState> = {}): NetworkState => ({
  admitted: true,
  refusal: null,
  hosts: [host('open')],
  recording: null,
  ...change,
});
const RECORDING = { streams: [] } as unknown as NetworkState['recording'];

describe('the summary', () => {
  it.each<[string, NetworkState, MeasuredConnection[] | null]>([
    ['Connected to Barn.', state(), [named('Barn')]],
    ['Connected to 2 devices.', state(), [named('Barn'), named('Ridge')]],
    ['Looking …', state(), null],
    [
      'Not let in yet: this device waits to meet one of the group. Keep the page open.',
      state({ admitted: false }),
      [],
    ],
    [
      'This device is not in the group: nothing is copied between it and others.',
      state({ admitted: false, refusal: 'revoked' }),
      [],
    ],
    // That recording goes on is said where something is recorded, and nowhere else.
    [
      'Connected to no device at the moment. What is recorded is copied as soon as one is there.',
      state(),
      [],
    ],
    [
      'Connected to no device at the moment. Recording goes on. What is recorded is copied as soon as one is there.',
      state({ recording: RECORDING }),
      [],
    ],
    [
      'Connected to no device: the meeting point does not answer. Recording goes on. Nothing is copied until then; what is here stays.',
      state({ hosts: [host('unreachable')], recording: RECORDING }),
      [],
    ],
    [
      'Connected to no device: no meeting point answers. Nothing is copied until then; what is here stays.',
      state({ hosts: [host('unreachable'), host('unreachable')] }),
      [],
    ],
    [
      'Connected to no device at the moment. What is recorded is copied as soon as one is there.',
      state({ hosts: [host('unreachable'), host('connecting')] }),
      [],
    ],
    [
      'Connected to no device, and none can be found: this device knows no meeting point.',
      state({ hosts: [] }),
      [],
    ],
  ])('%s', (expected, given, connections) => {
    expect(networkSummary(given, connections)).toBe(expected);
  });
});

it('a meeting point that does not answer is trouble only while nobody is connected and no other answers', () => {
  const down = host('unreachable');
  expect(pointWords(down, [down], false).tone).toBe('warn');
  expect(pointWords(down, [down], true).tone).toBe('soft');
  expect(pointWords(down, [down, host('open')], false).tone).toBe('soft');
  expect(pointWords(host('open'), [], false).tone).toBe('good');
});
