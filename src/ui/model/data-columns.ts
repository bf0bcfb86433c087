/**
 * What the columns of stations are called: entries tell it, but for the last columns of very wide streams, which hours tell that were opened.
 *
 * Invariant: asking again while nothing changed costs nothing and gives the same objects.
 */
import type { StationTimeline } from '../../station/timeline.ts';
import type { AnyHour, ColumnView } from './data-port.ts';
import type { HourFacts } from './data-shelf.ts';

/** A station's hours, by the name that it is known by here. */
export interface NamedHours {
  readonly key: string;
  readonly timeline: StationTimeline<AnyHour>;
}

interface Told {
  readonly name: string;
  readonly unit: string;
}

interface Columns {
  readonly hours: number;
  readonly learnt: number;
  readonly columns: readonly ColumnView[];
}

export class ColumnNames {
  /** By station and stream, from hours that were opened. */
  readonly #opened = new Map<string, readonly Told[]>();
  readonly #columns = new Map<string, Columns>();
  #learnt = 0;

  /** How often an opened hour told something new. */
  get learnt(): number {
    return this.#learnt;
  }

  isOpened(station: string, stream: string): boolean {
    return this.#opened.has(`${station}|${stream}`);
  }

  /** An hour of the station was opened. */
  learn(station: string, { streams }: HourFacts): void {
    for (const { name, columns } of streams) {
      const key = `${station}|${name}`;
      const before = this.#opened.get(key);
      if (before !== undefined && before.length >= columns.length) continue;
      this.#opened.set(key, columns);
      this.#learnt++;
    }
  }

  /** Every column that these stations have, each once. */
  ofAll(stations: readonly NamedHours[]): readonly ColumnView[] {
    const all = new Map<string, ColumnView>();
    for (const station of stations) {
      for (const view of this.of(station)) {
        const name = `${view.ref.stream}|${view.ref.index}`;
        const before = all.get(name);
        if (before === undefined || before.name === null) all.set(name, view);
      }
    }
    return [...all.values()];
  }

  /** The columns of one station, stream by stream. */
  of({ key, timeline }: NamedHours): readonly ColumnView[] {
    const known = this.#columns.get(key);
    if (known?.hours === timeline.hours.length && known.learnt === this.#learnt) return known.columns;
    const streams = new Map<string, { width: number; readonly told: Told[] }>();
    for (const { body } of timeline.hours) {
      for (const { name, width, columns } of body.streams) {
        const own = streams.get(name) ?? { width: 0, told: [] };
        streams.set(name, own);
        own.width = Math.max(own.width, width);
        // The newest hour says what a column is called.
        for (let i = 0; i < columns.length; i++) own.told[i] = columns[i] as Told;
      }
    }
    const columns = [...streams].flatMap(([stream, { width, told }]) => {
      const opened = this.#opened.get(`${key}|${stream}`);
      return Array.from({ length: Math.max(width, opened?.length ?? 0) }, (_, index): ColumnView => {
        const { name = null, unit = null } = told[index] ?? opened?.[index] ?? {};
        return { ref: { stream, index }, name, unit };
      });
    });
    this.#columns.set(key, { hours: timeline.hours.length, learnt: this.#learnt, columns });
    return columns;
  }
}
