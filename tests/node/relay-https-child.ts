/**
 * A process that makes a relay's certificate authority and kills itself before a chosen call to the file system. Arguments: data
 * folder, number of the call. It says `made` when it was not killed.
 */
import { writeSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { type AuthorityFiles, createAuthority, keptAuthority } from '../../src/node/https/authority.ts';

const [data = '', fatal = '0'] = process.argv.slice(2);
let calls = 0;

/** The same object, whose methods count as calls. */
function deadly<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (object, property) => {
      const value: unknown = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      return async (...words: unknown[]) => {
        if (calls++ === Number(fatal)) process.kill(process.pid, 'SIGKILL');
        const result: unknown = await value.apply(object, words);
        // A handle of a file: what is done with it counts as well.
        return property === 'open' ? deadly(result as object) : result;
      };
    },
  });
}

const files = deadly({ ...fsPromises }) as AuthorityFiles;
if ((await keptAuthority(data, files)) === undefined)
  await createAuthority(data, { name: 'waystation.local', shortId: 'child' }, files);
writeSync(1, 'made\n');
