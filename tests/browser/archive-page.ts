/** The contract of archive folders on real directory handles: those of the origin's own file system, which need no person to choose. */
import { directoryArchive } from '../../src/store/directory-archive.browser.ts';
import { ARCHIVE_CONTRACT } from '../contract/archive-folder-contract.ts';

let opened = 0;

async function open() {
  const root = await navigator.storage.getDirectory();
  const name = `folder-${opened++}`;
  return directoryArchive(await root.getDirectoryHandle(name, { create: true }), name);
}

Object.assign(globalThis, {
  archivePage: {
    names: Object.keys(ARCHIVE_CONTRACT),
    holds: (name: string) => ARCHIVE_CONTRACT[name]?.({ open }),
    /** What is left of a file whose writing was broken off before it was closed. */
    brokenOff: async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('broken', { create: true });
      const archive = directoryArchive(folder, 'broken');
      await archive.write(['a.hour'], Uint8Array.of(1, 2, 3));
      const writable = await (await folder.getFileHandle('a.hour')).createWritable();
      await writable.write(new Uint8Array(1_000_000));
      await writable.abort();
      return [...(await archive.read(['a.hour']))];
    },
  },
});
