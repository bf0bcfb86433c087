/** A disk as a backup would have it. */
import { MemoryDisk } from '../../../src/store/memory.ts';

/** All that is on the disk now, as if it had been stopped cleanly; what is written to one later the other does not have. */
export function copyOfDisk(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk();
  for (const [name, log] of disk.logs)
    copy.logs.set(name, {
      records: log.records.map((record) => record.slice()),
      durable: log.records.length,
    });
  for (const [key, value] of disk.values) copy.values.set(key, value.slice());
  for (const [key, { ref, bytes }] of disk.blobs) copy.blobs.set(key, { ref, bytes: bytes.slice() });
  return copy;
}
