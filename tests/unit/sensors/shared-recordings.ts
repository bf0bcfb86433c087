/** The real recordings: the shared ones beside the repository where they are, and always the small one committed in tests/vectors. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export interface NamedRecording {
  readonly fileName: string;
  /** CSV, unpacked. */
  readonly text: string;
}

const SHARED = new URL('../../../../shared/data/recordings/', import.meta.url);
const COMMITTED = new URL('../../vectors/recordings/phone1hz-cut.csv', import.meta.url);

export const COMMITTED_PATH = fileURLToPath(COMMITTED);

function shared(name: string): string | undefined {
  const file = new URL(name, SHARED);
  return existsSync(file) ? gunzipSync(readFileSync(file)).toString('utf8') : undefined;
}

/** Columns of a SURFRAD day file (NOAA, one row a minute): each value is followed by a quality flag. */
const SURFRAD = {
  temperature: 38,
  humidity: 40,
  wind_speed: 42,
  wind_direction: 44,
  pressure: 46,
  radiation: 8,
} as const;
const SURFRAD_MISSING = '-9999.9';

function surfradCsv(dat: string): string {
  const rows = dat
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const cells = line.trim().split(/\s+/);
      const [year, , month, day, hour, minute] = cells.map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const seconds = Date.UTC(year, month - 1, day, hour, minute) / 1000;
      const values = Object.values(SURFRAD).map((i) =>
        cells[i] === SURFRAD_MISSING ? '' : (cells[i] ?? ''),
      );
      return [seconds, ...values].join(',');
    });
  return `${['t_s', ...Object.keys(SURFRAD)].join(',')}\n${rows.join('\n')}\n`;
}

/** Every recording that this machine has; the committed one is always among them. */
export function realRecordings(): NamedRecording[] {
  const found: NamedRecording[] = [{ fileName: 'phone1hz-cut.csv', text: readFileSync(COMMITTED, 'utf8') }];
  for (const name of ['imu50_hour.csv', 'phone1hz.csv']) {
    const text = shared(`${name}.gz`);
    if (text !== undefined) found.push({ fileName: name, text });
  }
  const dat = shared('surfrad-slv16001.dat.gz');
  if (dat !== undefined) found.push({ fileName: 'surfrad.csv', text: surfradCsv(dat) });
  return found;
}
