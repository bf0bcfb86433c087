/** What an hour costs on a link is bounded: the entry, the file, and everything that is said about them. */
import { afterEach, describe, expect, it } from 'vitest';
import { HourWire, type SealedHour, totalOf, weatherHours } from './hour-wire.ts';

let wire: HourWire | undefined;
afterEach(() => wire?.close());

/** One hour, six columns, a row a minute. */
const MAX_BODY_BYTES = 225;
const MAX_ENTRY_BYTES = 605;

function expectSmall({ bodyBytes, entryBytes }: SealedHour): void {
  expect(bodyBytes).toBeLessThanOrEqual(MAX_BODY_BYTES);
  expect(entryBytes).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
}

describe('an hour of a weather station', () => {
  it('is told, fetched and acknowledged in four messages, within 1 kB, each as small as it is said to be', async () => {
    wire = await HourWire.open();
    await wire.link();
    const [first, second] = await weatherHours();
    if (first === undefined || second === undefined) throw new Error('the example has hours');
    await wire.seal(first);
    await wire.settle();
    wire.said.length = 0;
    const sealed = await wire.seal(second);
    await wire.settle();
    expect(wire.held).toBe(2);
    expectSmall(sealed);
    expect(wire.said.map(({ name }) => name).sort()).toEqual(['chunk', 'have', 'news', 'wantChunks'].sort());
    const bytesOf = (name: string) => totalOf(wire?.said.filter((one) => one.name === name) ?? []);
    // Of the entry at least 150 bytes are what both know, and they are not sent.
    expect(sealed.entryBytes - bytesOf('news')).toBeGreaterThanOrEqual(150);
    expect(bytesOf('wantChunks') + bytesOf('chunk') - sealed.sealedFileBytes).toBeLessThanOrEqual(42);
    expect(bytesOf('have')).toBeLessThanOrEqual(20);
    expect(totalOf(wire.said)).toBeLessThanOrEqual(1_000);
  });

  it('costs less when a day of hours is collected at once', async () => {
    wire = await HourWire.open();
    let sealedBytes = 0;
    const hours = await weatherHours();
    for (const hour of hours) {
      const sealed = await wire.seal(hour);
      expectSmall(sealed);
      sealedBytes += sealed.entryBytes + sealed.sealedFileBytes;
    }
    await wire.link();
    expect(wire.held).toBe(hours.length);
    // The proofs, the comparison and everything else that is said once are shared by all.
    expect(totalOf(wire.said) / hours.length).toBeLessThanOrEqual(970);
    expect((totalOf(wire.said) - sealedBytes) / hours.length).toBeLessThanOrEqual(-95);
  });
});
