/** The same transfer between a page in Chromium and a Node process, both ways, each beside a bare channel between the two. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startSignalingServer } from '../signaling/server.node.ts';
import { openPage, servePage, withChromium } from '../tests/browser/chromium.ts';
import { end, said, startRole } from './processes.ts';
import { median, printTable } from './table.ts';
import { BLOB_BYTES } from './transfer-roles.ts';

interface PageBench {
  pageSink(link: string, blobs: number): Promise<{ bytes: number; ms: number }>;
  pageSource(host: string, blobs: number, blobBytes: number): Promise<string>;
  rawPeer(
    role: string,
    total: number,
    message: number,
    say: (signal: object) => void,
  ): (signal: object) => Promise<void>;
}
type BenchWindow = {
  bench: PageBench;
  feed: (signal: object) => Promise<void>;
  say: (signal: object) => void;
};

const MESSAGE_BYTES = 131_072;
const FOREGROUND = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/** Bytes per second of a bare channel, the page receiving or sending. */
async function rawRate(page: Page, pageRole: 'sender' | 'receiver', totalBytes: number): Promise<number> {
  const nodeRole = pageRole === 'sender' ? 'receiver' : 'sender';
  const child: ChildProcess = fork(
    resolve('bench/raw-data-channel-child.mjs'),
    [nodeRole, String(totalBytes), String(MESSAGE_BYTES)],
    {
      execArgv: [],
    },
  );
  const done = new Promise<number>((resolveRate) => {
    const hear = (message: { seconds?: number; bytes?: number }) => {
      if (message.seconds !== undefined) resolveRate((message.bytes ?? 0) / message.seconds);
    };
    child.on('message', (message: { seconds?: number }) => {
      hear(message);
      if (message.seconds === undefined) {
        void page.evaluate(
          (signal) => (globalThis as unknown as BenchWindow).feed(signal),
          message as object,
        );
      }
    });
    hearFromPage = (signal) => {
      hear(signal);
      if (signal.seconds === undefined) child.send(signal);
    };
  });
  await page.evaluate(
    ([role, total, size]) => {
      const window = globalThis as unknown as BenchWindow;
      window.feed = window.bench.rawPeer(role as string, total as number, size as number, (signal) =>
        window.say(signal),
      );
    },
    [pageRole, totalBytes, MESSAGE_BYTES] as const,
  );
  const rate = await done;
  await end(child);
  return rate;
}

let hearFromPage: (signal: { seconds?: number; bytes?: number }) => void = () => undefined;

/** @param entry the built bench program, forked for the Node end. */
export async function benchTransferChromium(
  entry: string,
  rounds: number,
  totalBytes: number,
): Promise<void> {
  const blobs = Math.round(totalBytes / BLOB_BYTES);
  const folder = mkdtempSync(join(tmpdir(), 'waystation-bench-'));
  const hub = await startSignalingServer({ port: 0, listen: '127.0.0.1' });
  const served = await servePage(resolve('bench/transfer-page.ts'));
  const rows = { toPage: [] as [number, number][], toNode: [] as [number, number][] };
  try {
    const measure = async (browser: Browser) => {
      const page = await openPage(browser, served.url);
      await page.exposeFunction('say', (signal: { seconds?: number }) => hearFromPage(signal));
      const source = startRole(entry, 'source', join(folder, 'source'), hub.url, String(blobs));
      const { link = '' } = await said(source);
      const pageLink = await page.evaluate(
        ([host, count, size]) =>
          (globalThis as unknown as BenchWindow).bench.pageSource(
            host as string,
            count as number,
            size as number,
          ),
        [hub.url, blobs, BLOB_BYTES] as const,
      );
      for (let round = 0; round < rounds; round++) {
        const sinkPage = await openPage(browser, served.url);
        const stage = (what: string) => console.log(`  round ${round + 1} of ${rounds}: ${what}`);
        stage('raw to the page');
        const rawDown = await rawRate(page, 'receiver', totalBytes);
        stage('ours to the page');
        const down = await sinkPage.evaluate(
          ([invite, count]) =>
            (globalThis as unknown as BenchWindow).bench.pageSink(invite as string, count as number),
          [link, blobs] as const,
        );
        await sinkPage.close();
        rows.toPage.push([(down.bytes / down.ms) * 1_000, rawDown]);
        stage('raw from the page');
        const rawUp = await rawRate(page, 'sender', totalBytes);
        stage('ours from the page');
        const sink = startRole(entry, 'sink', join(folder, `sink-${round}`), pageLink, String(blobs));
        const { bytes = 0, ms = Number.NaN } = await said(sink);
        await end(sink);
        rows.toNode.push([(bytes / ms) * 1_000, rawUp]);
      }
      await end(source);
    };
    // The tab that serves is in the background while another collects: it must not be slowed for that here.
    await withChromium(measure, { flags: FOREGROUND });
  } finally {
    await served.close();
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const rate = (list: readonly number[]) => `${(median(list) / 1e6).toFixed(1)} MB/s`;
  const row = (name: string, pairs: readonly (readonly [number, number])[]) => [
    name,
    rate(pairs.map(([ours]) => ours)),
    rate(pairs.map(([, raw]) => raw)),
    median(pairs.map(([ours, raw]) => ours / raw)).toFixed(2),
    '0.7',
  ];
  printTable(`Transfer, ${blobs} sealed blobs of 1 MiB, median of ${rounds}`, [
    ['between', 'Waystation, verified and stored', 'raw DataChannel', 'ratio', 'goal'],
    row('Node → Chromium', rows.toPage),
    row('Chromium → Node', rows.toNode),
  ]);
}
