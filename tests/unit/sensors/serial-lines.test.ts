import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnsOf,
  LineReader,
  type LineResult,
  LineSplitter,
  MAX_COLUMNS,
  MAX_LINE_BYTES,
  MAX_LINES_PER_SECOND,
  shapeOf,
} from '../../../src/sensors/serial-lines.ts';

const utf8 = new TextEncoder();

function read(...lines: string[]): LineResult[] {
  const reader = new LineReader();
  return lines.map((line) => reader.read(utf8.encode(line), 0));
}

/** Name, value and unit of each, as text. */
function told(result: LineResult | undefined): string {
  if (result === undefined || !('values' in result)) return JSON.stringify(result);
  return `${result.format}: ${result.values.map(({ name, value, unit }) => `${name}=${value}${unit === '' ? '' : ` ${unit}`}`).join(', ')}`;
}

function nmea(body: string): string {
  let sum = 0;
  for (const character of body) sum ^= character.charCodeAt(0);
  return `$${body}*${sum.toString(16).padStart(2, '0').toUpperCase()}`;
}

describe('lines of a sensor on a cable', () => {
  it.each([
    [nmea('WIXDR,P,1.01320,B,Barometer,C,21.40,C,TempAir'), 'nmea: Barometer=1013.2 hPa, TempAir=21.4 Cel'],
    [nmea('IIXDR,P,101320,P,,H,40.5,P,'), 'nmea: pressure=1013.2 hPa, humidity=40.5 %'],
    [
      nmea('WIMDA,29.92,I,1.0132,B,21.4,C,,,40.5,,7.2,C,270.0,T,268.0,M,9.7,N,5.0,M'),
      'nmea: pressure=1013.2 hPa, air temperature=21.4 Cel, humidity=40.5 %, dew point=7.2 Cel, wind direction=270 deg, wind speed=5 m/s',
    ],
    [
      '[{"bn":"urn:dev:1:","n":"t","u":"Cel","v":21.5},{"n":"p","u":"hPa","v":1013.2}]',
      'senml: urn:dev:1:t=21.5 Cel, urn:dev:1:p=1013.2 hPa',
    ],
    ['{"n":"t","bu":"Cel","bv":20,"v":1.5}', 'senml: t=21.5 Cel'],
    ['t=21.4 h=40', 'pairs: t=21.4, h=40'],
    ['Temperature: 21.4 °C, Pressure: 1013.2 hPa', 'pairs: Temperature=21.4 Cel, Pressure=1013.2 hPa'],
    ['co2=412ppm;pm2.5=3', 'pairs: co2=412 ppm, pm2.5=3'],
    ['x=-1e-3', 'pairs: x=-0.001'],
  ])('%s', (line, expected) => {
    expect(told(read(line)[0])).toBe(expected);
  });

  it.each(['\\ud800', '\\u0000', 'a\\nb', '\\u202e'])(
    'name nothing that cannot be seen, however it is spelled: %s',
    (name) => {
      expect(read(`{"n":"${name}","v":1}`)).toEqual([{ dropped: 'malformed' }]);
      expect(read(`{"n":"t","u":"${name}","v":1}`)).toEqual([{ dropped: 'malformed' }]);
    },
  );

  it('are a table once a header was there, with a hole where a value is missing', () => {
    const results = read('1,2', 'p [hPa],t (°C),note', '1013.2,21.4,', '1013.3,,ok', '1,2');
    expect(results.map(told)).toEqual([
      '{"dropped":"no-values"}',
      '{"header":["p","t","note"]}',
      'csv: p=1013.2 hPa, t=21.4 Cel, note=NaN',
      'csv: p=1013.3 hPa, t=NaN Cel, note=NaN',
      '{"dropped":"no-values"}',
    ]);
  });

  it.each([
    ['$WIXDR,P,1.01320,B,Barometer*00', 'checksum'],
    ['$WIXDR,P,1.01320,B,Barometer', 'malformed'],
    [nmea('GPGGA,1,2,3'), 'other-sentence'],
    [nmea('WIXDR,P,,B,Barometer'), 'no-values'],
    ['[{"n":"t","v":', 'malformed'],
    ['[{"n":"t","vs":"warm"}]', 'no-values'],
    ['Booting sensor board', 'no-values'],
    ['t=0x1F', 'no-values'],
    ['\u0001\u0002', 'not-text'],
  ])('of no use are dropped with the reason: %s', (line, reason) => {
    const reader = new LineReader();
    reader.read(utf8.encode(line), 0);
    expect([...reader.dropped]).toEqual([[reason, 1]]);
  });

  it('beyond so many a second are dropped, and taken again in the next', () => {
    const reader = new LineReader();
    for (let i = 0; i < MAX_LINES_PER_SECOND; i++)
      expect(reader.read(utf8.encode('t=1'), i)).toHaveProperty('values');
    expect(reader.read(utf8.encode('t=1'), 500)).toEqual({ dropped: 'too-many' });
    expect(reader.read(utf8.encode('t=1'), 1_001)).toHaveProperty('values');
  });

  it('never throw, whatever bytes come in whatever pieces, and are bounded', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
        const splitter = new LineSplitter();
        const reader = new LineReader();
        for (const piece of pieces) {
          for (const line of splitter.take(piece)) {
            expect(line?.length ?? 0).toBeLessThanOrEqual(MAX_LINE_BYTES);
            const result = reader.read(line, 0);
            if ('values' in result) expect(result.values.length).toBeLessThanOrEqual(MAX_COLUMNS);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('near what sensors say never throw either', () => {
    const grammar = fc.stringMatching(/^[$!]?[A-Za-z]{0,5}[,=:;*[\]{}" 0-9.eE+\-A-Z]{0,80}$/);
    fc.assert(
      fc.property(fc.array(grammar, { maxLength: 30 }), (lines) => {
        const reader = new LineReader();
        for (const line of lines) {
          const result = reader.read(utf8.encode(line), 0);
          if (!('values' in result)) continue;
          for (const { name, value } of result.values) {
            expect(name).not.toBe('');
            expect(value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY).toBe(false);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('come out the same however the bytes were cut, and one that is too long spoils no other', () => {
    const text = `t=1\r\n\r\n${'x'.repeat(3 * MAX_LINE_BYTES)}\nt=2\n`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 50 }), (cuts) => {
        const bytes = utf8.encode(text);
        const splitter = new LineSplitter();
        const lines: (string | null)[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const to = at + (cuts[i % cuts.length] ?? 1);
          for (const line of splitter.take(bytes.subarray(at, to)))
            lines.push(line === null ? null : new TextDecoder().decode(line));
          at = to;
        }
        expect(lines).toEqual(['t=1', null, 't=2']);
      }),
    );
  });

  it('that name the same values in the same units have one shape, and one set of columns', () => {
    const results = read('t=1 C', 't=2 C', 'p=2 hPa', 't=3 K').filter((one) => 'values' in one);
    expect(new Set(results.map(shapeOf)).size).toBe(3);
    expect(results.map((one) => columnsOf(one).map(({ name, unit }) => `${name} ${unit}`))).toEqual([
      ['t Cel'],
      ['t Cel'],
      ['p hPa'],
      ['t K'],
    ]);
  });
});
