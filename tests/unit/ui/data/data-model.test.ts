/** What the Data place is told of a real node's recordings. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_TABLE } from '../../../../src/ui/model/data-export-plan.ts';
import { TestPage } from '../page.ts';

const TABLE = /^time,p \(hPa\)\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,1\n$/;

/** A page that has recorded one hour. */
async function recorded() {
  const page = new TestPage();
  const opened = await page.founded();
  await opened.model.record();
  await opened.model.stop();
  await opened.model.loadData();
  return { page, ...opened };
}

describe('the data of a page', () => {
  it('are the same objects until something changes', async () => {
    const { model } = await recorded();
    const stations = model.data.stations();
    expect(stations.map(({ name, lockedHours }) => [name, lockedHours])).toEqual([['Ridge', 0]]);
    expect(stations[0]?.timeline.hours.length).toBe(1);
    expect(stations[0]?.timeline.heldCount).toBe(1);
    await model.refresh();
    expect(model.data.stations()).toBe(stations);
    await model.record();
    await model.stop();
    expect(model.data.stations()).not.toBe(stations);
    expect(model.data.stations()[0]?.timeline.hours.length).toBe(2);
  });

  it('have columns with names and units before an hour was opened', async () => {
    const { page, model } = await recorded();
    page.faulty.store.blobs.read = async () => {
      throw new Error('nothing is to be read for this');
    };
    const stations = model.data.stations();
    expect(model.data.columns(stations)).toMatchObject([
      { ref: { stream: 'pressure', index: 0 }, name: 'p', unit: 'hPa' },
    ]);
    expect(await model.data.learnColumns(stations)).toBe(false);
    // A plot that shows the same columns is not drawn anew.
    expect(model.data.columns(stations)[0]).toBe(model.data.columns(stations)[0]);
  });

  it('are plotted with the values that were recorded', async () => {
    const { page, model } = await recorded();
    const stations = model.data.stations();
    const request = {
      stations,
      columns: [{ stream: 'pressure', index: 0 }],
      fromMs: page.clock.nowMs() - 60_000,
      toMs: page.clock.nowMs() + 60_000,
      widthPx: 100,
    };
    expect(model.data.plot.lines(request)[0]?.detail.mean).toEqual([]);
    await model.data.plot.fill(request, new AbortController().signal, () => undefined);
    expect(model.data.plot.lines(request)[0]?.detail.mean).toEqual([1]);
    expect(model.data.plot.lines(request)[0]?.overview.mean).toEqual([]);
  });

  it('of an hour that cannot be opened are told, and the plot goes on', async () => {
    const { page, model } = await recorded();
    page.faulty.store.blobs.read = async () => {
      throw new Error('the disk does not answer');
    };
    const request = {
      stations: model.data.stations(),
      columns: [{ stream: 'pressure', index: 0 }],
      fromMs: page.clock.nowMs() - 60_000,
      toMs: page.clock.nowMs() + 60_000,
      widthPx: 100,
    };
    await model.data.plot.fill(request, new AbortController().signal, () => undefined);
    expect(model.data.plot.unreadable()).toMatchObject([{ message: 'the disk does not answer' }]);
    // What its entry says is still drawn.
    expect(model.data.plot.lines(request)[0]?.overview.mean[0]).toBe(1);
  });

  it('are not opened any more when nobody looks', async () => {
    const { page, model } = await recorded();
    const giveUp = new AbortController();
    giveUp.abort(new Error('moved on'));
    const request = {
      stations: model.data.stations(),
      columns: [{ stream: 'pressure', index: 0 }],
      fromMs: page.clock.nowMs() - 60_000,
      toMs: page.clock.nowMs() + 60_000,
      widthPx: 100,
    };
    let done = 0;
    await expect(model.data.plot.fill(request, giveUp.signal, () => done++)).rejects.toThrow('moved on');
    expect(done).toBe(0);
  });

  it('are saved as the table that was recorded', async () => {
    const { page, model } = await recorded();
    const options = {
      stations: model.data.stations(),
      fromMs: null,
      toMs: null,
      columns: null,
      table: DEFAULT_TABLE,
    };
    const { signal } = new AbortController();
    await model.data.save('csv', model.data.planExport(options), options, signal, () => undefined);
    const [name = ''] = [...page.saver.files.keys()];
    expect(name).toMatch(/^Ridge \d{4}-\d\d-\d\d\.csv$/);
    expect(page.saver.files.get(name)).toMatch(TABLE);
  });

  it('keep the names of their columns where the table is to be replayed', async () => {
    const { page, model } = await recorded();
    const table = { ...DEFAULT_TABLE, ticks: true };
    const options = { stations: model.data.stations(), fromMs: null, toMs: null, columns: null, table };
    const { signal } = new AbortController();
    await model.data.save('csv', model.data.planExport(options), options, signal, () => undefined);
    expect([...page.saver.files.values()][0]).toMatch(/^time,t_\w+,p\n/);
  });

  it('of an hour file are told, plotted and saved; what is no hour file is refused with the reason', async () => {
    const { page, model } = await recorded();
    const [station] = model.data.stations();
    for await (const { bytes } of model.hourFiles(station?.key ?? '')) {
      const file = await model.data.openHourFile(bytes);
      expect(file.facts).toMatchObject({ stationName: 'Ridge', streams: [{ name: 'pressure', rows: 1 }] });
      expect(model.data.columns([file.station])).toMatchObject([{ name: 'p', unit: 'hPa' }]);
      await model.data.saveFileCsv(file, new AbortController().signal);
      expect([...page.saver.files.values()][0]).toMatch(TABLE);
      const cut = bytes.slice(0, -1);
      await expect(model.data.openHourFile(cut)).rejects.toMatchObject({ code: 'corrupt' });
    }
    await expect(model.data.openHourFile(new Uint8Array(100))).rejects.toThrow('this is not an hour file');
  });
});
