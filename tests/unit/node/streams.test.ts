import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRunning } from '../../../src/node/commands/running.ts';
import { station } from '../../../src/node/commands/station-command.ts';
import { openNode } from '../../../src/node/open-node.ts';
import { watchStreams } from '../../../src/node/standard-streams.ts';
import { Recording } from '../../../src/station/recording.ts';

/** A stream whose every write fails. */
function failing(code: string): Writable {
  const error = Object.assign(new Error(code), { code });
  // Standard streams go on after an error.
  return new Writable({ autoDestroy: false, write: (_chunk, _encoding, done) => done(error) });
}
const failed = (stream: Writable) =>
  new Promise<void>((resolve) => stream.once('error', () => setImmediate(resolve)));

describe('a standard stream that cannot be written', () => {
  it('stdout closed by its reader: results are lost and nobody wants more', async () => {
    const stdout = failing('EPIPE');
    const results = watchStreams(stdout, failing('EPIPE'));
    expect({ gone: results.readerGone.aborted, lost: results.lost() }).toEqual({ gone: false, lost: false });
    stdout.write('{}\n');
    await failed(stdout);
    expect({ gone: results.readerGone.aborted, lost: results.lost() }).toEqual({ gone: true, lost: true });
  });

  it('stdout on a full disk: results are lost, and the recording goes on', async () => {
    const stdout = failing('ENOSPC');
    const results = watchStreams(stdout, failing('EPIPE'));
    stdout.write('{}\n');
    await failed(stdout);
    expect({ gone: results.readerGone.aborted, lost: results.lost() }).toEqual({ gone: false, lost: true });
  });

  it('stderr: what is said is let go', () => {
    const stderr = failing('EPIPE');
    const results = watchStreams(failing('EPIPE'), stderr);
    // An error that nobody listens to would be thrown.
    expect(() => stderr.emit('error', new Error('EPIPE'))).not.toThrow();
    expect({ gone: results.readerGone.aborted, lost: results.lost() }).toEqual({ gone: false, lost: false });
  });
});

describe('a running node', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waystation-running-'));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });
  const around = (readerGone: AbortSignal, stderr: (text: string) => void = () => undefined) => ({
    words: [],
    cwd: folder,
    stdout: () => undefined,
    stderr,
    readerGone,
  });

  it('stops as on a signal when nobody reads its results any more', async () => {
    const gone = new AbortController();
    const running = await startRunning({ data: folder }, around(gone.signal), true);
    expect(running.stopped.aborted).toBe(false);
    gone.abort();
    expect(running.stopped.aborted).toBe(true);
    await running.close();
  });

  it('lets go of signals and links also when the node cannot be closed', async () => {
    const listeners = () => process.listenerCount('SIGTERM');
    const before = listeners();
    const running = await startRunning({ data: folder }, around(new AbortController().signal), true);
    expect(listeners()).toBe(before + 1);
    const close = vi.spyOn(running.node, 'close').mockRejectedValue(new Error('no room left'));
    await expect(running.close()).rejects.toThrow('no room left');
    expect(listeners()).toBe(before);
    close.mockRestore();
    await running.node.close();
  });

  it('that records says what fails behind the notices, and goes on until it is stopped', async () => {
    const made = await openNode(folder, {}, () => undefined);
    await made.createSpace({ name: 'Valley', isPublic: false });
    await made.close();
    vi.spyOn(Recording.prototype, 'admitted').mockRejectedValue(new Error('no room left writing'));
    const gone = new AbortController();
    let said = '';
    const replay = join(folder, 'short.csv');
    writeFileSync(replay, 't_s,x\n1751983973,1\n1751983974,2\n');
    const options = {
      data: folder,
      name: 'Ridge',
      replay,
      speed: 1_000,
      hour: '1h',
      host: ['ws://127.0.0.1:9'],
    };
    const surroundings = around(gone.signal, (text) => {
      said += text;
      if (said.includes('trouble while recording: no room left writing')) gone.abort();
    });
    await station(options, undefined, surroundings, async () => ({ stdout: '', stderr: '', code: 0 }));
    expect(said).toContain('nobody reads the results any more: sealing what is open');
  });
});
