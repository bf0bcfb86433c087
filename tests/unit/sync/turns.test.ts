/** Work in turns: whatever goes wrong with one piece, the next gets its turn. */
import { expect, it } from 'vitest';
import { Turns } from '../../../src/sync/turns.ts';

it('goes on after work that throws, once', () => {
  let idle = 0;
  const turns = new Turns(() => idle++);
  const ran: string[] = [];
  let finish: (() => void) | undefined;
  turns.next((done) => {
    finish = done;
  });
  turns.next(() => {
    ran.push('bad');
    throw new Error('an error of ours');
  });
  turns.next((done) => {
    ran.push('good');
    done();
    done();
  });
  expect(() => finish?.()).toThrow('an error of ours');
  expect([ran, idle]).toEqual([['bad', 'good'], 1]);
  expect(() =>
    turns.next(() => {
      throw new Error('again');
    }),
  ).toThrow('again');
  turns.next((done) => {
    ran.push('last');
    done();
  });
  expect(ran).toEqual(['bad', 'good', 'last']);
});
