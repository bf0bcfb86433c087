/**
 * Logs and values as IndexedDB records. LevelDB below checksums its blocks, so there are no sums of our own here. The count
 * of a log is read inside each transaction, and transactions over the same stores run in the order of their making.
 */
import { asBytes, type Bytes } from '../core/bytes.ts';
import { browserError, type Database, exactBytes, writeTransaction } from './indexed-db-schema.browser.ts';
import type { LogStore, StateStore, StoreName } from './port.ts';

/** Records fetched at a time while the bytes asked for are not reached. */
const READ_PAGE = 128;

export function indexedDbLogs(database: Database): LogStore {
  return {
    async list() {
      return await reading('listing logs', async () => {
        const transaction = database.transaction('logs');
        const [names, heads] = await Promise.all([
          transaction.store.getAllKeys(),
          transaction.store.getAll(),
        ]);
        return new Map(names.map((name, i) => [name, heads[i]?.count ?? 0]));
      });
    },
    async append(log, records, durability) {
      const own = records.map(exactBytes);
      await writeTransaction(
        database,
        ['logs', 'records'],
        durability,
        `writing log ${log}`,
        async (transaction) => {
          const head = (await transaction.objectStore('logs').get(log)) ?? { count: 0, bytes: 0 };
          const store = transaction.objectStore('records');
          const bytes = own.reduce((sum, record) => sum + record.length, head.bytes);
          await Promise.all([
            ...own.map((record, i) => store.put(record, [log, head.count + i])),
            transaction.objectStore('logs').put({ count: head.count + own.length, bytes }, log),
          ]);
        },
      );
    },
    async read(log, from, count, maxBytes) {
      return await reading(`reading log ${log}`, async () => {
        const out: Bytes[] = [];
        let bytes = 0;
        while (out.length < count) {
          const first = from + out.length;
          const last = from + Math.min(count, out.length + READ_PAGE) - 1;
          const page = await database.getAll('records', IDBKeyRange.bound([log, first], [log, last]));
          for (const record of page) {
            bytes += record.length;
            if (out.length > 0 && bytes > maxBytes) return out;
            out.push(asBytes(record));
          }
          if (page.length < last - first + 1) return out;
        }
        return out;
      });
    },
    async remove(log) {
      await writeTransaction(
        database,
        ['logs', 'records'],
        'strict',
        `removing log ${log}`,
        async (transaction) => {
          await Promise.all([
            transaction.objectStore('logs').delete(log),
            transaction
              .objectStore('records')
              .delete(IDBKeyRange.bound([log, 0], [log, Number.POSITIVE_INFINITY])),
          ]);
        },
      );
    },
  };
}

export function indexedDbState(database: Database): StateStore {
  return {
    async get(key) {
      const value = await reading(`reading the value ${key}`, () => database.get('state', key));
      return value === undefined ? undefined : asBytes(value);
    },
    async put(key, value, durability) {
      const own = exactBytes(value);
      await writeTransaction(database, ['state'], durability, `writing the value ${key}`, (transaction) =>
        transaction.objectStore('state').put(own, key),
      );
    },
    async delete(key) {
      await writeTransaction(database, ['state'], 'strict', `deleting the value ${key}`, (transaction) =>
        transaction.objectStore('state').delete(key),
      );
    },
    async keys(prefix): Promise<StoreName[]> {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      return await reading('listing values', () => database.getAllKeys('state', range));
    },
  };
}

/** Bytes of all records and values. */
export async function indexedDbUsedBytes(database: Database): Promise<number> {
  return await reading('adding up what is kept', async () => {
    const [heads, values] = await Promise.all([database.getAll('logs'), database.getAll('state')]);
    const inLogs = heads.reduce((sum, head) => sum + head.bytes, 0);
    return values.reduce((sum, value) => sum + value.length, inLogs);
  });
}

async function reading<T>(doing: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw browserError(error, doing);
  }
}
