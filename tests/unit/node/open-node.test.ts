import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNode } from '../../../src/node/open-node.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystation-open-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const quiet = () => undefined;

describe('the folder of a node', () => {
  it('is not made by a command that only looks, which says that there is no node', async () => {
    const mistyped = join(folder, 'mistyped');
    await expect(openNode(mistyped, { mayMake: false }, quiet)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(`no node in ${mistyped}`),
    });
    expect(existsSync(mistyped)).toBe(false);
    mkdirSync(mistyped);
    await expect(openNode(mistyped, { mayMake: false }, quiet)).rejects.toMatchObject({ code: 'not-found' });
    expect(readdirSync(mistyped)).toEqual([]);
  });

  it('without its keys is refused while it is in a space, opens again with them, and gets no others', async () => {
    const first = await openNode(folder, {}, quiet);
    await first.createSpace({ name: 'Valley', isPublic: false });
    await first.close();
    const [keys, aside] = [join(folder, 'keys'), join(folder, 'backup')];
    renameSync(keys, aside);
    for (const mayMake of [true, false]) {
      await expect(openNode(folder, { mayMake }, quiet)).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('restore that folder'),
      });
    }
    expect(existsSync(keys)).toBe(false);
    renameSync(aside, keys);
    const again = await openNode(folder, { mayMake: false }, quiet);
    expect(again.id).toBe(first.id);
    await again.close();
  });

  it('without its keys gets new ones while it is in no space', async () => {
    await (await openNode(folder, {}, quiet)).close();
    rmSync(join(folder, 'keys'), { recursive: true });
    const node = await openNode(folder, { mayMake: false }, quiet);
    expect(node.spaces.size).toBe(0);
    await node.close();
  });
});
